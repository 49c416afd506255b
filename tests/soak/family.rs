//! Parents and children, as the system knows them.

use std::fs;

/// The children of a process; those that have ended and were not waited for count if `zombies` is set.
pub(crate) fn children(of: u32, zombies: bool) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut children: Vec<u32> = pids.filter(|pid| is_child(*pid, of, zombies)).collect();
    children.sort_unstable();
    children
}

pub(crate) fn is_child(pid: u32, of: u32, zombies: bool) -> bool {
    parent(pid).is_some_and(|(parent, is_zombie)| parent == of && (zombies || !is_zombie))
}

/// The parent of a process, and whether it only waits to be waited for.
fn parent(pid: u32) -> Option<(u32, bool)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything; state and parent follow it.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let is_zombie = fields.next()? == "Z";
    Some((fields.next()?.parse().ok()?, is_zombie))
}
