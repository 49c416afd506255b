//! A stop, step by step.

use crate::support::{Lines, in_time, is_dead, patient, sh, signal_of, state, until};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tower_transport::process::{Command, StopPolicy};

// PITFALLS 35
#[tokio::test]
async fn a_child_that_watches_stdin_exits_by_itself_once_it_is_closed() {
    let mut process = Command::new("cat").stop_policy(patient()).spawn().unwrap();
    assert_eq!(in_time("exit", process.stop()).await.code(), Some(0));
}

// PITFALLS 35
#[tokio::test]
async fn nothing_but_the_taken_stdin_keeps_the_pipe_open() {
    let mut process = Command::new("cat").stop_policy(patient()).spawn().unwrap();
    // Spawned while the pipe is open: would hold it open if it had inherited it.
    let other = sh("sleep 300").spawn().unwrap();

    let mut stdin = process.take_stdin().unwrap();
    stdin.write_all(b"hello\n").await.unwrap();
    stdin.shutdown().await.unwrap();
    assert_eq!(in_time("exit", process.wait()).await.code(), Some(0));
    assert_eq!(
        stdin.write(b"more").await.unwrap_err().kind(),
        std::io::ErrorKind::BrokenPipe
    );
    assert!(!is_dead(other.id()));
}

#[tokio::test]
async fn a_child_that_ignores_eof_gets_sigterm() {
    let policy = patient().after_stdin_close(Duration::from_millis(20));
    let mut process = sh("trap 'echo asked >&2; exit 7' TERM; echo up; while :; do sleep 0.01; done")
        .stop_policy(policy)
        .spawn()
        .unwrap();
    assert_eq!(Lines::of(&mut process).next().await, "up");

    let exit = in_time("exit", process.stop()).await;
    assert_eq!(exit.code(), Some(7), "{exit}");
    assert!(exit.stderr_tail().ends_with(b"asked\n"), "{exit}");
}

#[tokio::test]
async fn a_child_that_ignores_eof_and_sigterm_is_killed_with_its_grandchildren() {
    let policy = StopPolicy::new()
        .after_stdin_close(Duration::from_millis(20))
        .after_terminate(Duration::from_millis(20));
    let mut process = sh("trap '' TERM; sh -c 'while :; do sleep 300; done' & echo $!; while :; do sleep 300; done")
        .stop_policy(policy)
        .spawn()
        .unwrap();
    let grandchild = Lines::of(&mut process).pid().await;

    let exit = in_time("exit", process.stop()).await;
    assert_eq!(signal_of(&exit), Some(9));
    assert_eq!(state(exit.pid()), None);
    until("the grandchild dies", || is_dead(grandchild)).await;
}

#[tokio::test]
async fn sigterm_reaches_the_grandchildren() {
    let policy = patient().after_stdin_close(Duration::ZERO);
    let grandchild = "trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.01; done";
    let mut process = sh(&format!("trap : TERM; sh -c \"{grandchild}\" & wait; wait"))
        .stop_policy(policy)
        .spawn()
        .unwrap();
    let mut lines = Lines::of(&mut process);
    assert_eq!(lines.next().await, "up");

    in_time("exit", process.stop()).await;
    assert_eq!(lines.next().await, "asked");
}

#[tokio::test]
async fn a_cancelled_stop_leaves_the_guard_armed() {
    let mut process = sh("trap '' TERM; echo up; while :; do sleep 300; done")
        .stop_policy(patient())
        .spawn()
        .unwrap();
    assert_eq!(Lines::of(&mut process).next().await, "up");
    let child = process.id();
    {
        let mut stop = tokio_test::task::spawn(process.stop());
        tokio_test::assert_pending!(stop.poll());
    }
    assert!(!is_dead(child));

    drop(process);
    until("the child is reaped", || state(child).is_none()).await;
}

#[tokio::test]
async fn a_cancelled_wait_loses_nothing_and_a_finished_one_answers_again() {
    let mut process = sh("read line; echo bye >&2; exit 5").spawn().unwrap();
    {
        let mut wait = tokio_test::task::spawn(process.wait());
        tokio_test::assert_pending!(wait.poll());
    }
    drop(process.take_stdin());
    for _ in 0..2 {
        let exit = in_time("exit", process.wait()).await;
        assert_eq!((exit.code(), exit.stderr_tail().as_ref()), (Some(5), &b"bye\n"[..]));
    }
    assert_eq!(in_time("stop", process.stop()).await.code(), Some(5));
}

// PITFALLS 44
#[tokio::test]
async fn a_cancelled_connect_leaves_no_child() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let connect = tokio::spawn(async move {
        let mut process = sh("sleep 300 & echo $!; wait").spawn().unwrap();
        let mut lines = Lines::of(&mut process);
        tell.send((process.id(), lines.pid().await)).unwrap();
        // The handshake that never ends.
        lines.next().await;
    });
    let (child, grandchild) = told.await.unwrap();

    connect.abort();
    until("the child is reaped", || state(child).is_none()).await;
    until("the grandchild dies", || is_dead(grandchild)).await;
}
