//! What follows a flag on the command line.

use std::str::FromStr;

pub(crate) struct Args(Vec<String>);

impl Args {
    pub(crate) fn new() -> Args {
        Args(std::env::args().collect())
    }

    /// The words behind a flag, if it is there.
    pub(crate) fn after(&self, flag: &str) -> Option<&[String]> {
        let at = self.0.iter().position(|arg| arg == flag)?;
        Some(&self.0[at + 1..])
    }

    pub(crate) fn text(&self, flag: &str) -> Option<&str> {
        self.after(flag)?.first().map(String::as_str)
    }

    pub(crate) fn number<T: FromStr>(&self, flag: &str, default: T) -> T {
        self.text(flag).map_or(default, parse)
    }

    /// Numbers with commas between them.
    pub(crate) fn numbers(&self, flag: &str, default: &[usize]) -> Vec<usize> {
        self.text(flag)
            .map_or_else(|| default.to_vec(), |list| list.split(',').map(parse).collect())
    }
}

pub(crate) fn parse<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}
