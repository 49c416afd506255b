//! From our own stdin and stdout to a child.

use crate::children::Children;
use crate::failure::{Failure, Kind};
use crate::shim as stdio;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long the answers that a dead child leaves behind may take to be written.
const FLUSH: Duration = Duration::from_millis(200);

/// Serves until stdin ends, the child ends, or `stop`; then stops the child.
pub(crate) async fn serve(children: &Children, stop: CancellationToken) -> Result<(), Failure> {
    let child = children.start().map_err(|error| Failure::new(Kind::Command, error))?;
    let handle = child.get_ref().clone();
    let mut serve = std::pin::pin!(stdio::serve(child));
    let outcome = tokio::select! {
        ended = &mut serve => ended.map(|_| ()).map_err(|error| Failure::new(Kind::Other, error)),
        ended = handle.closed() => {
            // The calls that were in flight have failed; their errors are still to be written.
            let _written = tokio::time::timeout(FLUSH, serve).await;
            Err(Failure::new(
                Kind::ChildEnded,
                format!("{ended}; check its arguments and its environment"),
            ))
        }
        () = stop.cancelled() => Ok(()),
    };
    children.stop().await;
    outcome
}
