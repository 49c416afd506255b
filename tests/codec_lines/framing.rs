//! Another framing behind the same trait.

use crate::support::{Chunks, MAX, skipped, small_ring, whole};
use bytes::BytesMut;
use std::{future::poll_fn, io};
use tower_transport::codec::{Frame, FrameReader, Framing, Step};

/// One byte of length before each frame; 0xff loses the framing.
#[derive(Debug, Default)]
struct Counted {
    left: Option<usize>,
    skipping: bool,
}

impl Framing for Counted {
    fn next_step(&mut self, buffered: &[u8], max: usize) -> io::Result<Step> {
        Ok(match (self.left, buffered.first()) {
            (None, Some(0xff)) => return Err(io::ErrorKind::InvalidData.into()),
            (None, Some(len)) => {
                self.left = Some(usize::from(*len));
                Step::Skip(1)
            }
            (Some(len), _) if !self.skipping && len > max => {
                self.skipping = true;
                Step::TooLong { at_least: len }
            }
            (Some(len), _) if len <= buffered.len() => {
                self.left = None;
                if std::mem::take(&mut self.skipping) {
                    Step::DropEnd { len, skip: 0 }
                } else {
                    Step::Frame { len, skip: 0 }
                }
            }
            (Some(len), Some(_)) if self.skipping => {
                self.left = Some(len - buffered.len());
                Step::Drop(buffered.len())
            }
            _ => Step::More,
        })
    }

    fn last_step(&mut self, _buffered: &[u8], _max: usize) -> io::Result<Step> {
        if self.left.is_some() {
            Err(io::ErrorKind::UnexpectedEof.into())
        } else {
            Ok(Step::More)
        }
    }

    fn head(&self, len: usize, out: &mut BytesMut) {
        out.extend_from_slice(&[u8::try_from(len).unwrap()]);
    }

    fn tail(&self) -> &'static [u8] {
        b""
    }

    fn needs_rewrite(&self, _part: &[u8]) -> bool {
        false
    }

    fn body(&self, part: &[u8], out: &mut BytesMut) {
        out.extend_from_slice(part);
    }
}

async fn counted(wire: &'static [u8], read: usize) -> (Vec<Frame>, io::Result<usize>) {
    let mut reader = FrameReader::with_ring(Chunks::new(wire, [read]), Counted::default(), MAX, small_ring());
    let mut frames = Vec::new();
    loop {
        match poll_fn(|cx| reader.poll_frames(cx, &mut frames, 8)).await {
            Ok(1..) => {}
            end => {
                let again = reader.frames(&mut Vec::new(), 8).await;
                assert_eq!(again.unwrap(), 0, "an ended reader stays so");
                return (frames, end);
            }
        }
    }
}

#[tokio::test]
async fn a_framing_with_announced_lengths_fits_behind_the_trait() {
    for read in [1, 2, 3, 64] {
        let (frames, end) = counted(b"\x03one\x12xxxxxxxxxxxxxxxxxx\x00\x03two", read).await;
        assert_eq!(end.unwrap(), 0);
        let Frame::TooLong(error) = &frames[1] else {
            panic!("{frames:?}")
        };
        assert_eq!(error.at_least(), 18);
        assert_eq!(frames[2], skipped(18, &"x".repeat(18)));
        assert_eq!([&frames[..1], &frames[3..]].concat(), ["one", "", "two"].map(whole));
    }
}

#[tokio::test]
async fn a_lost_framing_is_an_error_after_the_frames_before_it() {
    for (wire, kind) in [
        (&b"\x03one\xff..."[..], io::ErrorKind::InvalidData),
        (b"\x03one\x03tw", io::ErrorKind::UnexpectedEof),
        (b"\x03one\x03", io::ErrorKind::UnexpectedEof),
    ] {
        for read in [1, 64] {
            let (frames, end) = counted(wire, read).await;
            assert_eq!(frames, [whole("one")]);
            assert_eq!(end.unwrap_err().kind(), kind);
        }
    }
}
