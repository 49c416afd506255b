use super::{Protocol, Route};
use crate::message::{Ambiguous, Message};
use std::ops::Range;

/// Plain JSON-RPC 2.0: no tokens, and no way to say that an answer is not wanted any more.
///
/// A dropped call is forgotten on our side; its late response is dropped.
#[derive(Debug, Clone, Copy, Default)]
pub struct JsonRpc;

impl Protocol for JsonRpc {
    fn token(&self, _: &Message) -> Result<Option<Range<usize>>, Ambiguous> {
        Ok(None)
    }

    fn echo(&self, _: &str) -> Option<&'static [&'static str]> {
        None
    }

    fn may_cancel(&self, _: &str) -> bool {
        false
    }

    fn cancel(&self, _: u32) -> Message {
        unreachable!("nothing may be cancelled")
    }

    fn route(&self, _: &Message) -> Route {
        Route::Stray
    }
}
