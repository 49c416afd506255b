//! The `tower-transport` binary, as its users run it.
#![cfg(target_os = "linux")]

mod children;
mod command_line;
mod limits;
mod serving;
mod stdio;
mod stopping;
mod support;
