//! The floor: lines out, lines back, nothing parsed.

use crate::Variant;
use crate::measure::{Cell, Meter, Sample, params, spawn};
use std::collections::VecDeque;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::time::Instant;

pub(crate) fn pipes() -> (pipe::Receiver, pipe::Sender) {
    let open = |path: &str| {
        let mut options = pipe::OpenOptions::new();
        options.unchecked(true);
        (options.clone().open_receiver(path), options.open_sender(path))
    };
    (
        open("/proc/self/fd/0").0.expect("stdin is a pipe"),
        open("/proc/self/fd/1").1.expect("stdout is a pipe"),
    )
}

pub(crate) async fn server() {
    let (mut stdin, mut stdout) = pipes();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = stdin.read(&mut buffer).await.expect("read");
        if read == 0 {
            return;
        }
        if stdout.write_all(&buffer[..read]).await.is_err() {
            // The client has seen enough.
            return;
        }
    }
}

pub(crate) async fn client(cell: Cell) -> Sample {
    let mut child = spawn(Variant::Raw, cell);
    let (mut stdin, mut stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    let line = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1000000,\"method\":\"tools/call\",\"params\":{{\"text\":\"{}\"}}}}\n",
        params(cell.payload)
    );
    let meter = Meter::start(child.id().expect("runs"), cell);
    let mut sent = VecDeque::new();
    let mut buffer = vec![0; 64 << 10];
    let mut out = Vec::new();
    let mut wanted = cell.window;
    loop {
        let now = Instant::now();
        out.clear();
        for _ in 0..wanted {
            out.extend_from_slice(line.as_bytes());
            sent.push_back(now);
        }
        wanted = 0;
        // Both pipes may be full, so reading goes on until all is written.
        let mut written = 0;
        while written < out.len() || wanted == 0 {
            tokio::select! {
                wrote = stdin.write(&out[written..]), if written < out.len() => written += wrote.expect("write"),
                read = stdout.read(&mut buffer) => {
                    let now = Instant::now();
                    for _ in memchr::memchr_iter(b'\n', &buffer[..read.expect("read")]) {
                        meter.record(now - sent.pop_front().expect("one per line"));
                        wanted += 1;
                    }
                }
            }
        }
        if Instant::now() >= meter.deadline {
            return meter.finish();
        }
    }
}
