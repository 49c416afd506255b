//! The in-flight limit, driven by hand.
#![allow(missing_docs)]

mod axum_mount;
mod bytes;
mod classes;
mod refuse;
mod release;
mod support;
mod traffic;
mod wait;
