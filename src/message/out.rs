//! What messages are built in.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use std::ops::Deref;
use tower_transport_layers::buffer_pool::Buffer;

/// What a message can be built in: a [`Buffer`] of a pool, or a [`BytesMut`]. Nobody else implements it.
///
/// A `Buffer` moves to another block of its pool when it is full. A `BytesMut` then allocates, as nothing is free before the messages that
/// were split off it are dropped.
pub trait Out: Deref<Target = [u8]> + sealed::Sealed {
    #[doc(hidden)]
    fn append(&mut self, bytes: &[u8]);
    #[doc(hidden)]
    fn serialize<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), serde_json::Error>;
    #[doc(hidden)]
    fn shorten(&mut self, len: usize);
    #[doc(hidden)]
    fn empty(&mut self);
    #[doc(hidden)]
    fn split_message(&mut self) -> Bytes;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::BytesMut {}
    impl Sealed for super::Buffer {}
}

impl Out for BytesMut {
    fn append(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn serialize<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), serde_json::Error> {
        serde_json::to_writer(self.writer(), value)
    }

    fn shorten(&mut self, len: usize) {
        self.truncate(len);
    }

    fn empty(&mut self) {
        self.clear();
    }

    fn split_message(&mut self) -> Bytes {
        self.split().freeze()
    }
}

impl Out for Buffer {
    fn append(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn serialize<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), serde_json::Error> {
        serde_json::to_writer(self, value)
    }

    fn shorten(&mut self, len: usize) {
        self.truncate(len);
    }

    fn empty(&mut self) {
        self.clear();
    }

    fn split_message(&mut self) -> Bytes {
        self.split()
    }
}
