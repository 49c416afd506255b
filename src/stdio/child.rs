use crate::exchange::{Call, Reply};
use crate::mux::{Connection, Disconnected, Driver, Error, Items, Mux, Nobody, ResponseFuture, Stats};
use crate::process::{ChildStdin, ChildStdout, Command, Exit, Killer, Process, SpawnError, StderrTail};
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::watch;
use tower_service::Service;

/// A child process as an exchange: its stdin and stdout carry the messages. A clone is a handle on the same child.
///
/// It is ready while the child runs and fewer calls are in flight than the [`Mux`] allows. An error from `poll_ready` means that the child
/// has ended for good; like the error of each call that was in flight, it says how, with the exit status and the last lines of stderr.
///
/// [`close`](Child::close) stops the child step by step. Dropping the last handle and the last reply kills its whole group at once, with or
/// without a runtime.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_transport::BoxError> {
/// use tower_transport::exchange::ExchangeExt;
/// use tower_transport::message::{Id, Message};
/// use tower_transport::process::Command;
/// use tower_transport::stdio::Child;
///
/// // A server that answers one request.
/// let script = r#"read line; echo '{"jsonrpc":"2.0","id":4160,"result":"hello"}'; cat >/dev/null"#;
/// # let script = r#"read line; id=${line#*\"id\":}; echo "{\"jsonrpc\":\"2.0\",\"id\":${id%%,*},\"result\":\"hello\"}"; cat >/dev/null"#;
/// let mut child = Child::spawn(&Command::new("sh").args(["-c", script]))?;
/// let answer = child.request(Message::request(&Id::string("a"), "greet", &())?).await?;
/// assert_eq!(answer.payload(), Some(r#""hello""#));
/// assert_eq!(answer.id(), Some(Id::string("a")));
///
/// let ended = child.close().await;
/// assert!(ended.exit().is_some_and(|exit| exit.success()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Child {
    connection: Connection,
    handle: Arc<Handle>,
}

#[derive(Debug)]
struct Handle {
    pid: u32,
    killer: Killer,
    stderr: StderrTail,
    ended: watch::Receiver<Option<ChildEnded>>,
}

/// How a child has ended, and why.
#[derive(Debug, Clone)]
pub struct ChildEnded {
    program: Arc<str>,
    exit: Option<Exit>,
    end: Arc<str>,
}

/// How long a child that closed its stdout may take to exit, before the calls in flight fail without its status.
const EXIT_GRACE: Duration = Duration::from_millis(500);

impl Child {
    /// Spawns a child that speaks MCP in lines of JSON, with the default bounds.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] when the program can't be started, or outside of a tokio runtime.
    ///
    /// # Panics
    ///
    /// If the runtime was built without I/O or without time. No child is left behind.
    pub fn spawn(command: &Command) -> Result<Child, SpawnError> {
        Child::spawn_with(command, Mux::new())
    }

    /// Spawns a child with another protocol or other bounds. What is in the command's extensions has precedence, see [`Mux::for_target`].
    ///
    /// # Errors
    ///
    /// [`SpawnError`] when the program can't be started, or outside of a tokio runtime.
    ///
    /// # Panics
    ///
    /// If the runtime was built without I/O or without time. No child is left behind.
    pub fn spawn_with(command: &Command, mux: Mux) -> Result<Child, SpawnError> {
        let (child, start) = Child::prepare(command, mux)?;
        start();
        Ok(child)
    }

    /// Spawns a child and listens to what it says outside of its answers, from its first word on.
    ///
    /// A child that asks something of its own accord is refused while nobody listens, and a call that listens comes too late for what the
    /// child says at once.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] when the program can't be started, or outside of a tokio runtime.
    ///
    /// # Panics
    ///
    /// If the runtime was built without I/O or without time. No child is left behind.
    pub fn spawn_listening(command: &Command, mux: Mux) -> Result<(Child, Items), SpawnError> {
        let (child, start) = Child::prepare(command, mux)?;
        let strays = child.connection.listen();
        start();
        Ok((child, strays))
    }

    /// A child whose stdout is read once the closure was called.
    fn prepare(command: &Command, mux: Mux) -> Result<(Child, impl FnOnce()), SpawnError> {
        let mux = mux.for_target(command.extensions());
        let mut process = command.spawn()?;
        let stdin = process.take_stdin().expect("taken once");
        let stdout = process.take_stdout().expect("taken once");
        let killer = process.killer();
        let (connection, driver) = mux.connect_with(stdout, stdin, KillOnDrop(killer.clone()));
        let (tell, ended) = watch::channel(None);
        let handle = Handle {
            pid: process.id(),
            killer,
            stderr: process.stderr_tail(),
            ended,
        };
        let program = command.program().to_string_lossy().into();
        let child = Child {
            connection,
            handle: Arc::new(handle),
        };
        let task = async move {
            let ended = run(program, process, driver).await;
            // Whoever asks later finds it; there may be nobody.
            tell.send_replace(Some(ended));
        };
        Ok((child, move || drop(tokio::spawn(task))))
    }

    /// The process id, which is also that of the child's group.
    pub fn id(&self) -> u32 {
        self.handle.pid
    }

    /// Stops the child: takes no more calls, writes what is queued, closes its stdin and reads the answers that still come; then, after the
    /// times of its [`StopPolicy`](crate::process::StopPolicy), SIGTERM and SIGKILL to its group.
    ///
    /// # Cancel safety
    ///
    /// The child is stopped even if the future is dropped, as long as a handle or a reply is left; dropping the last one kills at once.
    pub async fn close(&self) -> ChildEnded {
        self.connection.close();
        self.closed().await
    }

    /// Whether the child takes no more calls, as it has ended or is being closed. Then it is never ready again.
    pub fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }

    /// Kills the child's whole group now.
    pub fn kill(&self) {
        self.handle.killer.kill();
    }

    /// Waits until the child has ended, for whatever reason, and has been reaped.
    ///
    /// May be called again, and then answers at once.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the future only waits.
    pub async fn closed(&self) -> ChildEnded {
        let mut ended = self.handle.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(ended) => ended.clone().expect("waited for it"),
            Err(_) => ChildEnded {
                program: "child".into(),
                exit: None,
                end: "the runtime that drove it has gone".into(),
            },
        }
    }

    /// The last bytes of the child's stderr so far.
    pub fn stderr_tail(&self) -> StderrTail {
        self.handle.stderr.clone()
    }

    /// What the connection has counted since it began.
    pub fn stats(&self) -> Stats {
        self.connection.stats()
    }

    /// How many calls are in flight or reserved, and how many of the child's requests wait for their answer.
    pub fn in_flight(&self) -> (usize, usize) {
        self.connection.in_flight()
    }
}

impl Service<Call> for Child {
    type Response = Reply<Items>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.connection.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> ResponseFuture {
        self.connection.call(call)
    }
}

/// Goes with the last handle or reply: nobody wants anything of the child any more.
struct KillOnDrop(Killer);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        self.0.kill();
    }
}

type ChildDriver = Driver<ChildStdout, ChildStdin, Nobody>;

/// The one task of a child. It owns the process and ends with it.
async fn run(program: Arc<str>, mut process: Process, mut driver: ChildDriver) -> ChildEnded {
    let end = poll_fn(|cx| driver.poll_until_closing(cx)).await;
    let Some(end) = end else {
        return close(program, process, driver).await;
    };
    let end: Arc<str> = end.to_string().into();
    let exit = tokio::time::timeout(EXIT_GRACE, process.wait()).await.ok();
    let ended = ChildEnded { program, exit, end };
    driver.close(Disconnected::new(ended.clone()));
    if ended.exit.is_some() {
        return ended;
    }
    drop(driver);
    ChildEnded {
        exit: Some(process.stop().await),
        ..ended
    }
}

async fn close(program: Arc<str>, mut process: Process, mut driver: ChildDriver) -> ChildEnded {
    let (exit, _) = tokio::join!(process.stop(), &mut driver);
    let ended = ChildEnded {
        program,
        exit: Some(exit),
        end: "it was closed on our side".into(),
    };
    driver.close(Disconnected::new(ended.clone()));
    ended
}

impl ChildEnded {
    /// The exit status and the last of stderr; `None` while the child has closed its stdout but not exited.
    pub fn exit(&self) -> Option<&Exit> {
        self.exit.as_ref()
    }
}

impl fmt::Display for ChildEnded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "child `{}` has ended: {}", self.program, self.end)?;
        match &self.exit {
            Some(exit) => write!(f, "; {exit}"),
            None => f.write_str("; it has not exited yet"),
        }
    }
}

impl std::error::Error for ChildEnded {}
