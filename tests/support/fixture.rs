use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::OnceCell;
use tokio::time::timeout;

const BUILD_LIMIT: Duration = Duration::from_secs(600);

/// The fixture server. `cargo test --workspace` has built it beside the gateway; a narrower command has not, so then this builds it.
pub(crate) async fn server() -> PathBuf {
    static SERVER: OnceCell<PathBuf> = OnceCell::const_new();
    SERVER.get_or_init(find).await.clone()
}

async fn find() -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_tower-transport")).with_file_name("everything-server");
    if built.exists() {
        return built;
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args([
            "build",
            "--package",
            "tower-transport-fixtures",
            "--message-format",
            "json",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .kill_on_drop(true);
    let output = timeout(BUILD_LIMIT, cargo.output())
        .await
        .expect("a build in time")
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let executable = output.stdout.split(|byte| *byte == b'\n').find_map(|line| {
        let message: serde_json::Value = serde_json::from_slice(line).ok()?;
        Some(PathBuf::from(message["executable"].as_str()?))
    });
    executable.expect("cargo names the executable that it built")
}
