use std::fmt;
use std::sync::OnceLock;

/// Values by name, each made when its name is first seen, up to a number of names. All further names share one value, `"other"`.
///
/// A look-up takes no lock and allocates nothing, once the value is there.
pub(super) struct Family<T> {
    /// Filled from the front. The last one is `"other"`.
    slots: Box<[OnceLock<(&'static str, T)>]>,
}

pub(super) const OTHER: &str = "other";

impl<T> Family<T> {
    pub(super) fn new(names: usize) -> Self {
        Family {
            slots: std::iter::repeat_with(OnceLock::new).take(names + 1).collect(),
        }
    }

    /// The place of a name's value, which is there from then on.
    pub(super) fn place(&self, name: &'static str, make: impl Fn(&'static str) -> T) -> usize {
        let last = self.slots.len() - 1;
        for (place, slot) in self.slots[..last].iter().enumerate() {
            if same(slot.get_or_init(|| (name, make(name))).0, name) {
                return place;
            }
        }
        self.slots[last].get_or_init(|| (OTHER, make(OTHER)));
        last
    }

    pub(super) fn at(&self, place: usize) -> &T {
        &self.slots[place]
            .get()
            .expect("a place is given out once it is filled")
            .1
    }
}

/// Whether two names are equal. An empty one may have no address, and to compare nothing at no address takes 100 ns by glibc's way with
/// AVX-512, where all the rest of a call takes as long.
fn same(one: &str, other: &str) -> bool {
    (one.is_empty() && other.is_empty()) || one == other
}

// By hand: handles need no `Debug`.
impl<T> fmt::Debug for Family<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.slots.iter().filter_map(OnceLock::get).map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}
