//! Who waits in a rule: callers, calls and replies, driven by hand.

use super::hint::Hint;
use super::probe::Control;
use super::subject::{AnyService, SubjectCall, SubjectReply};
use super::task::Task;
use crate::BoxError;
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;

/// Something that a task polls until there is something for it.
pub(super) trait Waits {
    /// The task that polls it.
    fn task(&mut self) -> &mut Task;

    /// Whether there was something for it, whatever it was.
    fn attempt(&mut self) -> Poll<()>;
}

/// A service in the hands of one task.
pub(super) struct Caller {
    service: Box<dyn AnyService>,
    task: Task,
    /// That of the last request of the layer.
    number: Rc<Cell<u32>>,
}

/// A call future.
pub(super) struct Call {
    future: Option<SubjectCall>,
    outcome: Option<Result<Incoming, BoxError>>,
    task: Task,
    /// By which the probe knows it, once it is there.
    pub(super) index: usize,
    pub(super) number: u32,
}

/// A reply.
pub(super) struct Incoming {
    reply: SubjectReply,
    task: Task,
    pub(super) index: usize,
}

impl Caller {
    pub(super) fn new(service: Box<dyn AnyService>, number: Rc<Cell<u32>>) -> Caller {
        Caller {
            service,
            task: Task::new(),
            number,
        }
    }

    pub(super) fn poll_ready(&mut self) -> Poll<Result<(), BoxError>> {
        self.task.poll(|cx| self.service.poll_ready(cx))
    }

    /// Calls the service, which must be ready. What the probe does is by its plan.
    pub(super) fn call(&mut self) -> Call {
        let number = self.number.get() + 1;
        self.number.set(number);
        Call {
            future: Some(self.service.call(number)),
            outcome: None,
            task: Task::new(),
            index: 0,
            number,
        }
    }

    /// A clone of the service, in the hands of another task.
    pub(super) fn duplicate(&self) -> Option<Caller> {
        let service = self.service.duplicate()?;
        Some(Caller::new(service, self.number.clone()))
    }
}

impl Call {
    /// Polls the future, and keeps what it resolves with. A future that has resolved is dropped.
    pub(super) fn advance(&mut self) {
        let Some(future) = &mut self.future else { return };
        if let Poll::Ready(outcome) = self.task.poll(|cx| future.as_mut().poll(cx)) {
            self.future = None;
            let index = self.index;
            self.outcome = Some(outcome.map(|reply| Incoming {
                reply,
                task: Task::new(),
                index,
            }));
        }
    }

    /// What it has resolved with, once.
    pub(super) fn take_outcome(&mut self) -> Option<Result<Incoming, BoxError>> {
        self.outcome.take()
    }

    pub(super) fn poll(&mut self) -> Poll<Result<Incoming, BoxError>> {
        self.advance();
        self.outcome.take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Incoming {
    pub(super) fn poll(&mut self) -> Poll<Option<Result<u32, BoxError>>> {
        self.task.poll(|cx| self.reply.as_mut().poll_number(cx))
    }

    pub(super) fn hint(&self) -> Hint {
        self.reply.hint()
    }

    /// What the inner reply tells of its end, in the units of this one.
    pub(super) fn inner_hint(&self, control: &Control) -> Hint {
        control.hint(self.index).in_units(self.reply.unit())
    }
}

/// A caller that waits for a place in a layer that is full: to be ready, or with a call that it has made.
pub(super) struct Waiter {
    caller: Caller,
    call: Option<Call>,
}

impl Waiter {
    pub(super) fn new(caller: Caller, call: Option<Call>) -> Waiter {
        Waiter { caller, call }
    }
}

impl Waits for Caller {
    fn task(&mut self) -> &mut Task {
        &mut self.task
    }

    fn attempt(&mut self) -> Poll<()> {
        self.poll_ready().map(drop)
    }
}

impl Waits for Call {
    fn task(&mut self) -> &mut Task {
        &mut self.task
    }

    fn attempt(&mut self) -> Poll<()> {
        self.poll().map(drop)
    }
}

impl Waits for Incoming {
    fn task(&mut self) -> &mut Task {
        &mut self.task
    }

    fn attempt(&mut self) -> Poll<()> {
        self.poll().map(drop)
    }
}

impl Waits for Waiter {
    fn task(&mut self) -> &mut Task {
        match &mut self.call {
            Some(call) => call.task(),
            None => self.caller.task(),
        }
    }

    fn attempt(&mut self) -> Poll<()> {
        match &mut self.call {
            Some(call) => call.attempt(),
            None => self.caller.attempt(),
        }
    }
}
