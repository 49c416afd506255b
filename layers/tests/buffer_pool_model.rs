//! The pool against a model: whatever is done with it, in whatever order, no byte is changed and no bound is passed.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use std::thread;
use tower_transport_layers::buffer_pool::{Block, Buffer, BufferPool, PoolStats, detach};

const BLOCK: usize = 128;
const BLOCKS: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    Take { min: usize },
    Write { buffer: usize, len: usize },
    Truncate { buffer: usize, len: usize },
    Clear { buffer: usize },
    Split { buffer: usize },
    DropBuffer { buffer: usize },
    DropMessage { message: usize, elsewhere: bool },
    Detach { message: usize },
    TakeBlock,
    Fill { block: usize, len: usize },
    TakeOff { block: usize, len: usize },
    Reclaim { block: usize },
    DropBlock { block: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let index = 0..8usize;
    prop_oneof![
        2 => (0..2 * BLOCK).prop_map(|min| Step::Take { min }),
        8 => (index.clone(), 0..BLOCK / 2).prop_map(|(buffer, len)| Step::Write { buffer, len }),
        1 => (index.clone(), 0..3 * BLOCK).prop_map(|(buffer, len)| Step::Write { buffer, len }),
        1 => (index.clone(), 0..BLOCK).prop_map(|(buffer, len)| Step::Truncate { buffer, len }),
        1 => index.clone().prop_map(|buffer| Step::Clear { buffer }),
        8 => index.clone().prop_map(|buffer| Step::Split { buffer }),
        2 => index.clone().prop_map(|buffer| Step::DropBuffer { buffer }),
        8 => (index.clone(), any::<bool>()).prop_map(|(message, elsewhere)| Step::DropMessage { message, elsewhere }),
        1 => index.clone().prop_map(|message| Step::Detach { message }),
        1 => Just(Step::TakeBlock),
        4 => (index.clone(), 0..BLOCK).prop_map(|(block, len)| Step::Fill { block, len }),
        4 => (index.clone(), 0..BLOCK).prop_map(|(block, len)| Step::TakeOff { block, len }),
        2 => index.clone().prop_map(|block| Step::Reclaim { block }),
        1 => index.prop_map(|block| Step::DropBlock { block }),
    ]
}

/// Each real thing beside what it must hold.
struct Model {
    pool: BufferPool,
    buffers: Vec<(Buffer, Vec<u8>)>,
    blocks: Vec<(Block, Vec<u8>)>,
    messages: Vec<(Bytes, Vec<u8>)>,
    next: u8,
}

impl Model {
    /// Bytes that differ from those written before, so that a mix-up shows.
    fn fresh(&mut self, len: usize) -> Vec<u8> {
        self.next = self.next.wrapping_add(1);
        vec![self.next; len]
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Take { min } => self.buffers.push((self.pool.take(min), Vec::new())),
            Step::Write { buffer, len } => {
                let bytes = self.fresh(len);
                if let Some((buffer, model)) = pick(&mut self.buffers, buffer) {
                    buffer.extend_from_slice(&bytes);
                    model.extend_from_slice(&bytes);
                }
            }
            Step::Truncate { buffer, len } => {
                if let Some((buffer, model)) = pick(&mut self.buffers, buffer) {
                    buffer.truncate(len);
                    model.truncate(len);
                }
            }
            Step::Clear { buffer } => {
                if let Some((buffer, model)) = pick(&mut self.buffers, buffer) {
                    buffer.clear();
                    model.clear();
                }
            }
            Step::Split { buffer } => {
                if let Some((buffer, model)) = pick(&mut self.buffers, buffer) {
                    self.messages.push((buffer.split(), std::mem::take(model)));
                }
            }
            Step::DropBuffer { buffer } => remove(&mut self.buffers, buffer, false),
            Step::DropMessage { message, elsewhere } => remove(&mut self.messages, message, elsewhere),
            Step::Detach { message } => {
                if let Some((message, _)) = pick(&mut self.messages, message) {
                    *message = detach(message);
                }
            }
            Step::TakeBlock => self.blocks.extend(self.pool.block().map(|block| (block, Vec::new()))),
            Step::Fill { block, len } => {
                let bytes = self.fresh(len);
                if let Some((block, model)) = pick(&mut self.blocks, block) {
                    let bytes = &bytes[..len.min(block.room())];
                    block.extend_from_slice(bytes);
                    model.extend_from_slice(bytes);
                }
            }
            Step::TakeOff { block, len } => {
                if let Some((block, model)) = pick(&mut self.blocks, block) {
                    let len = len.min(block.len());
                    self.messages.push((block.split_to(len), model.drain(..len).collect()));
                }
            }
            Step::Reclaim { block } => {
                if let Some((block, _)) = pick(&mut self.blocks, block)
                    && block.reclaim()
                {
                    assert_eq!(block.room() + block.len(), BLOCK);
                }
            }
            Step::DropBlock { block } => remove(&mut self.blocks, block, false),
        }
    }

    fn check(&self) {
        for (buffer, model) in &self.buffers {
            assert_eq!(**buffer, **model);
        }
        for (block, model) in &self.blocks {
            assert_eq!(**block, **model);
        }
        for (message, model) in &self.messages {
            assert_eq!(message, model);
        }
        let PoolStats {
            blocks,
            held,
            held_bytes,
            ..
        } = self.pool.stats();
        assert!(blocks <= BLOCKS);
        assert!(held + self.blocks.len() <= blocks);
        assert_eq!(held_bytes, held * BLOCK);
    }
}

fn pick<T>(all: &mut [T], index: usize) -> Option<&mut T> {
    let len = all.len();
    (len > 0).then(|| &mut all[index % len])
}

fn remove<T: Send + 'static>(all: &mut Vec<T>, index: usize, elsewhere: bool) {
    if all.is_empty() {
        return;
    }
    let gone = all.swap_remove(index % all.len());
    if elsewhere {
        thread::spawn(move || drop(gone)).join().unwrap();
    }
}

proptest! {
    #[test]
    fn no_byte_is_mixed_up_and_no_bound_is_passed(steps in vec(step(), 1..200)) {
        let mut model = Model {
            pool: BufferPool::new(BLOCK, BLOCKS).unwrap(),
            buffers: Vec::new(),
            blocks: Vec::new(),
            messages: Vec::new(),
            next: 0,
        };
        for step in steps {
            model.take(&step);
            model.check();
        }
        // All is dropped: every block is back, and free.
        let pool = model.pool.clone();
        drop(model);
        let stats = pool.stats();
        prop_assert_eq!(stats.held, stats.blocks);
        let blocks: Vec<_> = (0..BLOCKS).map(|_| pool.block()).collect();
        prop_assert!(blocks.iter().flatten().all(|block| block.room() == BLOCK));
        prop_assert!(blocks.iter().all(Option::is_some));
    }
}

/// Two threads write at the same time, and drop each other's messages.
#[test]
fn threads_that_share_a_pool_never_write_into_each_others_messages() {
    let pool = BufferPool::new(BLOCK, BLOCKS).unwrap();
    let (to_left, from_right) = std::sync::mpsc::sync_channel::<Bytes>(16);
    let (to_right, from_left) = std::sync::mpsc::sync_channel::<Bytes>(16);
    thread::scope(|scope| {
        for (name, send, receive) in [(1u8, to_right, from_right), (2, to_left, from_left)] {
            let pool = &pool;
            scope.spawn(move || {
                let mut waiting = Vec::new();
                for round in 0..20_000usize {
                    let mut buffer = pool.buffer();
                    buffer.extend_from_slice(&vec![name; 1 + round % 50]);
                    buffer.extend_from_slice(&vec![name; round % 90]);
                    // One that is full has the other thread drop them; that is no concern here.
                    let _ = send.try_send(buffer.split());
                    waiting.extend(receive.try_iter());
                    for message in waiting.drain(..) {
                        assert!(message.iter().all(|byte| *byte == 3 - name), "{message:?}");
                    }
                }
            });
        }
    });
    let stats = pool.stats();
    assert!(stats.blocks <= BLOCKS);
    assert_eq!(stats.held, stats.blocks);
}
