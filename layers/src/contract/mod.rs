//! Checks that a layer keeps the contract of a service that answers with a stream: a test kit for layers, one's own above all.
//!
//! A [`Suite`] puts a [`Probe`] below the layer, drives it by hand, and compares what comes out with what the probe did. The probe is an
//! unfriendly inner service: its clones are not ready until they are polled, a call without readiness panics and is reported, and it wakes
//! nobody before the suite lets it; it errs, panics, streams, and counts what is alive.
//!
//! # What is checked
//!
//! Each [`Rule`] by itself, over a fresh layer. Its docs say what it asks, [`Rule::why`] what goes wrong without it.
//!
//! | about | rules |
//! | --- | --- |
//! | readiness | [`ReadyRepeats`](Rule::ReadyRepeats), [`InnerReady`](Rule::InnerReady), [`CloneUnready`](Rule::CloneUnready), [`ReadyError`](Rule::ReadyError) |
//! | order | [`ItemsPass`](Rule::ItemsPass), [`CallOrder`](Rule::CallOrder) |
//! | wakers | [`Woken`](Rule::Woken), [`NewestWoken`](Rule::NewestWoken), [`NoSpin`](Rule::NoSpin) |
//! | cancellation | [`CallDropped`](Rule::CallDropped), [`ReplyDropped`](Rule::ReplyDropped) |
//! | release | [`ReleasedAtEnd`](Rule::ReleasedAtEnd), [`ReleasedOnError`](Rule::ReleasedOnError), [`ReleasedOnDrop`](Rule::ReleasedOnDrop), [`IdleReleased`](Rule::IdleReleased), [`ReleasedOnPanic`](Rule::ReleasedOnPanic), [`TurnPassedOn`](Rule::TurnPassedOn) |
//! | limits | [`LimitHolds`](Rule::LimitHolds), [`SharedByClones`](Rule::SharedByClones), [`SharedByLayer`](Rule::SharedByLayer) |
//! | replies | [`SizeHint`](Rule::SizeHint), [`ErrorCause`](Rule::ErrorCause) |
//! | leftovers | [`NoRuntime`](Rule::NoRuntime), [`NothingLeft`](Rule::NothingLeft) |
//!
//! One more is checked by the compiler, see [`AutoTraits`]: layer and service are `Clone + Send + Sync + 'static` where the inner service is, and
//! the future and the reply are `Send + 'static` where the inner ones are. Those of the probe are neither `Unpin` nor `Sync`, so a layer that
//! asks for either makes no suite.
//!
//! Not checked is what only the layer's author knows: that a timeout fires, that a retry is one. Nothing is checked against threads either;
//! a hand-written lock needs `loom`.
//!
//! # How it runs
//!
//! Every rule plays on one thread, in a runtime of its own whose time stands still; so a suite must not run within a runtime, a test of it is a
//! plain `#[test]`. There are no sleeps, and nothing depends on the clock. A layer that blocks its thread blocks the suite. Panics that the
//! probe was told to make are silent; one that the layer makes shows on the console, and breaks the rule that was being checked.
//!
//! # Example
//!
//! ```
//! use tower::limit::GlobalConcurrencyLimitLayer;
//! use tower_transport_layers::contract::{Rule, Suite};
//!
//! // Tower's limit gives its permit back when the call future resolves.
//! Suite::new(|| GlobalConcurrencyLimitLayer::new(2)).limit_until_first_item(2).run();
//!
//! // Whoever takes it for a limit on replies is told.
//! let breaches = Suite::new(|| GlobalConcurrencyLimitLayer::new(2)).limit(2).breaches();
//! assert_eq!(breaches.len(), 1);
//! assert_eq!(breaches[0].rule(), Rule::LimitHolds);
//! assert_eq!(breaches[0].seen(), "while 2 replies still went on after their first item, it let in one more, over its limit");
//! ```
//!
//! One test for each rule, and what a layer does differently:
//!
//! ```
//! use tower::buffer::BufferLayer;
//! use tower::load_shed::LoadShedLayer;
//! use tower_transport_layers::contract::{Request, Suite};
//! use tower_transport_layers::contract_suite;
//!
//! contract_suite!(load_shed, Suite::new(LoadShedLayer::new).always_ready());
//! contract_suite!(buffer, Suite::new(|| BufferLayer::<Request>::new(8)).queues().needs_runtime());
//! contract_suite!(load_shed_over_http, Suite::http(LoadShedLayer::new).always_ready());
//! # fn main() {}
//! ```
//!
//! A layer that cannot be shared makes no suite, and the compiler says which trait it lacks:
//!
//! ```compile_fail,E0277
//! use tower::util::BoxCloneService;
//! use tower_layer::layer_fn;
//! use tower_transport_layers::contract::Suite;
//!
//! Suite::new(|| layer_fn(BoxCloneService::new)).run();
//! ```
//!
//! It has to say that it means it:
//!
//! ```
//! # use tower::util::BoxCloneService;
//! # use tower_layer::layer_fn;
//! # use tower_transport_layers::contract::Suite;
//! Suite::new(|| layer_fn(BoxCloneService::new)).not_sync().run();
//! ```
//!
//! # Writing a layer
//!
//! The README of this crate builds one from nothing, and ends in a run of the suite over it.

mod actors;
mod breach;
mod dialect;
mod hint;
mod lab;
mod macros;
mod options;
mod probe;
mod rule;
mod rules;
mod runner;
mod subject;
mod suite;
mod task;
mod traits;

pub use breach::Breach;
pub use dialect::{Accepts, Dialect, Http, Item, Plain, Request, RequestBody};
pub use hint::{Hint, Hinted};
pub use probe::{Probe, ProbeError, ProbeFuture, ProbeReply};
pub use rule::Rule;
pub use subject::Subject;
pub use suite::Suite;
pub use traits::{AutoTraits, NotClone, NotSync, Shared};
