use crate::waking::Waking;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Locks, among which those that wait are spread by their tasks.
const SHARDS: usize = 8;

/// The wakers of all that wait for an inner service or reply, so that a drain reaches them.
///
/// What never waits takes no lock, and what waits takes one when it first does, one when it moved to another task, and one when it is over.
/// It allocates only for more waiters than there ever were.
pub(super) struct Sleepers {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
}

/// The place of one that waits.
pub(super) struct Bed {
    shard: usize,
    place: usize,
    /// The one that lies there, to be compared without the lock.
    waker: Waker,
}

impl Sleepers {
    pub(super) fn new() -> Sleepers {
        Sleepers {
            shards: Default::default(),
        }
    }

    /// Puts a waker where [`wake_all`](Sleepers::wake_all) finds it.
    pub(super) fn lie_down(&self, bed: &mut Option<Bed>, waker: &Waker) {
        match bed {
            Some(bed) if bed.waker.will_wake(waker) => {}
            Some(bed) => {
                bed.waker.clone_from(waker);
                let waker = Some(waker.clone());
                // A waker is dropped outside of the lock: its task may go with it, and whatever that task holds.
                let _before = std::mem::replace(&mut self.lock(bed.shard).wakers[bed.place], waker);
            }
            None => *bed = Some(self.new_bed(waker.clone())),
        }
    }

    fn new_bed(&self, waker: Waker) -> Bed {
        // Tasks are allocations of their own, some of them 128 bytes apart.
        let shard = waker.data().addr() / 128 % SHARDS;
        let there = Some(waker.clone());
        let mut beds = self.lock(shard);
        let place = match beds.free.pop() {
            Some(place) => {
                beds.wakers[place] = there;
                place
            }
            None => {
                beds.wakers.push(there);
                beds.wakers.len() - 1
            }
        };
        Bed { shard, place, waker }
    }

    pub(super) fn get_up(&self, bed: &mut Option<Bed>) {
        if let Some(Bed { shard, place, .. }) = bed.take() {
            let mut beds = self.lock(shard);
            let waker = beds.wakers[place].take();
            beds.free.push(place);
            drop(beds);
            drop(waker);
        }
    }

    /// Wakes all that wait. They keep their places, until they get up.
    pub(super) fn wake_all(&self) {
        let mut waking = Waking::default();
        for shard in 0..SHARDS {
            let wakers: Vec<Waker> = self.lock(shard).wakers.iter().flatten().cloned().collect();
            wakers.into_iter().for_each(|waker| waking.wake(waker));
        }
        waking.finish();
    }

    /// Nothing that is done under a lock can leave it half done.
    fn lock(&self, shard: usize) -> MutexGuard<'_, Shard> {
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
