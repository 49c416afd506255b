//! Timeouts by phase, in paused time.

mod first_item;
mod idle;
mod limits;
mod progress;
mod service;
mod support;
mod total;
