//! The places in which handlers run: boxes and wakers are made once and used again, so a request costs neither a task nor an
//! allocation.

use super::alarm::{Alarm, Ringing};
use super::state::weight;
use crate::BoxError;
use crate::exchange::{Exchange, Item};
use crate::message::{Id, Message};
use pin_project_lite::pin_project;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// Places for notifications, beside those for requests.
const NOTES: usize = 16;

pub(super) struct Server<H: Exchange> {
    pub(super) handler: H,
    /// What waits for the handler to be ready, in order.
    pub(super) inbox: VecDeque<Message>,
    pub(super) inbox_notes: usize,
    /// Requests that wait or run.
    pub(super) requests: usize,
    pub(super) room: usize,
    /// The handler is dead for good.
    pub(super) failed: Option<BoxError>,
    places: Vec<Place<H>>,
    vacant: Vec<u32>,
    ready: Arc<Mutex<Ready>>,
    woken: Ringing,
}

struct Place<H: Exchange> {
    running: Pin<Box<Running<H::Future, H::Reply>>>,
    waker: Waker,
    flag: Arc<PlaceWaker>,
    id: Option<Id>,
    busy: bool,
    /// A request of the handler's that waits for room, and what is to be said after it.
    held: VecDeque<Item>,
    /// The driver knows that something is held here.
    noted: bool,
}

pin_project! {
    #[project = Step]
    pub(super) enum Running<F, R> {
        Idle,
        Calling { #[pin] future: F },
        Replying { #[pin] reply: R },
    }
}

pub(super) enum Polled {
    Pending,
    Item(Item),
    Ended,
    Failed(BoxError),
}

impl<H: Exchange> Server<H> {
    pub(super) fn new(handler: H, room: usize) -> Server<H> {
        let (alarm, woken) = Alarm::new();
        let ready = Ready {
            woken: Vec::new(),
            alarm,
        };
        Server {
            handler,
            inbox: VecDeque::new(),
            inbox_notes: 0,
            requests: 0,
            room,
            failed: None,
            places: Vec::new(),
            vacant: Vec::new(),
            ready: Arc::new(Mutex::new(ready)),
            woken,
        }
    }

    /// A free place, made on first use.
    pub(super) fn vacant(&mut self) -> Option<u32> {
        if let Some(&index) = self.vacant.last() {
            return Some(index);
        }
        if self.places.len() == self.room + NOTES {
            return None;
        }
        let index = u32::try_from(self.places.len()).ok()?;
        let flag = Arc::new(PlaceWaker {
            ready: self.ready.clone(),
            index,
            queued: AtomicBool::new(false),
        });
        self.places.push(Place {
            running: Box::pin(Running::Idle),
            waker: flag.clone().into(),
            flag,
            id: None,
            busy: false,
            held: VecDeque::new(),
            noted: false,
        });
        self.vacant.push(index);
        Some(index)
    }

    pub(super) fn begin(&mut self, index: u32, id: Option<Id>, future: H::Future) {
        debug_assert_eq!(self.vacant.last(), Some(&index));
        self.vacant.pop();
        let place = &mut self.places[index as usize];
        place.id = id;
        place.busy = true;
        place.running.set(Running::Calling { future });
    }

    /// What runs in a place, to be polled with the place's waker.
    pub(super) fn running(&mut self, index: u32) -> (Pin<&mut Running<H::Future, H::Reply>>, &Waker) {
        let place = &mut self.places[index as usize];
        place.flag.queued.store(false, Ordering::Release);
        (place.running.as_mut(), &place.waker)
    }

    /// Empties a place. The id of its request, if it is still to be answered.
    pub(super) fn end(&mut self, index: u32) -> Option<Id> {
        let place = &mut self.places[index as usize];
        if !place.busy {
            return None;
        }
        place.busy = false;
        place.running.set(Running::Idle);
        place.held.clear();
        let id = place.id.take();
        if id.is_some() {
            self.requests -= 1;
        }
        self.vacant.push(index);
        id
    }

    pub(super) fn end_by_id(&mut self, id: &Id) -> bool {
        let Some(index) = self
            .places
            .iter()
            .rposition(|place| place.busy && place.id.as_ref() == Some(id))
        else {
            return false;
        };
        self.end(index as u32).is_some()
    }

    /// Whether something runs in a place that may be polled: also while its request waits for room, as its own deadline may end the wait.
    pub(super) fn may_speak(&self, index: u32) -> bool {
        let place = &self.places[index as usize];
        place.busy && !matches!(place.held.back(), Some(Item::Response(_)))
    }

    /// Has a request wait for room; whether the driver has to note the place.
    #[must_use]
    pub(super) fn hold(&mut self, index: u32, item: Item) -> bool {
        let place = &mut self.places[index as usize];
        place.held.push_front(item);
        !std::mem::replace(&mut place.noted, true)
    }

    /// Has an item wait for the request that is held before it: said at once, it would overtake that. How many wait so, and their bytes.
    pub(super) fn hold_behind(&mut self, index: u32, item: Item) -> (usize, usize) {
        let held = &mut self.places[index as usize].held;
        held.push_back(item);
        let behind = held.iter().skip(1);
        (behind.len(), behind.map(weight).sum())
    }

    pub(super) fn take_held(&mut self, index: u32) -> Option<Item> {
        self.places[index as usize].held.pop_front()
    }

    pub(super) fn is_holding(&self, index: u32) -> bool {
        !self.places[index as usize].held.is_empty()
    }

    /// The driver need not look here any more, until something is held again.
    pub(super) fn forget(&mut self, index: u32) {
        self.places[index as usize].noted = false;
    }

    pub(super) fn is_idle(&self) -> bool {
        self.inbox.is_empty() && self.vacant.len() == self.places.len()
    }

    /// Whether places were woken since they were taken last.
    pub(super) fn woken(&self) -> bool {
        self.woken.rings()
    }

    /// Moves the places that were woken to `into`.
    pub(super) fn take_woken(&self, into: &mut VecDeque<u32>) {
        let mut ready = lock(&self.ready);
        into.extend(ready.woken.drain(..));
        ready.alarm.silence();
    }

    /// Whom the places wake from now on.
    pub(super) fn set_driver(&self, driver: Option<&Waker>) {
        let replaced = lock(&self.ready).alarm.set_driver(driver);
        drop(replaced);
    }
}

struct Ready {
    woken: Vec<u32>,
    alarm: Alarm,
}

fn lock(ready: &Mutex<Ready>) -> MutexGuard<'_, Ready> {
    ready.lock().unwrap_or_else(PoisonError::into_inner)
}

struct PlaceWaker {
    ready: Arc<Mutex<Ready>>,
    index: u32,
    queued: AtomicBool,
}

impl Wake for PlaceWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut ready = lock(&self.ready);
        ready.woken.push(self.index);
        let driver = ready.alarm.ring();
        drop(ready);
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}
