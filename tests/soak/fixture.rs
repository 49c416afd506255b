use std::path::{Path, PathBuf};
use std::process::Command;

/// The fixture server. `cargo test --workspace` has built it beside the gateway; a narrower command has not, so then this builds it.
pub(crate) fn server() -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_tower-transport")).with_file_name("everything-server");
    if built.exists() {
        return built;
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--package",
        "tower-transport-fixtures",
        "--message-format",
        "json",
    ]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let executable = output.stdout.split(|byte| *byte == b'\n').find_map(|line| {
        let message: serde_json::Value = serde_json::from_slice(line).ok()?;
        Some(PathBuf::from(message["executable"].as_str()?))
    });
    executable.expect("cargo names the executable that it built")
}
