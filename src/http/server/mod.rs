//! The serving side. See the [room's docs](super).

mod access;
mod asks;
mod body;
mod builder;
mod control;
mod dispatch;
mod encode;
mod failure;
mod gather;
mod headers;
mod initialize;
mod legacy;
mod live;
mod make;
mod making;
mod mirror;
mod modern;
mod options;
mod pump;
mod queue;
mod registry;
mod reject;
mod respond;
mod run;
mod service;
mod session;
mod source;
mod timer;

pub use body::ServerBody;
pub use builder::Server;
pub use control::Handle;
pub use make::One;
pub use service::ResponseFuture;
pub use session::Session;
