//! The one table of the causes that this crate and its layers know, for whoever answers for an error and whoever retries.
//!
//! The only file of the room that names a transport's error, behind its feature.

use super::Fault;
use crate::exchange::NoResponse;
use std::error::Error;
use tower_transport_layers::catch_panic::{Panicked, Place};
use tower_transport_layers::cause_ref;
use tower_transport_layers::drain::{Draining, Interrupted};
use tower_transport_layers::in_flight::Overloaded;
use tower_transport_layers::in_flight::bytes::{BytesOverloaded, NeverFits};
use tower_transport_layers::max_message_size::{Direction, TooLarge, TooManyItems};
use tower_transport_layers::timeout::{Elapsed, Phase};

/// What is known of an error: by a transport's error first, as that says best what became of the request.
pub(super) fn known(error: &(dyn Error + 'static)) -> Option<Fault> {
    #[cfg(feature = "mux")]
    if let Some(error) = cause_ref(error) {
        return Some(mux(error));
    }
    cause_ref(error)
        .map(elapsed)
        .or_else(|| cause_ref(error).map(overloaded))
        .or_else(|| cause_ref(error).map(bytes_overloaded))
        .or_else(|| cause_ref(error).map(never_fits))
        .or_else(|| cause_ref(error).map(too_large))
        .or_else(|| cause_ref(error).map(too_many_items))
        .or_else(|| cause_ref(error).map(draining))
        .or_else(|| cause_ref(error).map(interrupted))
        .or_else(|| cause_ref(error).map(panicked))
        .or_else(|| cause_ref(error).map(no_response))
}

fn elapsed(error: &Elapsed) -> Fault {
    let (phase, ran) = match error.phase() {
        Phase::Ready => ("ready", false),
        Phase::FirstItem => ("first_item", true),
        Phase::Idle => ("idle", true),
        Phase::Total => ("total", true),
        Phase::Deadline => ("deadline", true),
        _ => ("other", true),
    };
    fault("timeout", error.to_string(), ran, !ran)
        .phase(phase)
        .elapsed(error.limit())
}

fn overloaded(error: &Overloaded) -> Fault {
    fault("overloaded", error.to_string(), false, true).limit(error.limit())
}

fn bytes_overloaded(error: &BytesOverloaded) -> Fault {
    fault("overloaded", error.to_string(), false, true)
        .limit(error.limit())
        .size(error.size())
}

fn never_fits(error: &NeverFits) -> Fault {
    fault("too_large", error.to_string(), false, false)
        .limit(error.limit())
        .size(error.size())
}

fn too_large(error: &TooLarge) -> Fault {
    let ran = error.direction() == Direction::Response;
    let fault = fault("too_large", error.to_string(), ran, false).limit(error.limit());
    match error.size() {
        // Stands for all that can't be counted.
        usize::MAX => fault,
        size => fault.size(size),
    }
}

fn too_many_items(error: &TooManyItems) -> Fault {
    fault("too_many_items", error.to_string(), true, false).limit(error.limit())
}

fn draining(error: &Draining) -> Fault {
    fault("draining", error.to_string(), false, true)
}

fn interrupted(error: &Interrupted) -> Fault {
    fault("interrupted", error.to_string(), true, false)
}

fn panicked(error: &Panicked) -> Fault {
    let ran = error.place() != Place::Ready;
    // What a panic says is not meant for the peer.
    fault("panicked", Panicked::new(error.place(), None).to_string(), ran, false)
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
