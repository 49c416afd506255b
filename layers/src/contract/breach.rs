use super::Rule;
use std::error::Error;
use std::fmt;

/// A rule that a layer broke, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    rule: Rule,
    seen: String,
}

impl Breach {
    /// For tests of code that handles it.
    pub fn new(rule: Rule, seen: impl Into<String>) -> Breach {
        Breach {
            rule,
            seen: seen.into(),
        }
    }

    /// The rule.
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// What was seen.
    pub fn seen(&self) -> &str {
        &self.seen
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Breach { rule, seen } = self;
        let why = rule.why();
        write!(
            f,
            "the layer breaks the rule `{rule}`\n  seen: {seen}\n  why it matters: {why}"
        )
    }
}

impl Error for Breach {}
