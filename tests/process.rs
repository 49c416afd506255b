//! Real children: what ends them, what they leave behind, and what their host survives.
//!
//! Whether a process lives is read from `/proc/<pid>/stat` and polled with a deadline. Tests of what a whole process does (its death, its counts
//! of descriptors and zombies) run in this test binary executed again, so that no other test disturbs them.
#![cfg(all(target_os = "linux", feature = "process"))]

use std::{
    fs,
    future::Future,
    io::{BufRead, BufReader},
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    runtime::{Builder, Handle, Runtime},
    time::timeout,
};
use tower_transport::process::{
    ChildStdin, ChildStdout, Command, Exit, Killer, Process, SpawnError, StderrTail, StopPolicy,
};

/// Far longer than anything here takes, so that only a hang reaches it.
const DEADLINE: Duration = Duration::from_secs(30);
/// A grace that no test may wait out: one that does runs into the deadline.
const NEVER: Duration = Duration::from_secs(3600);

fn sh(script: &str) -> Command {
    Command::new("sh").args(["-c", script])
}

fn patient() -> StopPolicy {
    StopPolicy::new().after_stdin_close(NEVER).after_terminate(NEVER)
}

async fn in_time<F: Future>(what: &str, future: F) -> F::Output {
    timeout(DEADLINE, future)
        .await
        .unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// The state letter of a process (`proc_pid_stat(5)`), or `None` if there is no such process.
fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Dead. A grandchild belongs to init by then, and the init of a container may never reap it.
fn is_dead(pid: u32) -> bool {
    matches!(state(pid), None | Some('Z' | 'X'))
}

/// Polls without a runtime.
fn eventually(what: &str, condition: impl Fn() -> bool) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(until(what, condition));
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let poll = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    in_time(what, poll).await;
}

/// A child's output, line by line.
struct Lines(tokio::io::BufReader<ChildStdout>);

impl Lines {
    fn of(process: &mut Process) -> Self {
        Self(tokio::io::BufReader::new(process.take_stdout().unwrap()))
    }

    async fn next(&mut self) -> String {
        let mut line = String::new();
        in_time("a line of output", self.0.read_line(&mut line)).await.unwrap();
        line.trim_end().to_owned()
    }

    async fn pid(&mut self) -> u32 {
        self.next().await.parse().unwrap()
    }
}

fn signal_of(exit: &Exit) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&exit.status()?)
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

// === The tree ===

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

// === Stopping ===

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

// === Pipes ===

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

// === Spawning ===

#[tokio::test]
async fn a_missing_command_is_named_with_what_to_do() {
    let error = Command::new("no-such-command-anywhere").spawn().unwrap_err();
    assert!(error.is_not_found() && !error.is_permission_denied());
    assert_eq!(
        error.to_string(),
        "command not found: `no-such-command-anywhere`; check the name or give the full path"
    );
    assert_eq!(error.program(), "no-such-command-anywhere");
}

#[tokio::test]
async fn what_may_not_be_run_is_told_from_what_is_missing() {
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("script");
    fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    let error = Command::new(&script).spawn().unwrap_err();
    assert!(error.is_permission_denied(), "{error}");

    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&script, mode).unwrap();
    let error = Command::new(&script).spawn().unwrap_err();
    assert!(
        !error.is_not_found() && error.to_string().contains("interpreter"),
        "{error}"
    );

    let error = sh("true").current_dir("/no/such/directory").spawn().unwrap_err();
    assert!(
        !error.is_not_found() && error.to_string().contains("/no/such/directory"),
        "{error}"
    );
}

#[test]
fn spawning_outside_a_runtime_is_an_error_and_starts_nothing() {
    let error = sh("true").spawn().unwrap_err();
    assert!(error.is_no_runtime());
    assert_eq!(
        error.to_string(),
        "cannot run `sh` outside a tokio runtime; call `spawn` from within one"
    );
}

#[tokio::test]
async fn environment_and_directory_are_what_the_command_says() {
    let command = sh("echo \"$KEPT-$GONE-$PWD\"")
        .env("GONE", "x")
        .env_clear()
        .env("KEPT", "yes")
        .current_dir("/");
    // The same command again, as a supervisor does.
    for _ in 0..2 {
        let mut process = command.spawn().unwrap();
        assert_eq!(Lines::of(&mut process).next().await, "yes--/");
    }
}

#[test]
fn debug_output_of_a_command_hides_the_values_of_variables() {
    let shown = format!("{:?}", Command::new("server").env("API_KEY", "hunter2"));
    assert!(shown.contains("API_KEY") && !shown.contains("hunter2"), "{shown}");
}

// PITFALLS 38
#[tokio::test]
async fn a_child_outlives_the_thread_that_spawned_it() {
    let runtime = Handle::current();
    let (thread, mut process) = std::thread::spawn(move || {
        let _context = runtime.enter();
        (
            fs::read_link("/proc/thread-self").unwrap(),
            Command::new("cat").spawn().unwrap(),
        )
    })
    .join()
    .unwrap();
    // A parent-death signal is sent before the kernel lets go of the thread.
    let task = std::path::Path::new("/proc").join(thread);
    until("the thread has gone", || !fs::exists(&task).unwrap()).await;

    let mut stdin = process.take_stdin().unwrap();
    stdin.write_all(b"still here\n").await.unwrap();
    assert_eq!(Lines::of(&mut process).next().await, "still here");
}

#[test]
fn more_threads_than_there_are_spawners_may_spawn_at_once() {
    let runtime = multi_thread();
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                let mut process = runtime.handle().block_on(async { sh("exit 6").spawn().unwrap() });
                assert_eq!(
                    runtime.handle().block_on(in_time("exit", process.wait())).code(),
                    Some(6)
                );
            });
        }
    });
}

#[test]
fn handles_can_go_anywhere() {
    fn anywhere<T: Send + Sync + 'static>() {}
    fn cloned<T: Clone>() {}
    anywhere::<(
        Command,
        Process,
        ChildStdin,
        ChildStdout,
        Exit,
        Killer,
        SpawnError,
        StderrTail,
    )>();
    cloned::<(Command, Exit, Killer, StderrTail, StopPolicy)>();
}

// === A whole host ===

const HOST: &str = "TOWER_TRANSPORT_TEST_HOST";

/// Runs the test of this name again, alone, in a process of its own.
fn host(test: &str) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
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
