//! Our own stdin and stdout as streams that never block a runtime, neither while it runs nor when it shuts down.
//!
//! How a descriptor is used depends on what it is. In no case are its status flags changed, because they belong to the open file
//! description, which a shell, a parent and siblings may share.
//!
//! | descriptor | how |
//! | --- | --- |
//! | pipe or FIFO (Linux) | opened again through `/proc/self/fd`, non-blocking: a description of our own |
//! | stream socket (Linux) | watched by the runtime; each call asks not to block (`MSG_DONTWAIT`), as a socket can't be opened again |
//! | all else: terminal, file, device, other systems | a thread of its own, which the runtime does not wait for |

mod blocking;
mod claim;
mod error;
mod reader;
mod serve;
#[cfg(target_os = "linux")]
mod socket;
mod stdin;
mod stdout;
mod writer;

pub use error::ServeError;
pub use serve::{connect, serve, serve_with};
pub use stdin::{Stdin, stdin};
pub use stdout::{Stdout, stdout};

/// The most that a thread reads or writes at once, and holds.
const CHUNK: usize = 64 << 10;

/// Tokio panics where there is no runtime; a caller can do more with an error.
fn in_runtime() -> std::io::Result<()> {
    tokio::runtime::Handle::try_current()
        .map(drop)
        .map_err(std::io::Error::other)
}

/// What kind of file is behind a descriptor.
#[cfg(target_os = "linux")]
fn kind(fd: impl std::os::fd::AsFd) -> std::io::Result<rustix::fs::FileType> {
    let stat = rustix::fs::fstat(fd)?;
    Ok(rustix::fs::FileType::from_raw_mode(stat.st_mode))
}
