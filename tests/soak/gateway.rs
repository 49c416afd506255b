use crate::family::children;
use crate::fixture;
use crate::http::Connection;
use crate::processes::{Marker, signal};
use crate::tool::{Modern, Tool};
use rustix::process::Signal;
use std::collections::VecDeque;
use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// Sessions at once: fewer than the clients open, as most are left behind and take their time to idle out.
const MAX_SESSIONS: &str = "40";
/// A hang guard for what the gateway does after the clients have gone.
const PATIENCE: Duration = Duration::from_secs(60);
/// The last lines of its log, for a failure.
const LAST_WORDS: usize = 20;

/// The gateway under test, in front of the fixture server.
pub(crate) struct Gateway {
    child: Child,
    marker: Marker,
    pub(crate) address: SocketAddr,
    /// The child that calls without a session share, as far as they have told.
    pub(crate) shared: Arc<AtomicU32>,
    log: Arc<Mutex<VecDeque<String>>>,
    logging: JoinHandle<()>,
}

/// What a gateway holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Footprint {
    /// The resident set, in bytes.
    pub(crate) rss: usize,
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
    pub(crate) children: usize,
}

impl Gateway {
    pub(crate) async fn start() -> Gateway {
        let marker = Marker::new();
        let (name, value) = marker.variable();
        let mut command = Command::new(env!("CARGO_BIN_EXE_tower-transport"));
        command
            .args(["--from", "http://127.0.0.1:0/mcp", "--session-idle", "1s"])
            .args(["--max-sessions", MAX_SESSIONS, "--"])
            .arg(fixture::server().await)
            // How it stops is checked by what it says about it.
            .env("RUST_LOG", "error,tower_transport::gateway=info")
            .env(name, value)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.expect("a line in time");
        let line = line.unwrap().expect("a line");
        let url = line
            .strip_prefix("listening on http://")
            .unwrap_or_else(|| panic!("{line}"));
        let address = url.strip_suffix("/mcp").unwrap().parse().unwrap();
        let log: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let logging = tokio::spawn({
            let log = log.clone();
            async move {
                while let Some(line) = lines.next_line().await.unwrap() {
                    let mut log = log.lock().unwrap();
                    if log.len() == LAST_WORDS {
                        log.pop_front();
                    }
                    log.push_back(line);
                }
            }
        });
        Gateway {
            child,
            marker,
            address,
            shared: Arc::default(),
            log,
            logging,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("still runs")
    }

    /// Waits until all sessions have ended and all connections have closed, and measures with one child there: the shared one.
    pub(crate) async fn settle(&mut self) -> Footprint {
        let deadline = Instant::now() + PATIENCE;
        self.until_called(deadline).await;
        let mut last = self.measure();
        loop {
            // Real time, in another process: its threads and sockets end when they end.
            sleep(Duration::from_millis(1_500)).await;
            let now = self.measure();
            if now.children == 1 && now.descriptors == last.descriptors && now.threads == last.threads {
                return now;
            }
            assert!(Instant::now() < deadline, "it does not settle: {now}\n{}", self.log());
            last = now;
        }
    }

    /// Calls without a session, until that is answered: the shared child may rest after it was killed.
    async fn until_called(&self, deadline: Instant) {
        loop {
            let mut connection = Connection::open(self.address).await;
            let answer = connection.call(Modern, 1, &Tool::Pid).await;
            if answer.is_ok_and(|answer| answer.result().is_ok()) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "the shared child does not come back\n{}",
                self.log()
            );
            sleep(Duration::from_millis(200)).await;
        }
    }

    fn measure(&self) -> Footprint {
        let pid = self.pid();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let field = |name: &str| -> usize {
            let value = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            value.trim().trim_end_matches(" kB").parse().unwrap()
        };
        Footprint {
            rss: field("VmRSS:") << 10,
            threads: field("Threads:"),
            descriptors: fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(),
            children: self.descendants(),
        }
    }

    /// Its children, waited for or not, and theirs, whoever their parent has become.
    fn descendants(&self) -> usize {
        let mut all = self.marker.processes();
        all.retain(|pid| *pid != self.pid());
        all.extend(children(self.pid(), true));
        all.sort_unstable();
        all.dedup();
        all.len()
    }

    /// Asks it to stop: it does, with success, without a call or a session left, and leaves no process behind.
    pub(crate) async fn stop(mut self) {
        signal(self.pid(), Signal::TERM);
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status
            .unwrap_or_else(|_| panic!("it does not stop\n{}", self.log()))
            .unwrap();
        timeout(PATIENCE, &mut self.logging)
            .await
            .expect("the end of its log")
            .unwrap();
        let log = self.log();
        assert!(status.success(), "{status}\n{log}");
        assert!(log.contains("stopping calls=0 sessions=0"), "{log}");
        let deadline = Instant::now() + PATIENCE;
        while !self.marker.processes().is_empty() {
            assert!(Instant::now() < deadline, "left behind: {:?}", self.marker.processes());
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn log(&self) -> String {
        let log = self.log.lock().unwrap();
        log.iter().fold(String::new(), |text, line| text + line + "\n")
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Footprint {
            rss,
            descriptors,
            threads,
            children,
        } = self;
        let rss = rss >> 10;
        write!(
            f,
            "{rss} KiB, {descriptors} descriptors, {threads} threads, {children} children"
        )
    }
}
