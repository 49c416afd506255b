//! What is spawned, and what is not.

use crate::support::{Lines, in_time, multi_thread, sh, until};
use std::fs;
use tokio::{io::AsyncWriteExt, runtime::Handle};
use tower_transport::process::{
    ChildStdin, ChildStdout, Command, Exit, Killer, Process, SpawnError, StderrTail, StopPolicy,
};

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
