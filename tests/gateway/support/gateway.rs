use super::{Marker, signal};
use rustix::process::Signal;
use std::future::Future;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

pub(crate) const BIN: &str = env!("CARGO_BIN_EXE_tower-transport");

/// A running gateway with an http:// endpoint on a free port.
pub(crate) struct Gateway {
    child: Child,
    stderr: Lines<BufReader<ChildStderr>>,
    marker: Marker,
    /// `http://127.0.0.1:PORT`
    pub(crate) origin: String,
}

/// A bound for what takes as long as it takes: it is there for a test that fails, not for one that passes.
pub(crate) async fn within<T>(seconds: u64, what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(seconds), future)
        .await
        .unwrap_or_else(|_| panic!("{what}: not within {seconds} s"))
}

/// Runs the binary to its end, with nothing on its stdin.
pub(crate) async fn run(args: &[&str]) -> Output {
    let mut command = Command::new(BIN);
    command
        .args(args)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    within(30, "running to the end", command.output()).await.unwrap()
}

impl Gateway {
    /// A gateway in front of the demo server.
    pub(crate) async fn demo(flags: &[&str]) -> Gateway {
        Gateway::start(flags, &[]).await
    }

    /// A gateway in front of a command; of the demo server if it is empty.
    pub(crate) async fn start(flags: &[&str], server: &[&str]) -> Gateway {
        let marker = Marker::new();
        let (name, value) = marker.variable();
        let mut command = Command::new(BIN);
        command.args(["--from", "http://127.0.0.1:0/mcp"]).args(flags);
        if !server.is_empty() {
            command.arg("--").args(server);
        }
        command.env_remove("RUST_LOG").env(name, value);
        command.stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = within(30, "listening", stderr.next_line()).await.unwrap().unwrap();
        let url = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}"));
        let origin = url.strip_suffix("/mcp").unwrap().to_owned();
        Gateway {
            child,
            stderr,
            marker,
            origin,
        }
    }

    /// In front of a shell script that may become the demo server by `exec "$DEMO" --demo-server`.
    pub(crate) async fn script(flags: &[&str], script: &str) -> Gateway {
        let script = script.replace("$DEMO", BIN);
        Gateway::start(flags, &["sh", "-c", &script]).await
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("still runs")
    }

    /// The gateway's descendants.
    pub(crate) fn children(&self) -> Vec<u32> {
        let own = self.child.id();
        let mut found = self.marker.processes();
        found.retain(|pid| Some(*pid) != own);
        found
    }

    /// Waits until there are so many descendants.
    pub(crate) async fn until_children(&self, wanted: usize) {
        let reached = async {
            while self.children().len() != wanted {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        within(20, "the number of children", reached).await;
    }

    pub(crate) fn signal(&self, which: Signal) {
        signal(self.pid(), which);
    }

    /// Waits for the exit, and checks that no process is left.
    pub(crate) async fn exit(mut self) -> ExitStatus {
        let status = within(30, "the exit", self.child.wait()).await.unwrap();
        let gone = async {
            while !self.marker.processes().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        within(5, "the end of all children after the gateway's", gone).await;
        status
    }

    /// Asks it to stop, and waits for the exit.
    pub(crate) async fn terminate(self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.exit().await
    }

    pub(crate) async fn next_line(&mut self) -> String {
        within(10, "a line on stderr", self.stderr.next_line())
            .await
            .unwrap()
            .unwrap()
    }

    /// The open descriptors of the gateway itself.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }
}
