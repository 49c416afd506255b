//! What to run.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::StopPolicy;
use http::Extensions;
use tower_transport_layers::Target;

/// A closure that is shown each line of a child's standard error.
pub(super) type Tap = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// What to spawn, and how to stop it. It can be spawned again and again, which is what a supervisor does.
///
/// The child inherits the environment and the working directory unless told otherwise. Its three standard streams are pipes.
///
/// `Debug` shows the names of environment variables and never their values, which are often secrets.
#[derive(Clone)]
#[must_use]
pub struct Command {
    pub(super) program: OsString,
    pub(super) args: Vec<OsString>,
    pub(super) env_clear: bool,
    /// In the order of the calls. `None` removes the variable.
    pub(super) envs: Vec<(OsString, Option<OsString>)>,
    pub(super) current_dir: Option<PathBuf>,
    pub(super) stop: StopPolicy,
    pub(super) stderr_tail: usize,
    pub(super) on_stderr: Option<Tap>,
    extensions: Extensions,
}

impl Command {
    /// Runs `program`, which is looked up in `PATH` if it holds no slash.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            env_clear: false,
            envs: Vec::new(),
            current_dir: None,
            stop: StopPolicy::new(),
            stderr_tail: 64 * 1024,
            on_stderr: None,
            extensions: Extensions::new(),
        }
    }

    /// Adds one argument. No shell sees it.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets one environment variable.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.envs
            .push((name.as_ref().to_owned(), Some(value.as_ref().to_owned())));
        self
    }

    /// Takes one environment variable away.
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.envs.push((name.as_ref().to_owned(), None));
        self
    }

    /// Starts from an empty environment, and forgets the variables that were set before this call.
    pub fn env_clear(mut self) -> Self {
        self.env_clear = true;
        self.envs.clear();
        self
    }

    /// Sets the working directory. A relative `program` with a slash in it is best avoided together with this: which directory it is
    /// relative to depends on the platform.
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.current_dir = Some(directory.as_ref().to_owned());
        self
    }

    /// Sets how long [`Process::stop`](super::Process::stop) waits between its steps.
    pub fn stop_policy(mut self, policy: StopPolicy) -> Self {
        self.stop = policy;
        self
    }

    /// Sets how many of the last bytes of standard error are kept. 64 KiB unless set; 0 keeps none (standard error is still read).
    pub fn stderr_tail(mut self, bytes: usize) -> Self {
        self.stderr_tail = bytes;
        self
    }

    /// Shows each line of standard error to `tap`, without its line ending and cut after 8 KiB.
    ///
    /// The closure runs on the runtime that reads the pipe, so it must not block. One that panics is not called again.
    pub fn on_stderr(mut self, tap: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        self.on_stderr = Some(Arc::new(tap));
        self
    }

    /// What the layers over a connector left for the transport that is put over the child. A spawn makes nothing of it.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The program, as given to [`Command::new`].
    #[must_use]
    pub fn program(&self) -> &OsStr {
        &self.program
    }
}

impl Target for Command {
    fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }
}

// By hand: the tap is a closure, and the values of variables are often secrets.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.envs.iter().map(|(name, _)| name).collect();
        f.debug_struct("Command")
            .field("program", &self.program)
            .field("args", &self.args)
            .field("env_clear", &self.env_clear)
            .field("envs", &names)
            .field("current_dir", &self.current_dir)
            .field("stop", &self.stop)
            .field("stderr_tail", &self.stderr_tail)
            .field("on_stderr", &self.on_stderr.is_some())
            .finish()
    }
}
