//! The allocator of a test binary: the system's, with counters per thread, so that tests that run side by side count their own.
#![allow(unsafe_code, reason = "an allocator can't be written without")]
#![allow(dead_code, reason = "each binary reads the counters that it needs")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// Allocations, reallocations included, of this thread so far.
pub(crate) fn allocations() -> u64 {
    ALLOCATIONS.get()
}

/// Bytes that this thread has allocated and that it has not freed.
pub(crate) fn live() -> isize {
    LIVE.get()
}

/// The largest `live` since `reset_peak`.
pub(crate) fn peak() -> isize {
    PEAK.get()
}

pub(crate) fn reset_peak() {
    PEAK.set(LIVE.get());
}

struct Counting;

fn size(layout: Layout) -> isize {
    layout.size().cast_signed()
}

fn count(bytes: isize) {
    LIVE.set(LIVE.get() + bytes);
    PEAK.set(PEAK.get().max(LIVE.get()));
}

// SAFETY: every call goes to the system's allocator unchanged. The counters are cells with a constant start and no destructor, so
// touching them allocates nothing and works at any time in a thread's life.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        count(size(layout));
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(-size(layout));
        // SAFETY: as above; `ptr` came from `System`.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        count(new_size.cast_signed() - size(layout));
        // SAFETY: as above; `ptr` came from `System`.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}
