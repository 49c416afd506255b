//! Our own stdin and stdout, of every kind, in processes of their own: this test binary executed again.
//!
//! The test harness prints to the same stdout before and after, so a parent looks only at the lines that are JSON.
#![cfg(all(target_os = "linux", feature = "stdio"))]

use rustix::fs::{OFlags, fcntl_getfl};
use std::fs::File;
use std::future::poll_fn;
use std::io::{Read, Seek, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::pin::Pin;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::runtime::{Builder, Runtime};
use tower_transport::BoxError;
use tower_transport::exchange::{ExchangeExt, unary};
use tower_transport::message::{Id, Kind, Message};
use tower_transport::mux::{End, Mux};
use tower_transport::stdio;

/// Far longer than anything here takes, so that only a hang reaches it.
const DEADLINE: Duration = Duration::from_secs(30);
const ROLE: &str = "TOWER_TRANSPORT_STDIO_ROLE";

// === The child ===

/// What the children of the other tests run. Without a role it does nothing.
#[test]
fn child() {
    let role = std::env::var(ROLE);
    if role.is_ok() {
        // Ends the line that the harness has begun.
        println!();
    }
    match role.as_deref() {
        Ok("serve") => serve(),
        Ok("leave") => leave(runtime()),
        Ok("leave workers") => leave(workers()),
        Ok("ask") => ask(),
        Ok("again") => again(),
        Ok("print") => print(),
        Ok("orphan") => {
            let (reader, writer) = std::io::pipe().unwrap();
            orphan(reader, writer);
        }
        Ok("orphan of a named FIFO") => orphan_of_a_named_fifo(),
        Ok("full") => full(),
        Ok(role) => panic!("no such role: {role}"),
        Err(_) => {}
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn workers() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// As many calls at once as any test makes, and as long to finish as it takes.
fn mux() -> Mux {
    Mux::new().max_in_flight(4096).drain(DEADLINE)
}

fn report(outcome: &Result<(), stdio::ServeError>) {
    match outcome {
        Ok(()) => eprintln!("served"),
        Err(error) => eprintln!("failed: {error}; gone: {}", error.is_peer_gone()),
    }
}

/// `flags`: the status flags of the descriptors 0 to 2 while they are in use. Everything else is an echo.
async fn answer(request: Message) -> Result<Option<Message>, BoxError> {
    if request.kind() == Kind::Notification {
        return Ok(None);
    }
    let answer = match request.method().as_deref() {
        Some("flags") => {
            let (input, output, error) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
            let flags = [fcntl_getfl(input)?, fcntl_getfl(output)?, fcntl_getfl(error)?];
            Message::response(&Id::null(), &flags.map(|flags| flags.contains(OFlags::NONBLOCK)))?
        }
        _ => Message::response(&Id::null(), &request.decode::<serde_json::Value>()?)?,
    };
    Ok(Some(answer))
}

/// Leaves the runtime while stdin has no more to read and stdout takes no more.
fn leave(runtime: Runtime) -> ! {
    let guard = runtime.enter();
    let (mut stdin, mut stdout) = (stdio::stdin().unwrap(), stdio::stdout().unwrap());
    let mut space = [0; 64];
    let read = runtime.block_on(stdin.read(&mut space)).unwrap();
    assert_ne!(read, 0);
    runtime.block_on(poll_fn(|cx| {
        let read = Pin::new(&mut stdin).poll_read(cx, &mut ReadBuf::new(&mut space));
        assert!(read.is_pending());
        match Pin::new(&mut stdout).poll_write(cx, &[b'x'; 4096]) {
            Poll::Ready(written) => {
                written.unwrap();
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Pending => Poll::Ready(()),
        }
    }));
    drop(guard);
    drop(runtime);
    eprintln!("left");
    #[expect(clippy::exit, reason = "the test harness would print to the full stdout")]
    std::process::exit(0);
}

/// Calls the client on its own account.
fn ask() {
    runtime().block_on(async {
        let (mut client, driver) = stdio::connect(mux(), unary(answer)).unwrap();
        let call = client.request(Message::request(&Id::string("ours"), "roots/list", &()).unwrap());
        // The answer and the end of stdin may come in one turn of the driver.
        let (answer, end) = tokio::join!(call, driver);
        eprintln!("client said {}", answer.unwrap().payload().unwrap());
        assert!(matches!(end, End::Eof));
    });
}

/// Opens stdin a second time, before and after the first is dropped; and outside of a runtime.
fn again() {
    let outside = stdio::stdin().unwrap_err();
    eprintln!("outside: {outside}");
    let runtime = runtime();
    let _guard = runtime.enter();
    let first = stdio::stdin().unwrap();
    let refused = stdio::stdin().unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ResourceBusy);
    drop(first);
    let _second = stdio::stdin().unwrap();
    eprintln!("opened again");
}

/// Writes more than a thread holds, flushes, and leaves without a word.
fn print() {
    runtime().block_on(async {
        let mut stdout = stdio::stdout().unwrap();
        for n in 0..5000 {
            let line = format!("{{\"n\":{n},\"pad\":\"{}\"}}\n", "x".repeat(100));
            stdout.write_all(line.as_bytes()).await.unwrap();
        }
        stdout.flush().await.unwrap();
    });
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
}

/// Serves where nobody reads stdout any more.
fn orphan(reader: impl Into<OwnedFd>, writer: impl Into<OwnedFd>) {
    rustix::stdio::dup2_stdout(writer.into()).unwrap();
    drop(reader.into());
    serve();
}

fn orphan_of_a_named_fifo() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
    // Opened both ways it waits for nobody.
    let reader = File::options().read(true).write(true).open(&path).unwrap();
    let writer = File::options().write(true).open(&path).unwrap();
    orphan(reader, writer);
}

/// Serves where stdout takes nothing.
fn full() {
    rustix::stdio::dup2_stdout(File::options().write(true).open("/dev/full").unwrap()).unwrap();
    serve();
}

fn serve() {
    report(&runtime().block_on(stdio::serve_with(mux(), unary(answer))));
}

// === The parent ===

fn spawn(role: &str, stdin: impl Into<Stdio>, stdout: impl Into<Stdio>, stderr: impl Into<Stdio>) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .stdin(stdin)
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .unwrap()
}

/// Runs this on a thread, and fails if it hangs.
fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(work()));
    told.recv_timeout(DEADLINE)
        .unwrap_or_else(|_| panic!("hangs or has failed: {what}"))
}

/// The child's end: its output so far unread, and its status.
fn finish(child: Child) -> Output {
    in_time("the child ends", move || child.wait_with_output().unwrap())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn assert_served(output: &Output) {
    assert!(said(output).contains("served"), "{}", said(output));
}

fn json(output: &[u8]) -> Vec<serde_json::Value> {
    let text = std::str::from_utf8(output).unwrap();
    let lines = text.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn next_json(from: &mut impl Read) -> serde_json::Value {
    loop {
        let mut line = Vec::new();
        loop {
            let mut byte = [0];
            from.read_exact(&mut byte).unwrap();
            if byte[0] == b'\n' {
                break;
            }
            line.push(byte[0]);
        }
        if line.starts_with(b"{") {
            return serde_json::from_slice(&line).unwrap();
        }
    }
}

fn request(id: usize, method: &str, params: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}\n")
}

fn blocks(fd: impl AsFd) -> bool {
    !fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK)
}

fn file_with(content: &str) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file.rewind().unwrap();
    file
}

fn content_of(mut file: &File) -> Vec<u8> {
    file.rewind().unwrap();
    std::io::read_to_string(file).unwrap().into_bytes()
}

/// A descriptor on which a read takes the count, and at 0 waits for ever (`eventfd(2)`).
fn counter(count: u32) -> OwnedFd {
    rustix::event::eventfd(count, rustix::event::EventfdFlags::CLOEXEC).unwrap()
}

// === Flags ===

// PITFALLS 42
#[test]
fn a_pipe_keeps_its_flags_also_for_those_who_share_it() {
    let (theirs_in, mut input) = std::io::pipe().unwrap();
    let (mut output, theirs_out) = std::io::pipe().unwrap();
    let shared = (theirs_in.try_clone().unwrap(), theirs_out.try_clone().unwrap());
    // As `2>&1` does.
    let error = theirs_out.try_clone().unwrap();
    let child = spawn("serve", theirs_in, theirs_out, error);

    input.write_all(request(1, "flags", "{}").as_bytes()).unwrap();
    let (answer, output) = in_time("an answer", move || (next_json(&mut output), output));
    assert_eq!(answer["result"], serde_json::json!([false, false, false]));
    assert!(blocks(&shared.0) && blocks(&shared.1));

    drop((input, shared));
    let mut output = output;
    let rest = in_time("the end", move || {
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        rest
    });
    assert!(rest.contains("served"), "{rest}");
    finish(child);
}

// PITFALLS 42
#[test]
fn a_socket_serves_both_ways_and_keeps_its_flags_also_for_those_who_share_it() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let shared = theirs.try_clone().unwrap();
    let output = OwnedFd::from(theirs.try_clone().unwrap());
    let child = spawn("serve", OwnedFd::from(theirs), output, Stdio::piped());

    ours.write_all(request(1, "flags", "{}").as_bytes()).unwrap();
    let (answer, ours) = in_time("an answer", move || (next_json(&mut ours), ours));
    assert_eq!(answer["result"], serde_json::json!([false, false, false]));
    assert!(blocks(&shared));

    drop(shared);
    ours.shutdown(Shutdown::Write).unwrap();
    assert_served(&finish(child));
}

// === Every kind carries what is large, to the end ===

/// So many requests that their answers fit neither a pipe nor a socket nor a thread's hand-over.
fn requests() -> String {
    let pad = format!("\"{}\"", "x".repeat(2000));
    let many = (0..1000).map(|id| request(id, "echo", &pad));
    let large = request(1000, "echo", &format!("\"{}\"", "y".repeat(3 << 20)));
    many.chain([large]).collect()
}

fn assert_all_answered(output: &[u8]) {
    let answers = json(output);
    let mut ids: Vec<_> = answers.iter().map(|answer| answer["id"].as_u64().unwrap()).collect();
    ids.sort_unstable();
    assert!(ids.iter().copied().eq(0..=1000), "{} of 1001 answers", ids.len());
    assert!(answers.iter().all(|answer| answer["result"].is_string()));
}

#[test]
fn the_last_answers_are_not_lost_in_a_pipe() {
    let mut child = spawn("serve", Stdio::piped(), Stdio::piped(), Stdio::piped());
    let mut input = child.stdin.take().unwrap();
    std::thread::spawn(move || input.write_all(requests().as_bytes()));

    let output = finish(child);
    assert_served(&output);
    assert_all_answered(&output.stdout);
}

#[test]
fn the_last_answers_are_not_lost_in_a_socket() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let output = OwnedFd::from(theirs.try_clone().unwrap());
    let child = spawn("serve", OwnedFd::from(theirs), output, Stdio::piped());
    let mut writes = ours.try_clone().unwrap();
    std::thread::spawn(move || {
        writes.write_all(requests().as_bytes()).unwrap();
        writes.shutdown(Shutdown::Write).unwrap();
    });

    let answers = in_time("the end", move || {
        let mut answers = Vec::new();
        ours.read_to_end(&mut answers).unwrap();
        answers
    });
    assert_served(&finish(child));
    assert_all_answered(&answers);
}

#[test]
fn the_last_answers_are_not_lost_in_a_file() {
    let answers = tempfile::tempfile().unwrap();
    let theirs = answers.try_clone().unwrap();
    assert_served(&finish(spawn("serve", file_with(&requests()), theirs, Stdio::piped())));
    assert_all_answered(&content_of(&answers));
}

#[test]
fn what_was_flushed_to_a_file_survives_the_process() {
    let printed = tempfile::tempfile().unwrap();
    let theirs = printed.try_clone().unwrap();
    let output = finish(spawn("print", Stdio::null(), theirs, Stdio::piped()));
    assert!(
        output.status.code().is_none(),
        "it has killed itself: {}",
        output.status
    );
    let lines = json(&content_of(&printed));
    let numbers = lines.iter().map(|line| line["n"].as_u64().unwrap());
    assert!(numbers.eq(0..5000), "{} of 5000 lines", lines.len());
}

// === The end of stdin ===

#[test]
fn crlf_and_a_last_line_without_newline_are_read() {
    let lines = request(1, "echo", "[1]").replace('\n', "\r\n") + request(2, "echo", "[2]").trim_end();
    for stdin in [Stdio::piped(), file_with(&lines).into()] {
        let mut child = spawn("serve", stdin, Stdio::piped(), Stdio::piped());
        if let Some(mut input) = child.stdin.take() {
            input.write_all(lines.as_bytes()).unwrap();
        }
        let output = finish(child);
        assert_served(&output);
        let results: Vec<_> = json(&output.stdout)
            .iter()
            .map(|answer| answer["result"][0].clone())
            .collect();
        assert_eq!(results, [1, 2]);
    }
}

#[test]
fn an_empty_stdin_ends_serving() {
    assert_served(&finish(spawn("serve", Stdio::null(), Stdio::null(), Stdio::piped())));
}

// PITFALLS 42
#[test]
fn runtime_shutdown_does_not_wait_for_a_silent_stdin_or_a_full_stdout() {
    for role in ["leave", "leave workers"] {
        let (mut input, stdin) = UnixStream::pair().unwrap();
        let (_unread, stdout) = UnixStream::pair().unwrap();
        input.write_all(b"x").unwrap();
        assert_leaves(role, stdin, stdout);

        let (stdin, mut input) = std::io::pipe().unwrap();
        let (_unread, stdout) = std::io::pipe().unwrap();
        input.write_all(b"x").unwrap();
        assert_leaves(role, stdin, stdout);

        // Neither of these is a pipe or a stream.
        let (_unread, stdout) = UnixDatagram::pair().unwrap();
        assert_leaves(role, counter(1), stdout);
    }
}

fn assert_leaves(role: &str, stdin: impl Into<OwnedFd>, stdout: impl Into<OwnedFd>) {
    let output = finish(spawn(role, stdin.into(), stdout.into(), Stdio::piped()));
    assert!(said(&output).contains("left"), "{}", said(&output));
}

// === Errors ===

#[test]
fn an_error_of_the_thread_that_writes_reaches_the_caller() {
    let child = spawn(
        "full",
        file_with(&request(1, "echo", "[]")),
        Stdio::null(),
        Stdio::piped(),
    );
    let said = said(&finish(child));
    assert!(said.contains("writing to the peer failed: No space left"), "{said}");
}

#[test]
fn an_error_of_the_thread_that_reads_reaches_the_caller() {
    let directory = File::open("/").unwrap();
    let said = said(&finish(spawn("serve", directory, Stdio::null(), Stdio::piped())));
    assert!(said.contains("reading from the peer failed: Is a directory"), "{said}");
}

#[test]
fn a_stdout_that_nobody_reads_is_an_error_of_the_first_answer() {
    // The first can be opened again, the second can't.
    for role in ["orphan", "orphan of a named FIFO"] {
        let stdin = file_with(&request(1, "echo", "[]"));
        let said = said(&finish(spawn(role, stdin, Stdio::null(), Stdio::piped())));
        assert!(said.contains("Broken pipe") && said.contains("gone: true"), "{said}");
    }
}

#[test]
fn stdin_has_one_reader_at_a_time() {
    let child = spawn("again", Stdio::piped(), Stdio::null(), Stdio::piped());
    let said = said(&finish(child));
    assert!(said.contains("outside: ") && said.contains("opened again"), "{said}");
}

// === The other direction ===

#[test]
fn a_server_calls_its_client() {
    let mut child = spawn("ask", Stdio::piped(), Stdio::piped(), Stdio::piped());
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (call, output) = in_time("a call", move || (next_json(&mut output), output));
    assert_eq!(call["method"], "roots/list");
    writeln!(input, r#"{{"jsonrpc":"2.0","id":{},"result":"roots"}}"#, call["id"]).unwrap();
    drop(input);
    let said = said(&finish(child));
    assert!(said.contains("client said \"roots\""), "{said}");
    drop(output);
}
