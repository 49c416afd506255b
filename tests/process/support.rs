//! Children, and what becomes of them.

use std::{fs, future::Future, time::Duration};
use tokio::{
    io::AsyncBufReadExt,
    runtime::{Builder, Runtime},
    time::timeout,
};
use tower_transport::process::{ChildStdout, Command, Exit, Process, StopPolicy};

/// Far longer than anything here takes, so that only a hang reaches it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// A grace that no test may wait out: one that does runs into the deadline.
pub(crate) const NEVER: Duration = Duration::from_secs(3600);

pub(crate) fn sh(script: &str) -> Command {
    Command::new("sh").args(["-c", script])
}

pub(crate) fn patient() -> StopPolicy {
    StopPolicy::new().after_stdin_close(NEVER).after_terminate(NEVER)
}

pub(crate) async fn in_time<F: Future>(what: &str, future: F) -> F::Output {
    timeout(DEADLINE, future)
        .await
        .unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// The state letter of a process (`proc_pid_stat(5)`), or `None` if there is no such process.
pub(crate) fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Dead. A grandchild belongs to init by then, and the init of a container may never reap it.
pub(crate) fn is_dead(pid: u32) -> bool {
    matches!(state(pid), None | Some('Z' | 'X'))
}

/// Polls without a runtime.
pub(crate) fn eventually(what: &str, condition: impl Fn() -> bool) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(until(what, condition));
}

pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let poll = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    in_time(what, poll).await;
}

/// A child's output, line by line.
pub(crate) struct Lines(pub(crate) tokio::io::BufReader<ChildStdout>);

impl Lines {
    pub(crate) fn of(process: &mut Process) -> Self {
        Self(tokio::io::BufReader::new(process.take_stdout().unwrap()))
    }

    pub(crate) async fn next(&mut self) -> String {
        let mut line = String::new();
        in_time("a line of output", self.0.read_line(&mut line)).await.unwrap();
        line.trim_end().to_owned()
    }

    pub(crate) async fn pid(&mut self) -> u32 {
        self.next().await.parse().unwrap()
    }
}

pub(crate) fn signal_of(exit: &Exit) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&exit.status()?)
}

pub(crate) fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}
