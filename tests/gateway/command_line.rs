//! Wrong use: one line that says what to do, and an exit code.

use crate::support::run;
use std::net::TcpListener;

/// Runs the binary, which has to fail, and gives the one line that it says.
async fn failure(args: &[&str], code: i32) -> String {
    let output = run(args).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
    assert!(output.stdout.is_empty());
    said.strip_prefix("tower-transport: ")
        .expect("its name in front")
        .to_owned()
}

#[tokio::test]
async fn help_and_version_are_answered_on_stdout() {
    let help = run(&["--help"]).await;
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).unwrap();
    for part in [
        "--max-message-size",
        "Limits:",
        "Access:",
        "Examples:",
        "Exit codes:",
        "/readyz",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
    assert!(!help.contains("demo-server"), "{help}");
    let version = run(&["--version"]).await;
    assert_eq!(
        version.stdout,
        format!("tower-transport {}\n", env!("CARGO_PKG_VERSION")).as_bytes()
    );
}

#[tokio::test]
async fn wrong_flag_is_one_line_and_exit_code_2() {
    assert!(failure(&["--frum", "stdio"], 2).await.contains("--frum"));
    assert!(failure(&["--children", "many"], 2).await.contains("per-session"));
    assert!(failure(&["--max-in-flight", "0"], 2).await.contains("1..=65536"));
    assert!(
        failure(&["--idle-timeout", "5"], 2)
            .await
            .contains("500ms, 2s, 5m or 1h")
    );
    assert!(failure(&["--max-message-size", "4MB"], 2).await.contains("4MiB"));
    assert!(failure(&["server"], 2).await.contains("--help"));
}

#[tokio::test]
async fn endpoint_that_does_not_work_yet_says_what_does() {
    for endpoint in ["https://h/mcp", "sse://h/sse", "unix:/run/mcp", "tcp://h:1"] {
        let said = failure(&["--from", endpoint], 2).await;
        assert!(
            said.contains("not work yet") && said.contains("stdio or http://"),
            "{said}"
        );
    }
    let said = failure(&["--to", "http://127.0.0.1:1/mcp"], 2).await;
    assert!(said.contains("not work yet") && said.contains("-- ./server"), "{said}");
}

#[tokio::test]
async fn port_that_is_taken_is_exit_code_3() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let said = failure(&["--from", &format!("http://127.0.0.1:{port}/mcp")], 3).await;
    assert!(
        said.contains(&format!("127.0.0.1:{port}")) && said.contains("choose another port"),
        "{said}"
    );
    // 192.0.2.0/24 is for documentation (RFC 5737), so no interface has it.
    let said = failure(&["--from", "http://192.0.2.1:8080/mcp"], 3).await;
    assert!(said.contains("192.0.2.1:8080"), "{said}");
}

#[tokio::test]
async fn command_that_is_not_there_is_exit_code_4() {
    for from in ["stdio", "http://127.0.0.1:0/mcp"] {
        let said = failure(&["--from", from, "--", "no-such-command-7", "-x"], 4).await;
        assert!(
            said.contains("no-such-command-7") && said.contains("full path"),
            "{said}"
        );
        let said = failure(&["--from", from, "--", "/etc/passwd"], 4).await;
        assert!(said.contains("execute permission"), "{said}");
    }
}
