//! The whole tree dies.

use crate::support::{DEADLINE, Lines, eventually, in_time, is_dead, multi_thread, sh, signal_of, state, until};

// PITFALLS 33
#[tokio::test]
async fn dropping_the_process_kills_its_grandchildren_and_reaps_the_child() {
    let mut process = sh("sleep 300 & echo $!; wait").spawn().unwrap();
    let child = process.id();
    let grandchild = Lines::of(&mut process).pid().await;
    assert!(!is_dead(grandchild));

    drop(process);
    until("the grandchild dies", || is_dead(grandchild)).await;
    until("the child is reaped", || state(child).is_none()).await;
}

// PITFALLS 33
#[tokio::test]
async fn grandchildren_do_not_outlive_a_leader_that_exits_by_itself() {
    let mut process = sh("sleep 300 & echo $!; exit 3").spawn().unwrap();
    let grandchild = Lines::of(&mut process).pid().await;

    let exit = in_time("exit", process.wait()).await;
    assert_eq!(exit.code(), Some(3));
    until("the grandchild dies", || is_dead(grandchild)).await;
}

#[tokio::test]
async fn a_child_is_reaped_although_nobody_waits_for_it() {
    let process = sh("exit 0").spawn().unwrap();
    until("the child is reaped", || state(process.id()).is_none()).await;
}

// PITFALLS 34
#[test]
fn dropping_the_process_outside_any_runtime_kills_the_whole_tree() {
    let runtime = multi_thread();
    let (process, grandchild) = runtime.block_on(async {
        let mut process = sh("sleep 300 & echo $!; wait").spawn().unwrap();
        let grandchild = Lines::of(&mut process).pid().await;
        (process, grandchild)
    });
    drop(runtime);
    let child = process.id();
    assert!(!is_dead(child) && !is_dead(grandchild));

    drop(process);
    eventually("the grandchild dies", || is_dead(grandchild));
    eventually("the child is reaped", || state(child).is_none());
}

// PITFALLS 34
#[test]
fn dropping_the_process_while_the_runtime_shuts_down_kills_the_whole_tree() {
    let runtime = multi_thread();
    let (tell, told) = std::sync::mpsc::channel();
    runtime.spawn(async move {
        let mut process = sh("sleep 300 & echo $!; wait").spawn().unwrap();
        let grandchild = Lines::of(&mut process).pid().await;
        tell.send((process.id(), grandchild)).unwrap();
        std::future::pending::<()>().await;
        drop(process);
    });
    let (child, grandchild) = told.recv_timeout(DEADLINE).unwrap();

    drop(runtime);
    eventually("the grandchild dies", || is_dead(grandchild));
    eventually("the child is reaped", || state(child).is_none());
}

#[test]
fn an_exit_is_reported_on_another_runtime_than_the_one_that_spawned() {
    let first = multi_thread();
    let mut process = first.block_on(async { sh("read line; exit 4").spawn().unwrap() });
    let stdin = process.take_stdin();
    drop(first);

    drop(stdin);
    let exit = multi_thread().block_on(in_time("exit", process.wait()));
    assert_eq!(exit.code(), Some(4));
}

#[tokio::test]
async fn a_killer_kills_the_whole_tree_and_is_harmless_afterwards() {
    let mut process = sh("sleep 300 & echo $!; wait").spawn().unwrap();
    let killer = process.killer();
    let grandchild = Lines::of(&mut process).pid().await;

    std::thread::spawn({
        let killer = killer.clone();
        move || killer.kill()
    })
    .join()
    .unwrap();
    let exit = in_time("exit", process.wait()).await;
    assert_eq!(signal_of(&exit), Some(9));
    until("the grandchild dies", || is_dead(grandchild)).await;
    killer.kill();
}
