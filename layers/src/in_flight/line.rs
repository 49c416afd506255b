use std::task::Waker;

/// Who waits, first come, first served.
///
/// A slab whose waiting entries are linked, so that leaving costs the same wherever one stands. It keeps its memory, so that waiting
/// allocates nothing once the line has been as long before.
#[derive(Debug, Default)]
pub(super) struct Line {
    entries: Vec<Entry>,
    vacant: Option<usize>,
    first: Option<usize>,
    last: Option<usize>,
    len: usize,
}

#[derive(Debug)]
struct Entry {
    state: State,
    amount: usize,
    previous: Option<usize>,
    /// Who is behind, and for a vacant entry the next vacant one.
    next: Option<usize>,
}

#[derive(Debug)]
enum State {
    Vacant,
    /// The waker comes with the first poll, or with joining.
    Waiting(Option<Waker>),
    Granted,
}

impl Line {
    /// How many wait.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// What the first in line waits for.
    pub(super) fn first(&self) -> Option<usize> {
        self.first.map(|key| self.entries[key].amount)
    }

    pub(super) fn join(&mut self, amount: usize, waker: Option<Waker>) -> usize {
        let entry = Entry {
            state: State::Waiting(waker),
            amount,
            previous: self.last,
            next: None,
        };
        let key = match self.vacant {
            Some(key) => {
                self.vacant = self.entries[key].next;
                self.entries[key] = entry;
                key
            }
            None => {
                self.entries.push(entry);
                self.entries.len() - 1
            }
        };
        match self.last.replace(key) {
            Some(last) => self.entries[last].next = Some(key),
            None => self.first = Some(key),
        }
        self.len += 1;
        key
    }

    /// Takes the first out of the line, as it has got what it waits for. It keeps its entry until it takes notice.
    pub(super) fn grant_first(&mut self) -> Option<Waker> {
        let key = self.first.expect("somebody waits");
        self.unlink(key);
        match std::mem::replace(&mut self.entries[key].state, State::Granted) {
            State::Waiting(waker) => waker,
            State::Vacant | State::Granted => unreachable!("only waiters stand in line"),
        }
    }

    /// Whether the waiter has got what it waits for. Its entry is gone then.
    pub(super) fn take(&mut self, key: usize) -> bool {
        let granted = matches!(self.entries[key].state, State::Granted);
        if granted {
            self.vacate(key);
        }
        granted
    }

    /// The waker that is to be woken for this waiter.
    pub(super) fn waker(&mut self, key: usize) -> &mut Option<Waker> {
        match &mut self.entries[key].state {
            State::Waiting(waker) => waker,
            State::Vacant | State::Granted => unreachable!("only a waiter has a waker"),
        }
    }

    /// Takes a waiter out. What it had been granted, which goes on to others, and its waker, to be dropped.
    pub(super) fn leave(&mut self, key: usize) -> (Option<usize>, Option<Waker>) {
        if let State::Waiting(_) = self.entries[key].state {
            self.unlink(key);
        }
        match self.vacate(key) {
            State::Waiting(waker) => (None, waker),
            State::Granted => (Some(self.entries[key].amount), None),
            State::Vacant => unreachable!("a waiter leaves once"),
        }
    }

    fn unlink(&mut self, key: usize) {
        let Entry { previous, next, .. } = self.entries[key];
        match previous {
            Some(previous) => self.entries[previous].next = next,
            None => self.first = next,
        }
        match next {
            Some(next) => self.entries[next].previous = previous,
            None => self.last = previous,
        }
        self.len -= 1;
    }

    fn vacate(&mut self, key: usize) -> State {
        let entry = &mut self.entries[key];
        entry.next = self.vacant.replace(key);
        std::mem::replace(&mut entry.state, State::Vacant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_join_is_the_first_to_be_granted() {
        let mut line = Line::default();
        let keys = [3, 1, 2].map(|amount| line.join(amount, None));
        for (key, amount) in keys.into_iter().zip([3, 1, 2]) {
            assert!(!line.take(key));
            assert_eq!(line.first(), Some(amount));
            line.grant_first();
            assert!(line.take(key));
        }
        assert_eq!((line.first(), line.len()), (None, 0));
    }

    #[test]
    fn leaving_closes_the_gap_at_either_end_and_in_the_middle() {
        for leaver in 0..3 {
            let mut line = Line::default();
            let keys = [1, 2, 3].map(|amount| line.join(amount, None));
            assert_eq!(line.leave(keys[leaver]).0, None);
            line.join(4, None);
            let mut order = Vec::new();
            while let Some(amount) = line.first() {
                order.push(amount);
                line.grant_first();
            }
            let mut expected = vec![1, 2, 3, 4];
            expected.remove(leaver);
            assert_eq!(order, expected);
        }
    }

    #[test]
    fn entries_are_used_again() {
        let mut line = Line::default();
        for _ in 0..100 {
            let keys = [1, 2].map(|amount| line.join(amount, None));
            line.grant_first();
            assert_eq!(line.leave(keys[1]).0, None);
            assert_eq!(line.leave(keys[0]).0, Some(1));
        }
        assert_eq!(line.entries.len(), 2);
    }
}
