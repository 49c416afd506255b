//! A child below both stacks: what its transport may hold is set where it is spawned, what each call may take where it is called.
//!
//! ```text
//! cargo run --example safe_stack --features full
//! ```
//!
//! The child answers the first call, hangs at the second, and floods at the third. Each of them fails by its own limit, the child is told,
//! and the caller gets an answer that says what happened.

use std::num::NonZeroUsize;
use std::time::Duration;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::respond::RespondLayer;
use tower_transport::exchange::{ExchangeExt, Patience};
use tower_transport::layers::ServiceBuilderExt;
use tower_transport::layers::buffer_pool::BufferPool;
use tower_transport::layers::max_message_size::MaxMessageSizeLayer;
use tower_transport::layers::timeout::TimeoutLayer;
use tower_transport::message::{Id, Message};
use tower_transport::process::Command;
use tower_transport::stdio::Spawner;

/// Reads requests by line, and does what their methods say.
const SERVER: &str = r#"
while read -r request; do
    id=${request#*\"id\":}; id=${id%%,*}
    token=${request#*\"progressToken\":}; token=${token%%\}*}
    case $request in
    *'"flood"'*)
        for n in 1 2 3 4 5 6 7 8 9 10; do
            echo "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":$token,\"progress\":$n}}"
        done ;;
    *'"hang"'*) ;;
    *'"id"'*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{}}" ;;
    *) echo "told: $request" >&2 ;;
    esac
done
"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    // The connection stack: frames over 64 KiB are never stored, and buffers come from a pool that other children may share.
    let pool = BufferPool::new(64 * 1024, 16)?;
    let mut spawner = ServiceBuilder::new()
        .limit_message_size(64 * 1024)
        .pool_buffers(pool)
        .service(Spawner::new());
    let child = spawner
        .ready()
        .await?
        .call(Command::new("sh").args(["-c", SERVER]))
        .await?;

    // The message stack: each call has a second for its first item, and five items; 16 run at once.
    let mut server = ServiceBuilder::new()
        .layer(RespondLayer::new())
        .layer(
            TimeoutLayer::new()
                .first_item(Duration::from_secs(1))
                .idle(Duration::from_secs(1))
                .policy(Patience::new()),
        )
        .limit_in_flight(NonZeroUsize::new(16).expect("not zero"))
        .layer(MaxMessageSizeLayer::new(64 * 1024).max_items(5))
        .service(child.clone());

    let params = serde_json::json!({"_meta": {"progressToken": 7}});
    for method in ["ping", "hang", "flood"] {
        let answer = server
            .request(Message::request(&Id::string(method), method, &params)?)
            .await?;
        println!("{method}: {}", answer.payload().unwrap_or_default());
    }
    println!("{}", child.close().await);
    Ok(())
}
