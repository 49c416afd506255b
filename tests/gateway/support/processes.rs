use rustix::process::{Pid, Signal, kill_process};
use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;

/// A variable in the environment by which all descendants of a process are found, whoever their parent has become.
pub(crate) struct Marker(String);

const NAME: &str = "TOWER_TRANSPORT_TEST_MARKER";

impl Marker {
    pub(crate) fn new() -> Marker {
        Marker(format!("{:x}", RandomState::new().hash_one(0)))
    }

    pub(crate) fn variable(&self) -> (&'static str, &str) {
        (NAME, &self.0)
    }

    /// The processes that carry it and are no zombies.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let wanted = format!("{NAME}={}", self.0);
        let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let entry = entry.ok()?;
            entry.file_name().to_str()?.parse().ok()
        });
        pids.filter(|pid| carries(*pid, wanted.as_bytes())).collect()
    }
}

/// A zombie has no environment any more, and a process that has ended has no file.
fn carries(pid: u32, wanted: &[u8]) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == wanted)
}

pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}
