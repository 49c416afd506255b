//! A whole host, which is this test binary executed again.

use crate::support::{Lines, eventually, in_time, is_dead, multi_thread, patient, sh, state, until};
use std::{
    fs,
    io::{BufRead, BufReader},
    process::Stdio,
};
use tokio::runtime::{Builder, Handle};
use tower_transport::process::Command;

const HOST: &str = "TOWER_TRANSPORT_TEST_HOST";

/// Runs the test of this module by this name again, alone, in a process of its own.
fn host(test: &str) -> std::process::Command {
    let (_binary, module) = module_path!().split_once("::").unwrap();
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            &format!("{module}::{test}"),
            "--nocapture",
            "--test-threads=1",
        ])
        .env(HOST, "1");
    command
}

fn is_host() -> bool {
    std::env::var_os(HOST).is_some()
}

fn run_host(test: &str) {
    succeeds(&mut host(test));
}

fn succeeds(host: &mut std::process::Command) {
    let output = host.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{said}", output.status);
    // A name that no test has succeeds as well.
    let ran = String::from_utf8_lossy(&output.stdout);
    assert!(ran.contains("1 passed"), "{ran}");
}

#[test]
fn a_host_that_is_killed_leaves_no_direct_child() {
    if is_host() {
        let runtime = multi_thread();
        let process = runtime.block_on(async { Command::new("sleep").arg("300").spawn().unwrap() });
        println!("pid={}", process.id());
        runtime.block_on(std::future::pending::<()>());
    }
    let mut host = host("a_host_that_is_killed_leaves_no_direct_child")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let child = BufReader::new(host.stdout.take().unwrap())
        .lines()
        .find_map(|line| line.unwrap().split_once("pid=")?.1.parse().ok())
        .unwrap();
    assert!(!is_dead(child));

    host.kill().unwrap();
    host.wait().unwrap();
    eventually("the child dies", || is_dead(child));
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

fn zombies() -> usize {
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let stats = processes.filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).ok());
    stats
        .filter(|stat| {
            let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
            fields[0] == "Z" && fields[1] == own
        })
        .count()
}

// PITFALLS 43
#[test]
fn two_hundred_processes_leave_counts_as_they_were() {
    const NAME: &str = "two_hundred_processes_leave_counts_as_they_were";
    if !is_host() {
        return run_host(NAME);
    }
    Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let cycle = async |number: u32| {
                let mut process = sh("sleep 300 & cat").spawn().unwrap();
                match number % 3 {
                    0 => drop(process),
                    1 => assert_eq!(in_time("exit", process.stop()).await.code(), Some(0)),
                    _ => {
                        process.killer().kill();
                        in_time("exit", process.wait()).await;
                    }
                }
            };
            let tasks = || Handle::current().metrics().num_alive_tasks();
            // The first starts the threads that live as long as the host.
            cycle(1).await;
            until("the first is gone", || zombies() == 0 && tasks() == 0).await;
            let before = (descriptors(), threads());
            for number in 0..200 {
                cycle(number).await;
            }
            // The first may have been gone for all but a descriptor that the thread which reaped it was about to close.
            until("counts are as before", || {
                descriptors() <= before.0 && threads() <= before.1 && zombies() == 0 && tasks() == 0
            })
            .await;
        });
}

#[test]
fn a_host_that_ignores_sigchld_still_sees_the_exit_and_kills_the_tree() {
    const NAME: &str = "a_host_that_ignores_sigchld_still_sees_the_exit_and_kills_the_tree";
    if !is_host() {
        // An ignored signal stays ignored across exec. The kernel then reaps children itself, and their status is lost.
        let host = host(NAME);
        let mut env = std::process::Command::new("env");
        env.arg("--ignore-signal=CHLD")
            .arg(host.get_program())
            .args(host.get_args());
        return succeeds(env.env(HOST, "1"));
    }
    multi_thread().block_on(async {
        let mut process = sh("sleep 300 & echo $!; cat").stop_policy(patient()).spawn().unwrap();
        let grandchild = Lines::of(&mut process).pid().await;
        let exit = in_time("exit", process.stop()).await;
        assert_eq!(exit.status(), None);
        assert!(!exit.success() && exit.to_string().contains("unknown"), "{exit}");
        until("the grandchild dies", || is_dead(grandchild)).await;
    });
}

// PITFALLS 39
#[test]
fn a_zombie_that_stays_in_the_group_holds_up_nothing() {
    const NAME: &str = "a_zombie_that_stays_in_the_group_holds_up_nothing";
    if !is_host() {
        return run_host(NAME);
    }
    // As a subreaper that never waits, this host keeps the killed grandchild as a zombie, and so its process group, for ever.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
    multi_thread().block_on(async {
        let mut process = sh("sleep 300 & echo $!; cat").stop_policy(patient()).spawn().unwrap();
        let grandchild = Lines::of(&mut process).pid().await;
        let group = rustix::process::Pid::from_raw(process.id().cast_signed()).unwrap();

        assert_eq!(in_time("exit", process.stop()).await.code(), Some(0));
        until("the grandchild is a zombie", || state(grandchild) == Some('Z')).await;
        assert!(
            rustix::process::test_kill_process_group(group).is_ok(),
            "the group answers, and is dead"
        );
    });
}
