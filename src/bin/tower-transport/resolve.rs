//! Whether a command can be started at all, before anybody asks for it.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// The file that a command names: itself if it holds a slash, else the first in `PATH`.
///
/// # Errors
///
/// What to do, if there is none that may be executed.
pub(crate) fn resolve(program: &OsStr) -> Result<PathBuf, String> {
    let shown = program.display();
    let path = Path::new(program);
    if program.is_empty() {
        return Err("the command is empty: name a program after --".to_owned());
    }
    let candidates: Vec<PathBuf> = if path.components().count() > 1 {
        vec![path.to_owned()]
    } else {
        let search = env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
        env::split_paths(&search)
            .map(|directory| directory.join(path))
            .collect()
    };
    let mut denied = false;
    for candidate in candidates {
        match executable(&candidate) {
            Ok(()) => return Ok(candidate),
            Err(error) => denied |= error.kind() == io::ErrorKind::PermissionDenied,
        }
    }
    Err(if denied {
        format!("not allowed to run `{shown}`; check that it is a file with execute permission")
    } else {
        format!("command not found: `{shown}`; check the name or give the full path")
    })
}

fn executable(path: &Path) -> io::Result<()> {
    let metadata = path.metadata()?;
    #[cfg(unix)]
    let runs = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let runs = true;
    if metadata.is_file() && runs {
        return Ok(());
    }
    Err(io::ErrorKind::PermissionDenied.into())
}

#[cfg(all(test, unix))]
mod tests {
    use super::resolve;
    use std::ffi::OsStr;

    #[test]
    fn programs_are_found_in_path_or_by_path() {
        assert!(resolve(OsStr::new("sh")).unwrap().is_absolute());
        assert!(resolve(OsStr::new("/bin/sh")).is_ok());
    }

    #[test]
    fn what_can_not_run_says_why() {
        let error = |program: &str| resolve(OsStr::new(program)).unwrap_err();
        assert!(error("no-such-program-7").contains("not found"));
        assert!(error("/no/such/program").contains("not found"));
        assert!(error("/etc").contains("execute permission"));
        assert!(error("").contains("empty"));
    }
}
