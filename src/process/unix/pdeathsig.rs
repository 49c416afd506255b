//! The parent-death signal: the kernel kills the child when this process dies, however it dies.

#![allow(unsafe_code)]

use std::{os::unix::process::CommandExt, process::Command};

use rustix::{
    io::Errno,
    process::{Signal, getpid, getppid, set_parent_process_death_signal},
};

/// Has the kernel send `SIGKILL` to the child when the *thread* that spawns it ends (`prctl(2)`, `PR_SET_PDEATHSIG`).
///
/// So the command must be spawned on a thread that lives as long as this process: see the `spawner` module.
pub(super) fn arm(command: &mut Command) {
    let host = getpid();
    let in_the_child = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // Had the host died before that call, no signal would ever come. `None` is a parent outside our PID namespace, which tells nothing.
        if getppid().is_some_and(|parent| parent != host) {
            return Err(Errno::SRCH.into());
        }
        Ok(())
    };
    // SAFETY: the closure runs between fork and exec, where only async-signal-safe calls are allowed. It makes two system calls, `prctl` and
    // `getppid`, which rustix issues directly. It takes no lock and does not allocate: it captures a number, and both errors are bare OS
    // codes. It cannot panic.
    unsafe {
        command.pre_exec(in_the_child);
    }
}
