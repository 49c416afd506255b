//! Real children: what ends them, what they leave behind, and what their host survives.
//!
//! Whether a process lives is read from `/proc/<pid>/stat` and polled with a deadline. Tests of what a whole process does (its death, its counts
//! of descriptors and zombies) run in this test binary executed again, so that no other test disturbs them.
#![cfg(all(target_os = "linux", feature = "process"))]

mod host;
mod pipes;
mod spawning;
mod stopping;
mod support;
mod tree;
