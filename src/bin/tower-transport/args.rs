//! The command line.

use crate::endpoint::Endpoint;
use crate::failure::{Failure, Kind};
use crate::units::{self, Limit};
use clap::error::ErrorKind;
use clap::{Parser, ValueEnum};
use std::ffi::OsString;
use std::time::Duration;
use tower_transport::mux::Mux;

/// Publishes an MCP server that runs as a child process, over HTTP or over stdin and stdout.
///
/// Clients of MCP 2025-03-26 to 2026-07-28 are served at one endpoint. Without COMMAND, a demo server is published.
#[derive(Debug, Parser)]
#[command(name = "tower-transport", version, after_help = AFTER_HELP, max_term_width = 120)]
pub(crate) struct Args {
    /// Where clients connect: stdio, or http://HOST:PORT/PATH (port 0 takes a free one)
    #[arg(long, value_name = "ENDPOINT", default_value = "http://127.0.0.1:8080/mcp")]
    pub(crate) from: Endpoint,

    /// Where the server is, if it is not to be started as a COMMAND. No kind of endpoint works here yet
    #[arg(long, value_name = "ENDPOINT", conflicts_with = "command")]
    pub(crate) to: Option<String>,

    /// The server to start, and its arguments. It speaks MCP over its stdin and stdout
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,

    /// What a child is started for. Requests that need no session share one in either case
    #[arg(long, value_enum, default_value_t = Children::PerSession, help_heading = "Children")]
    pub(crate) children: Children,

    /// Calls that one child runs at once; more wait
    #[arg(long, value_name = "CALLS", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=65_536), help_heading = "Limits")]
    pub(crate) max_in_flight: u32,

    /// Bytes of one message, either way
    #[arg(long, value_name = "SIZE", default_value = "4MiB", value_parser = units::size, help_heading = "Limits")]
    pub(crate) max_message_size: usize,

    /// Sessions at once; more are refused
    #[arg(long, value_name = "SESSIONS", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = "Limits")]
    pub(crate) max_sessions: u32,

    /// How long a session may be idle before it ends, with its child
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = units::duration, help_heading = "Limits")]
    pub(crate) session_idle: Duration,

    /// How long a call may be silent before it is cancelled, or none. It does not count while the client is asked something
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = units::limit, help_heading = "Limits")]
    pub(crate) idle_timeout: Limit,

    /// How long a call may take in all, or none
    #[arg(long, value_name = "DURATION", default_value = "none", value_parser = units::limit, help_heading = "Limits")]
    pub(crate) total_timeout: Limit,

    /// How long a client may read nothing of a response that is being written; then its connection is closed
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = units::duration, help_heading = "Limits")]
    pub(crate) write_stall: Duration,

    /// How long calls may take to finish after SIGTERM or Ctrl-C; then they fail
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = units::duration, help_heading = "Limits")]
    pub(crate) drain: Duration,

    /// A value of the Origin header to allow beside loopback, as https://app.example.com; * for all. May be repeated
    #[arg(long, value_name = "ORIGIN", help_heading = "Access")]
    pub(crate) allow_origin: Vec<String>,

    /// A value of the Host header to allow beside loopback, as mcp.example.com; * for all. May be repeated
    #[arg(long, value_name = "HOST", help_heading = "Access")]
    pub(crate) allow_host: Vec<String>,

    /// Be the demo server. It is how the gateway starts it
    #[arg(long, hide = true)]
    pub(crate) demo_server: bool,
}

/// What a child is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Children {
    /// Each session of a client (MCP up to 2025-11-25) gets a child of its own
    PerSession,
    /// All clients share one child
    Shared,
}

const AFTER_HELP: &str = "\
Durations are written as 500ms, 2s, 5m or 1h; sizes in bytes, or as 512KiB or 4MiB.

Beside an http:// endpoint are served:
  /healthz  200 while the gateway runs
  /readyz   200 while the server behind it can run, else 503 and why

Logs go to stderr. RUST_LOG sets what is logged: warn by default; info adds each start and end of a
child, debug what children write to their stderr.

Examples:
  tower-transport
      the demo server, at http://127.0.0.1:8080/mcp
  tower-transport -- npx -y @modelcontextprotocol/server-everything
      a server from npm, at the same place
  tower-transport --from http://0.0.0.0:80/mcp --allow-host mcp.example.com -- ./server --flag
      for other machines, which know this one by that name
  tower-transport --from stdio -- ./server
      a server with limits, for a client that starts commands

SIGTERM and Ctrl-C stop it gracefully: calls may finish (--drain), then children are stopped
(at most 7 s). A second one stops it at once.

Exit codes:
  0        stopped as asked, or stdin ended
  1        something else went wrong
  2        the command line is wrong
  3        the endpoint can't be listened on
  4        the command can't be started
  5        the child ended by itself (--from stdio)
  130/143  stopped at once, by a second Ctrl-C / SIGTERM";

impl Args {
    /// Reads the command line. `Err(Ok(text))` is the help or the version, which were asked for.
    pub(crate) fn read() -> Result<Args, Result<String, Failure>> {
        let args = Args::try_parse().map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Ok(error.render().to_string()),
            _ => Err(usage(&error.render().to_string())),
        })?;
        args.check().map_err(Err)?;
        Ok(args)
    }

    /// What a connection to a child, or to a client over stdio, is bounded by.
    pub(crate) fn mux(&self) -> Mux {
        Mux::new()
            .max_in_flight(self.max_in_flight as usize)
            .max_message_size(self.max_message_size)
    }

    fn check(&self) -> Result<(), Failure> {
        let Some(to) = &self.to else { return Ok(()) };
        Err(Failure::new(
            Kind::Usage,
            format!("--to {to} does not work yet: start the server as a command, as in: tower-transport -- ./server"),
        ))
    }
}

/// The first paragraph of clap's message, which is the one that says what is wrong, as one line.
fn usage(rendered: &str) -> Failure {
    let said = rendered.split("\n\n").next().unwrap_or_default();
    let said = said.strip_prefix("error: ").unwrap_or(said);
    Failure::new(Kind::Usage, format!("{said}; see tower-transport --help"))
}

#[cfg(test)]
mod tests {
    use super::Args;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
