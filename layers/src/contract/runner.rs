use super::lab::Outcome;
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Plays in a runtime of one thread, whose time stands still.
pub(super) fn in_runtime(play: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without IO");
    caught(|| runtime.block_on(play))
}

/// Plays without any. It waits for nobody, as everything is driven by hand.
pub(super) fn without_runtime(play: impl Future<Output = Outcome>) -> Outcome {
    caught(|| {
        let mut play = pin!(play);
        loop {
            if let Poll::Ready(outcome) = play.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return outcome;
            }
        }
    })
}

/// Runs what may panic, as the probe was told to. What becomes of the panic on its way is the layer's choice.
pub(super) fn panics(run: impl FnOnce()) {
    let _outcome = catch_unwind(AssertUnwindSafe(run));
}

/// A panic, as what was seen.
fn caught(run: impl FnOnce() -> Outcome) -> Outcome {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(format!("it panicked: {}", message(&*panic))))
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
