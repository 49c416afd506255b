use crate::mux::End;
use std::error::Error;
use std::fmt;
use std::io;

/// Why serving on stdin and stdout has ended otherwise than by EOF.
#[derive(Debug)]
pub struct ServeError(Kind);

#[derive(Debug)]
enum Kind {
    Open { stream: &'static str, error: io::Error },
    Ended(End),
}

impl ServeError {
    pub(super) fn open(stream: &'static str, error: io::Error) -> ServeError {
        ServeError(Kind::Open { stream, error })
    }

    pub(super) fn unless_eof(end: End) -> Result<(), ServeError> {
        match end {
            End::Eof => Ok(()),
            end => Err(ServeError(Kind::Ended(end))),
        }
    }

    /// How the connection has ended; `None` when it never began.
    pub fn end(&self) -> Option<&End> {
        match &self.0 {
            Kind::Open { .. } => None,
            Kind::Ended(end) => Some(end),
        }
    }

    /// Whether the client has gone away without closing stdin first, for which there may be no more to do than to exit.
    pub fn is_peer_gone(&self) -> bool {
        matches!(
            self.end(),
            Some(End::Read(error) | End::Write(error))
                if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
        )
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Open { stream, error } => write!(f, "{stream} can't be used: {error}"),
            Kind::Ended(end) => write!(f, "serving on stdin and stdout has failed: {end}"),
        }
    }
}

impl Error for ServeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Open { error, .. } | Kind::Ended(End::Read(error) | End::Write(error)) => Some(error),
            Kind::Ended(End::Handler(error)) => Some(&**error),
            Kind::Ended(_) => None,
        }
    }
}
