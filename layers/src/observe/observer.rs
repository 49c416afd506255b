/// Follows one call to its end, of which it hears exactly once. See the [module docs](super) for an example.
pub trait Observer: Sized {
    /// Lives as long as the inner service, future or reply is called, polled or dropped.
    type Entered<'a>
    where
        Self: 'a;

    /// The inner service, future or reply is about to be called, polled or dropped.
    fn enter(&self) -> Self::Entered<'_>;

    /// The call is over, other than by an error.
    fn ended(self, end: End);
}

/// Hears of the items of a reply.
pub trait ObserveItem<T, K>: Observer {
    /// An item is about to be handed out.
    fn item(&mut self, item: &T);
}

/// Hears of the error that ends a call: that of the future, or that of the reply.
pub trait ObserveError<E>: Observer {
    /// The call is over, by an error.
    fn failed(self, error: &E);
}

/// How a call ended, other than by an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// The last item is out.
    Ok,
    /// The future or the reply was dropped before.
    Cancelled,
    /// The inner service, future or reply panicked.
    Panicked,
}

/// In a box, an observer that is large costs a call no more than a pointer where nobody observes.
impl<O: Observer> Observer for Box<O> {
    type Entered<'a>
        = O::Entered<'a>
    where
        O: 'a;

    fn enter(&self) -> O::Entered<'_> {
        (**self).enter()
    }

    fn ended(self, end: End) {
        (*self).ended(end);
    }
}

impl<O: ObserveItem<T, K>, T, K> ObserveItem<T, K> for Box<O> {
    fn item(&mut self, item: &T) {
        (**self).item(item);
    }
}

impl<O: ObserveError<E>, E> ObserveError<E> for Box<O> {
    fn failed(self, error: &E) {
        (*self).failed(error);
    }
}
