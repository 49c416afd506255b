//! What the tests against real peers share: installing them, and a running gateway.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard, oneshot};
use tokio::time::{Instant, sleep, timeout};

/// The installer bounds each of its steps by ten minutes.
const INSTALL_LIMIT: Duration = Duration::from_secs(1300);
const START_LIMIT: Duration = Duration::from_secs(20);
const STOP_LIMIT: Duration = Duration::from_secs(20);

pub(crate) const GATEWAY: &str = env!("CARGO_BIN_EXE_tower-transport");

static MACHINE: RwLock<()> = RwLock::const_new(());

/// Leave to run beside other tests.
pub(crate) async fn beside_others() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().await
}

/// Leave to run alone, for a peer that is in a hurry.
pub(crate) async fn undisturbed() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().await
}

/// The folder of the peers.
pub(crate) fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

/// The Node that runs every JavaScript peer.
pub(crate) fn node() -> PathBuf {
    peers().join(".work/node")
}

/// What `install.sh` installs apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Js,
    Python,
}

/// Installs `part` unless it is there; false, after saying so, when a tool for it is missing.
pub(crate) async fn installed(part: Part) -> bool {
    static JS: OnceCell<Result<(), String>> = OnceCell::const_new();
    static PYTHON: OnceCell<Result<(), String>> = OnceCell::const_new();
    let (cell, name) = match part {
        Part::Js => (&JS, "js"),
        Part::Python => (&PYTHON, "python"),
    };
    let Err(needs) = cell.get_or_init(|| install(name)).await else {
        return true;
    };
    assert!(std::env::var_os("CI").is_none(), "nothing is skipped in CI: {needs}");
    // The harness hides what a passing test prints, and a skip must be seen.
    let _ = writeln!(std::io::stderr(), "skipped: {needs}");
    false
}

async fn install(part: &str) -> Result<(), String> {
    let output = run(Command::new(peers().join("install.sh")).arg(part), INSTALL_LIMIT).await;
    match output.status.code() {
        Some(0) => Ok(()),
        Some(77) => Err(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        _ => panic!(
            "install.sh {part}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}

/// Runs a command to its end, which must come within `limit`.
pub(crate) async fn run(command: &mut Command, limit: Duration) -> Output {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    match timeout(limit, command.output()).await {
        Ok(output) => output.unwrap_or_else(|error| panic!("{command:?}: {error}")),
        Err(_) => panic!("{command:?} did not end within {limit:?}"),
    }
}

/// A running gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    child: Child,
    log: Arc<Mutex<String>>,
    pub(crate) endpoint: String,
}

impl Gateway {
    /// Publishes a child over HTTP, on a port of the system's choice.
    pub(crate) async fn start(child: &[OsString]) -> Self {
        let mut command = Command::new(GATEWAY);
        command.args(["--from", "http://127.0.0.1:0/mcp", "--"]).args(child);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));

        let log = Arc::new(Mutex::new(String::new()));
        let (found, endpoint) = oneshot::channel();
        let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
        tokio::spawn({
            let log = Arc::clone(&log);
            async move {
                let mut found = Some(found);
                while let Ok(Some(line)) = lines.next_line().await {
                    if let Some((_, endpoint)) = line.split_once("listening on ")
                        && let Some(found) = found.take()
                    {
                        let _ = found.send(endpoint.split_whitespace().next().unwrap_or_default().to_owned());
                    }
                    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                    log.push_str(&line);
                    log.push('\n');
                }
            }
        });
        let endpoint = timeout(START_LIMIT, endpoint).await;
        let log_so_far = || log.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Ok(Ok(endpoint)) = endpoint else {
            panic!("the gateway printed no endpoint:\n{}", log_so_far())
        };
        Self { child, log, endpoint }
    }

    /// What it wrote to stderr.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it by SIGTERM, which it must obey in time and with success.
    pub(crate) async fn stop(mut self) {
        let pid = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()))
            .expect("it still runs");
        kill_process(pid, Signal::TERM).expect("it can be signalled");
        let status = timeout(STOP_LIMIT, self.child.wait()).await;
        match status {
            Ok(Ok(status)) if status.success() => {}
            other => panic!("after SIGTERM: {other:?}\n{}", self.log()),
        }
    }
}

/// Waits until none of these processes is left.
pub(crate) async fn assert_gone(pids: &[i32]) {
    let deadline = Instant::now() + STOP_LIMIT;
    for pid in pids {
        let pid = Pid::from_raw(*pid).expect("a process id is above 0");
        while test_kill_process(pid).is_ok() {
            assert!(Instant::now() < deadline, "process {pid:?} outlived its gateway");
            sleep(Duration::from_millis(20)).await;
        }
    }
}
