//! Why a process could not be spawned.

use std::{
    error::Error,
    ffi::{OsStr, OsString},
    fmt, io,
    path::PathBuf,
};

use super::Command;

/// A command that could not be spawned. No child is left behind.
#[derive(Debug)]
pub struct SpawnError {
    program: OsString,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    NoRuntime,
    NoDirectory(PathBuf, io::Error),
    NoInterpreter(io::Error),
    Os(io::Error),
}

impl SpawnError {
    pub(super) fn no_runtime(command: &Command) -> Self {
        Self {
            program: command.program.clone(),
            kind: Kind::NoRuntime,
        }
    }

    /// The kernel has one code for three things that can be missing; they are told apart here.
    pub(super) fn os(command: &Command, error: io::Error) -> Self {
        let program = command.program.clone();
        let missing = error.kind() == io::ErrorKind::NotFound;
        let kind = match &command.current_dir {
            Some(directory) if missing && !directory.is_dir() => Kind::NoDirectory(directory.clone(), error),
            _ if missing && is_path(&program) && std::fs::exists(&program).unwrap_or(false) => {
                Kind::NoInterpreter(error)
            }
            _ => Kind::Os(error),
        };
        Self { program, kind }
    }

    /// The program, as the command names it.
    #[must_use]
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// Whether there is no such program. A missing working directory or interpreter does not count.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(&self.kind, Kind::Os(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// Whether the program, or a directory on the way to it, may not be used by this user.
    #[must_use]
    pub fn is_permission_denied(&self) -> bool {
        matches!(&self.kind, Kind::Os(error) if error.kind() == io::ErrorKind::PermissionDenied)
    }

    /// Whether [`Command::spawn`] was called outside a tokio runtime.
    #[must_use]
    pub const fn is_no_runtime(&self) -> bool {
        matches!(self.kind, Kind::NoRuntime)
    }

    /// Whether this platform can't have child processes of this kind: so far it has to be a Unix.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(&self.kind, Kind::Os(error) if error.kind() == io::ErrorKind::Unsupported)
    }

    const fn io_error(&self) -> Option<&io::Error> {
        match &self.kind {
            Kind::NoRuntime => None,
            Kind::NoDirectory(_, error) | Kind::NoInterpreter(error) | Kind::Os(error) => Some(error),
        }
    }
}

fn is_path(program: &OsStr) -> bool {
    std::path::Path::new(program).components().count() > 1
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.program.display();
        match &self.kind {
            Kind::NoRuntime => write!(
                f,
                "cannot run `{program}` outside a tokio runtime; call `spawn` from within one"
            ),
            Kind::NoDirectory(directory, _) => {
                let directory = directory.display();
                write!(
                    f,
                    "cannot run `{program}` in `{directory}`: no such directory; check the working directory"
                )
            }
            Kind::NoInterpreter(_) => write!(
                f,
                "cannot run `{program}`: its interpreter is missing; check its first line"
            ),
            Kind::Os(error) => match error.kind() {
                io::ErrorKind::NotFound => {
                    write!(
                        f,
                        "command not found: `{program}`; check the name or give the full path"
                    )
                }
                io::ErrorKind::PermissionDenied => {
                    write!(
                        f,
                        "not allowed to run `{program}`; check that it is a file with execute permission"
                    )
                }
                io::ErrorKind::TimedOut => {
                    write!(
                        f,
                        "`{program}` was not started within 10 s; check the file system that holds it"
                    )
                }
                io::ErrorKind::Unsupported if cfg!(not(unix)) => {
                    write!(f, "cannot run `{program}`: child processes are supported on Unix only")
                }
                _ => write!(f, "cannot run `{program}`: {error}"),
            },
        }
    }
}

impl Error for SpawnError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.io_error().map(|error| error as _)
    }
}
