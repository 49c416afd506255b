use std::error::Error;
use std::fmt;
use std::time::Duration;

/// A call was refused because of a drain. It never reached the service, so it is safe to make it elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draining {
    in_flight: usize,
}

/// A call was ended by a drain whose time was up. It did reach the service, and may have had its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted {
    items: u64,
}

/// A drain's time was up before all calls were over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    calls: usize,
    within: Duration,
}

impl Draining {
    /// For tests of code that handles it.
    pub const fn new(in_flight: usize) -> Draining {
        Draining { in_flight }
    }

    /// How many calls were still running then.
    pub const fn in_flight(&self) -> usize {
        self.in_flight
    }
}

impl Interrupted {
    /// For tests of code that handles it.
    pub const fn new(items: u64) -> Interrupted {
        Interrupted { items }
    }

    /// How many items of the reply had been handed out.
    pub const fn items(&self) -> u64 {
        self.items
    }
}

impl Left {
    /// For tests of code that handles it.
    pub const fn new(calls: usize, within: Duration) -> Left {
        Left { calls, within }
    }

    /// How many calls were still running.
    pub const fn calls(&self) -> usize {
        self.calls
    }

    /// How long the drain waited.
    pub const fn within(&self) -> Duration {
        self.within
    }
}

impl fmt::Display for Draining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_flight = self.in_flight;
        write!(
            f,
            "shutting down, with {in_flight} calls in flight: nothing was done, call another instance"
        )
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items = self.items;
        write!(
            f,
            "interrupted by a shutdown after {items} items: it may have had its effect"
        )
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Left { calls, within } = self;
        write!(
            f,
            "{calls} calls were still in flight after {within:?}: wait longer, or interrupt them"
        )
    }
}

impl Error for Draining {}

impl Error for Interrupted {}

impl Error for Left {}
