//! Standard output and error.

use crate::support::{Lines, in_time, is_dead, sh};
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWrite, AsyncWriteExt},
    runtime::Handle,
};
use tower_transport::process::Command;

// PITFALLS 36
#[tokio::test]
async fn a_child_that_floods_stderr_is_not_blocked_and_its_tail_is_bounded() {
    let mut process = sh("head -c 10485760 /dev/zero >&2; echo done; echo last >&2")
        .spawn()
        .unwrap();
    let tail = process.stderr_tail();
    assert_eq!(Lines::of(&mut process).next().await, "done");

    let exit = in_time("exit", process.wait()).await;
    assert_eq!(exit.stderr_tail().len(), 64 * 1024);
    assert!(exit.stderr_tail().ends_with(b"last\n"));
    drop(process);
    assert_eq!(tail.to_bytes(), exit.stderr_tail());
    assert_eq!(tail.dropped(), 10 * 1024 * 1024 + 5 - 64 * 1024);
}

#[tokio::test]
async fn each_line_of_stderr_is_shown_to_the_tap() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let tap = {
        let seen = Arc::clone(&seen);
        move |line: &[u8]| seen.lock().unwrap().push(String::from_utf8_lossy(line).into_owned())
    };
    let mut process = sh("printf 'one\\ntwo\\r\\nrest' >&2").on_stderr(tap).spawn().unwrap();
    in_time("exit", process.wait()).await;
    assert_eq!(*seen.lock().unwrap(), ["one", "two", "rest"]);
}

#[tokio::test]
async fn a_tap_that_panics_does_not_stop_the_reading() {
    let mut process = sh("echo one >&2; echo two >&2")
        .on_stderr(|_| panic!("in the tap, on purpose"))
        .spawn()
        .unwrap();
    let exit = in_time("exit", process.wait()).await;
    assert_eq!(exit.stderr_tail().as_ref(), b"one\ntwo\n");
}

/// A leader whose grandchild has left the group by the time it prints its pid, so nothing but the test ends it. The leader exits at the end of
/// its input.
fn escape_and_run(grandchild: &str) -> Command {
    sh(&format!("setsid sh -c 'echo $$; {grandchild}' & cat; echo bye >&2"))
}

// PITFALLS 37
#[tokio::test]
async fn output_ends_after_the_exit_although_an_escaped_grandchild_holds_it_open() {
    let mut process = escape_and_run("exec sleep 300").spawn().unwrap();
    let mut lines = Lines::of(&mut process);
    let grandchild = Escaped(lines.pid().await);
    drop(process.take_stdin());

    let exit = in_time("exit", process.wait()).await;
    assert_eq!(exit.stderr_tail().as_ref(), b"bye\n");
    let mut rest = String::new();
    in_time("end of output", lines.0.read_to_string(&mut rest))
        .await
        .unwrap();
    assert!(!is_dead(grandchild.0), "it held the pipe open to the end");
}

// PITFALLS 37
#[tokio::test]
async fn output_ends_after_the_exit_although_an_escaped_grandchild_never_stops_writing() {
    let mut process = escape_and_run("exec yes").spawn().unwrap();
    let mut lines = Lines::of(&mut process);
    let _grandchild = Escaped(lines.pid().await);
    drop(process.take_stdin());

    in_time("exit", process.wait()).await;
    // In small pieces, so that the writer is always ahead and the pipe never found empty.
    let (mut piece, mut read) = ([0; 64], 0);
    let end = async {
        while let more @ 1.. = lines.0.get_mut().read(&mut piece).await.unwrap() {
            read += more;
        }
    };
    in_time("end of output", end).await;
    assert!(read <= 2 * 1024 * 1024, "{read}");
}

/// Ends a grandchild that escaped, also when the test fails.
struct Escaped(u32);

impl Drop for Escaped {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_raw(self.0.cast_signed()).unwrap();
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

#[tokio::test]
async fn the_task_that_reads_stderr_ends_with_its_owner() {
    let mut process = escape_and_run("exec sleep 300").spawn().unwrap();
    let _grandchild = Escaped(Lines::of(&mut process).pid().await);
    let tasks = || Handle::current().metrics().num_alive_tasks();
    assert_eq!(tasks(), 1);

    drop(process);
    tokio::task::yield_now().await;
    assert_eq!(tasks(), 0, "although an escaped grandchild holds the pipe open");
}

#[tokio::test]
async fn all_that_the_child_wrote_is_read_after_its_exit() {
    let mut process = sh("head -c 60000 /dev/zero; exit 0").spawn().unwrap();
    in_time("exit", process.wait()).await;
    let mut all = Vec::new();
    in_time("end of output", process.take_stdout().unwrap().read_to_end(&mut all))
        .await
        .unwrap();
    assert_eq!(all.len(), 60_000);
}

#[tokio::test]
async fn vectored_writes_arrive_whole_and_in_order() {
    let mut process = Command::new("cat").spawn().unwrap();
    let mut stdin = process.take_stdin().unwrap();
    assert!(stdin.is_write_vectored());
    let parts = [std::io::IoSlice::new(b"one "), std::io::IoSlice::new(b"two\n")];
    assert_eq!(stdin.write_vectored(&parts).await.unwrap(), 8);
    assert_eq!(Lines::of(&mut process).next().await, "one two");
}
