//! From a command to a running process.

use std::{
    io,
    os::{fd::OwnedFd, unix::process::CommandExt},
    process::Stdio,
};

use tokio::runtime::Handle;

use super::{
    ChildStdin, ChildStdout, Command, Process, SpawnError, StderrTail,
    drain::{Drain, drain},
    output::Output,
    tree::Tree,
};

/// A child with its guard, and our ends of its pipes.
pub(super) struct Spawned {
    // First, so that the tree is killed before its pipes close.
    tree: Tree,
    stdin: OwnedFd,
    stdout: OwnedFd,
    stderr: OwnedFd,
}

impl Command {
    /// Spawns the child. It blocks for the few milliseconds that fork and exec take; on Linux it gives up on a file system that hangs after
    /// ten seconds.
    ///
    /// The reading of standard error begins at once, on the runtime in whose context this is called; that runtime needs I/O and time enabled.
    /// Dropping the returned [`Process`] kills the child and its whole group.
    ///
    /// # Errors
    ///
    /// If the program can't be run (see [`SpawnError::is_not_found`] and [`SpawnError::is_permission_denied`]), the operating system runs out of
    /// something, or there is no runtime. No child is left behind.
    ///
    /// # Panics
    ///
    /// If the runtime was built without I/O or without time. No child is left behind then either.
    pub fn spawn(&self) -> Result<Process, SpawnError> {
        let runtime = Handle::try_current().map_err(|_| SpawnError::no_runtime(self))?;
        self.start(&runtime).map_err(|error| SpawnError::os(self, error))
    }

    fn start(&self, runtime: &Handle) -> io::Result<Process> {
        #[cfg(target_os = "linux")]
        let spawned = super::spawner::spawn(self.to_std())?;
        #[cfg(not(target_os = "linux"))]
        let spawned = spawn_here(self.to_std())?;

        let Spawned {
            tree,
            stdin,
            stdout,
            stderr,
        } = spawned;
        let stdin = ChildStdin::new(stdin)?;
        let stdout = ChildStdout::new(Output::new(stdout, tree.group())?);
        let tail = StderrTail::new(self.stderr_tail);
        let pipe = Output::new(stderr, tree.group())?;
        let pid = tree.group().leader().as_raw_nonzero().get().cast_unsigned();
        let drain = runtime.spawn(drain(pipe, tail.clone(), self.on_stderr.clone(), pid));
        Ok(Process::new(tree, stdin, stdout, tail, Drain::new(drain), self.stop))
    }

    fn to_std(&self) -> std::process::Command {
        let mut command = std::process::Command::new(&self.program);
        command
            .args(&self.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        if self.env_clear {
            command.env_clear();
        }
        for (name, value) in &self.envs {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(directory) = &self.current_dir {
            command.current_dir(directory);
        }
        command
    }
}

/// Spawns on this very thread. The guard is armed before anything else can fail.
pub(super) fn spawn_here(mut command: std::process::Command) -> io::Result<Spawned> {
    let mut child = command.spawn()?;
    let tree = Tree::adopt(&child)?;
    let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(io::Error::other("a standard stream of the child is not a pipe"));
    };
    Ok(Spawned {
        tree,
        stdin: stdin.into(),
        stdout: stdout.into(),
        stderr: stderr.into(),
    })
}
