//! The contract suite: over our layers, over those of others that we recommend, and over layers that break it.

mod breaches;
mod dialect;
mod faulty;
mod http;
mod ours;
mod queue;
mod suite;
mod tower_http_layers;
mod tower_layers;
