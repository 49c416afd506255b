//! The one table of the causes that this crate and its layers know, for whoever answers for an error and whoever retries.
//!
//! The only file of the room that names a transport's error, behind its feature.

use super::Fault;
use crate::exchange::NoResponse;
use std::error::Error;
use tower_transport_layers::cause_ref;
use tower_transport_layers::timeout::{Elapsed, Phase};

/// What is known of an error: by a transport's error first, as that says best what became of the request.
pub(super) fn known(error: &(dyn Error + 'static)) -> Option<Fault> {
    #[cfg(feature = "mux")]
    if let Some(error) = cause_ref(error) {
        return Some(mux(error));
    }
    if let Some(error) = cause_ref(error) {
        return Some(elapsed(error));
    }
    cause_ref(error).map(no_response)
}

fn elapsed(error: &Elapsed) -> Fault {
    let (phase, ran) = match error.phase() {
        Phase::Ready => ("ready", false),
        Phase::FirstItem => ("first_item", true),
        Phase::Idle => ("idle", true),
        Phase::Total => ("total", true),
        _ => ("other", true),
    };
    fault("timeout", error.to_string(), ran, !ran)
        .phase(phase)
        .elapsed(error.limit())
}

fn no_response(error: &NoResponse) -> Fault {
    fault("no_response", error.to_string(), true, false)
}

#[cfg(feature = "mux")]
fn mux(error: &crate::mux::Error) -> Fault {
    let ran = error.may_have_run();
    if error.is_disconnected() {
        // Why it has ended may hold what a child wrote to its stderr.
        let text = match ran {
            true => "the connection has ended before the answer came, the request may have run",
            false => "the connection has ended, the request was never sent",
        };
        return fault("disconnected", text.to_owned(), ran, !ran);
    }
    let kind = match ran {
        _ if error.is_too_large() => "too_large",
        _ if error.is_unread() => "unread",
        true => "ended_by_peer",
        false => "refused",
    };
    let fault = fault(kind, error.to_string(), ran, false);
    match (error.limit(), error.size()) {
        (Some(limit), Some(size)) => fault.limit(limit).size(size),
        _ => fault,
    }
}

fn fault(kind: &'static str, text: String, may_have_run: bool, retryable: bool) -> Fault {
    Fault::internal(text)
        .kind(kind)
        .may_have_run(may_have_run)
        .retryable(retryable)
}
