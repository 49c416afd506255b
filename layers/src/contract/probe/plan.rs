use std::collections::VecDeque;

/// How the probe goes about one call.
#[derive(Debug, Clone)]
pub(in crate::contract) struct Plan {
    pub(super) head: Head,
    pub(super) steps: VecDeque<Step>,
    pub(super) end: End,
}

/// What becomes of the call itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::contract) enum Head {
    /// `call` panics.
    PanicInCall,
    /// The future waits until it is told to answer.
    Wait,
    Answer,
    Fail,
    Panic,
    /// It has been given.
    Given,
}

/// What comes next in a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::contract) enum Step {
    Item(u32),
    Fail,
    Panic,
}

/// What is known of a reply's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::contract) enum End {
    /// More may come, until it is told to end.
    Open,
    /// It ends after its steps, and its `size_hint` says so.
    Told,
    /// It ends after its steps, and only the end itself says so.
    Untold,
}

impl Plan {
    /// Waits before it answers, with a reply that stays open.
    pub(in crate::contract) fn waiting() -> Plan {
        Plan::open([]).head(Head::Wait)
    }

    /// Answers at once, with a reply that stays open after these items.
    pub(in crate::contract) fn open(items: impl IntoIterator<Item = u32>) -> Plan {
        Plan {
            head: Head::Answer,
            steps: items.into_iter().map(Step::Item).collect(),
            end: End::Open,
        }
    }

    /// Answers at once, with a reply that tells of its end.
    pub(in crate::contract) fn told(items: impl IntoIterator<Item = u32>) -> Plan {
        Plan {
            end: End::Told,
            ..Plan::open(items)
        }
    }

    /// Answers at once, with a reply of which nobody knows that it ends after these items.
    pub(in crate::contract) fn untold(items: impl IntoIterator<Item = u32>) -> Plan {
        Plan {
            end: End::Untold,
            ..Plan::open(items)
        }
    }

    pub(in crate::contract) fn head(mut self, head: Head) -> Plan {
        self.head = head;
        self
    }

    pub(in crate::contract) fn then(mut self, step: Step) -> Plan {
        self.steps.push_back(step);
        self
    }
}
