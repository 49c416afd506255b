//! From our own stdin and stdout to a child.

mod strays;

use crate::children::Children;
use crate::failure::{Failure, Kind};
use std::io::ErrorKind;
use std::pin::pin;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower_transport::mux::End;
use tower_transport::stdio::{self, ChildEnded};

/// How long the last answers may take to be written.
const FLUSH: Duration = Duration::from_millis(200);

/// Why the bridge comes down.
enum Over {
    Served(End),
    ChildEnded(ChildEnded),
    Stopped,
}

/// Serves until stdin ends, the child ends, or `stop`; then stops the child.
pub(crate) async fn serve(children: &Children, stop: CancellationToken) -> Result<(), Failure> {
    let (child, strays) = children
        .start_listening()
        .map_err(|error| Failure::new(Kind::Command, error))?;
    let handle = child.get_ref().clone();
    let (client, driver) = stdio::connect(children.mux(), child).map_err(|error| Failure::new(Kind::Other, error))?;
    let mut serve = pin!(async {
        let mut driver = pin!(driver);
        tokio::select! {
            end = &mut driver => return end,
            () = strays::forward(strays, client) => {}
        }
        driver.await
    });
    let over = tokio::select! {
        end = &mut serve => Over::Served(end),
        ended = handle.closed() => Over::ChildEnded(ended),
        () = stop.cancelled() => Over::Stopped,
    };
    if !matches!(over, Over::Served(_)) {
        // What still runs is answered while its child stops, or fails with it.
        let stopped = async {
            children.stop().await;
            tokio::time::sleep(FLUSH).await;
        };
        tokio::select! {
            _ = serve => {}
            () = stopped => {}
        }
    }
    children.stop().await;
    match over {
        Over::Stopped | Over::Served(End::Eof) => Ok(()),
        // The client has gone: nobody is left to be told.
        Over::Served(End::Read(error) | End::Write(error))
            if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) =>
        {
            Ok(())
        }
        Over::ChildEnded(ended) => Err(dead(&ended)),
        Over::Served(End::Handler(_)) => Err(dead(&handle.closed().await)),
        Over::Served(end) => Err(Failure::new(
            Kind::Other,
            format!("serving on stdin and stdout failed: {end}"),
        )),
    }
}

fn dead(child: &ChildEnded) -> Failure {
    Failure::new(
        Kind::ChildEnded,
        format!("{child}; check its arguments and its environment"),
    )
}
