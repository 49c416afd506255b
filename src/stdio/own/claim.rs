//! Who reads stdin.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

static TAKEN: AtomicBool = AtomicBool::new(false);

/// The right to read stdin, given back on drop. Two readers would tear messages apart between them, and neither would notice.
#[derive(Debug)]
pub(super) struct Claim(());

impl Claim {
    pub(super) fn take() -> io::Result<Claim> {
        if TAKEN.swap(true, Ordering::AcqRel) {
            let why = "stdin is being read by another stream: drop that one first";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, why));
        }
        Ok(Claim(()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        TAKEN.store(false, Ordering::Release);
    }
}
