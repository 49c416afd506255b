use super::{Fault, LIMIT};
use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

#[derive(Default)]
pub(super) struct Shared {
    pub(super) line: Mutex<Line>,
    /// What should have been dropped.
    pub(super) attic: Mutex<Vec<Box<dyn Any + Send>>>,
}

#[derive(Default)]
pub(super) struct Line {
    pub(super) taken: isize,
    pub(super) waiting: VecDeque<(usize, Waker)>,
}

pub(super) struct Permit {
    shared: Arc<Shared>,
    fault: Fault,
    /// Wakes nobody when it is given back.
    pub(super) quiet: bool,
}

impl Shared {
    pub(super) fn take(self: &Arc<Self>, who: usize, fault: Fault, cx: &mut Context<'_>) -> Option<Permit> {
        let mut line = self.line.lock().unwrap();
        let limit = LIMIT as isize + isize::from(fault.is(Fault::LetsInOneMore));
        if line.taken < limit {
            line.taken += 1;
            return Some(Permit {
                shared: self.clone(),
                fault,
                quiet: false,
            });
        }
        if fault.is(Fault::ForgetsWakerWhenFull) {
            return None;
        }
        if fault.is(Fault::SpinsWhenFull) {
            cx.waker().wake_by_ref();
            return None;
        }
        match line.waiting.iter_mut().find(|(waiting, _)| *waiting == who) {
            Some(_) if fault.is(Fault::KeepsFirstWakerWhenFull) => {}
            Some((_, waker)) => waker.clone_from(cx.waker()),
            None => line.waiting.push_back((who, cx.waker().clone())),
        }
        None
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.fault.is(Fault::LeaksOnPanic) && std::thread::panicking() {
            return;
        }
        let mut line = self.shared.line.lock().unwrap();
        line.taken -= 1;
        if self.quiet {
            return;
        }
        if self.fault.is(Fault::WakesOnlyOne) {
            line.waiting.pop_front().into_iter().for_each(|(_, waker)| waker.wake());
        } else {
            line.waiting.drain(..).for_each(|(_, waker)| waker.wake());
        }
    }
}

impl Permit {
    /// Never gives it back.
    pub(super) fn leak(self) {
        let shared = self.shared.clone();
        shared.attic.lock().unwrap().push(Box::new(self));
    }
}
