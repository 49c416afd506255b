use std::fmt;
use std::ops::AddAssign;

macro_rules! tally {
    ($($(#[doc = $doc:literal])+ $field:ident),+ $(,)?) => {
        /// What happened, counted.
        #[derive(Debug, Clone, Copy, Default)]
        pub(crate) struct Tally {
            $($(#[doc = $doc])+ pub(crate) $field: u64,)+
        }

        impl AddAssign for Tally {
            fn add_assign(&mut self, other: Tally) {
                $(self.$field += other.$field;)+
            }
        }

        impl fmt::Display for Tally {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let fields = [$((stringify!($field), self.$field)),+];
                let mut between = "";
                for (name, count) in fields {
                    write!(f, "{between}{count} {}", name.replace('_', " "))?;
                    between = ", ";
                }
                Ok(())
            }
        }
    };
}

tally! {
    /// Sessions that were opened.
    sessions,
    /// Of these, ended by their client.
    deleted,
    /// `initialize` that was refused or failed.
    sessions_refused,
    /// Calls with a 200, with their own right answer.
    answered,
    /// Calls with a 200, with an error, as their child had been killed.
    failed_by_kills,
    /// Of these, without the child's exit status: it is waited for half a second, and a busy machine may take longer.
    without_status,
    /// Calls without a 200: their session had ended, or there was no child.
    refused,
    /// Calls whose client had gone before the answer.
    abandoned,
    /// Children killed.
    kills,
}

impl Tally {
    /// Each way of living and dying was taken.
    pub(crate) fn assert_whole(&self, summary: &str) {
        let ways = [
            self.sessions,
            self.deleted,
            self.answered,
            self.failed_by_kills,
            self.abandoned,
            self.kills,
        ];
        assert!(ways.iter().all(|count| *count > 0), "{summary}");
        assert!(
            self.without_status <= 1 + self.failed_by_kills / 50,
            "deaths untold: {summary}"
        );
        assert!(self.answered > 10 * self.failed_by_kills, "mostly errors: {summary}");
    }
}
