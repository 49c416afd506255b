//! Who wakes the driver, and how often. Driven by hand.

use crate::support::{call, client, request, request_with};
use serde_json::json;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};
use tokio::io::{AsyncWriteExt, duplex, split};
use tower_transport::exchange::unary;
use tower_transport::message::Message;
use tower_transport::mux::Mux;

/// Counts how often it was woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Count {
    /// Polls with a waker that counts here.
    fn poll<T>(self: &Arc<Self>, future: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
        let waker = Waker::from(self.clone());
        Pin::new(future).poll(&mut Context::from_waker(&waker))
    }

    fn take(&self) -> usize {
        self.0.swap(0, SeqCst)
    }
}

#[tokio::test]
async fn the_driver_is_woken_once_for_all_that_is_queued_before_it_looks() {
    let (ours, _theirs) = duplex(1 << 16);
    let (read, write) = split(ours);
    let (connection, mut driver) = Mux::new().connect(read, write);
    let task = Arc::new(Count::default());
    for _ in 0..3 {
        assert!(task.poll(&mut driver).is_pending());
        assert_eq!(task.take(), 0);
        let (_one, _two) = (
            call(&connection, request("a", "m")).await,
            call(&connection, request("b", "m")).await,
        );
        assert_eq!(task.take(), 1);
    }
}

#[tokio::test]
async fn a_driver_that_moves_to_another_task_is_woken_there() {
    let (ours, mut theirs) = duplex(1 << 16);
    let (read, write) = split(ours);
    let asked = Arc::new(Mutex::new(None::<Waker>));
    let remembers = asked.clone();
    let handler = unary(move |_: Message| {
        let asked = remembers.clone();
        poll_fn(move |cx| {
            *asked.lock().unwrap() = Some(cx.waker().clone());
            Poll::<Result<Message, Infallible>>::Pending
        })
    });
    let (connection, mut driver) = Mux::new().serve(read, write, handler);
    let [first, second] = [(); 2].map(|()| Arc::new(Count::default()));
    theirs
        .write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}\n")
        .await
        .unwrap();
    assert!(first.poll(&mut driver).is_pending());
    assert!(second.poll(&mut driver).is_pending());
    first.take();
    asked.lock().unwrap().take().unwrap().wake();
    assert_eq!((first.take(), second.take()), (0, 1), "by the handler");
    assert!(second.poll(&mut driver).is_pending());
    let _call = call(&connection, request("a", "m")).await;
    assert_eq!((first.take(), second.take()), (0, 1), "by a call");

    // Law 9: nothing outlives its owner, the driver's task neither.
    drop(theirs);
    let _handlers = asked.lock().unwrap().take().unwrap();
    drop(driver);
    assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (1, 1));
}

/// A waker that lies on the stack, as some executors have it: only its clones are allocated. So two of different tasks may look alike.
#[allow(unsafe_code, reason = "such a waker can't be written without")]
fn on_the_stack(task: &Arc<Count>) -> Waker {
    static VTABLE: RawWakerVTable = RawWakerVTable::new(
        |task| {
            // Sound, as the test keeps the tasks, and the box that the data points to, until the end.
            let clone = Waker::from(unsafe { &*task.cast::<Mutex<Arc<Count>>>() }.lock().unwrap().clone());
            let clone = ManuallyDrop::new(clone);
            RawWaker::new(clone.data(), clone.vtable())
        },
        |_| unreachable!("only clones are kept"),
        |_| unreachable!("only clones are kept"),
        |_| {},
    );
    static PLACE: OnceLock<Mutex<Arc<Count>>> = OnceLock::new();
    let place = PLACE.get_or_init(|| Mutex::new(task.clone()));
    *place.lock().unwrap() = task.clone();
    unsafe { Waker::new(std::ptr::from_ref(place).cast(), &VTABLE) }
}

#[tokio::test]
async fn a_driver_is_woken_where_it_moved_although_the_wakers_look_alike() {
    let (ours, _theirs) = duplex(1 << 16);
    let (read, write) = split(ours);
    let (connection, mut driver) = Mux::new().connect(read, write);
    for task in [(); 2].map(|()| Arc::new(Count::default())) {
        let waker = on_the_stack(&task);
        assert!(
            Pin::new(&mut driver)
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        let _call = call(&connection, request("a", "m")).await;
        assert_eq!(task.take(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_cancel_of_a_call_that_failed_here_waits_for_nothing_else() {
    let (connection, mut wire, _driver) = client(Mux::new().max_unread(1));
    let params = json!({"_meta": {"progressToken": "t"}});
    let _reply = call(&connection, request_with("a", "m", &params)).await;
    let sent = wire.recv().await;
    let token = &sent["params"]["_meta"]["progressToken"];
    let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": token}});
    wire.send(&[progress]).await;
    let cancel = wire.recv().await;
    assert_eq!(cancel["params"]["requestId"], sent["id"]);
}

/// The waker of a broken executor.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("the waker's own");
    }
}

#[tokio::test]
async fn a_waker_that_panics_takes_no_wake_up_from_the_others() {
    let (ours, theirs) = duplex(1 << 16);
    let (read, write) = split(ours);
    let (connection, mut driver) = Mux::new().connect(read, write);
    let driving = Arc::new(Count::default());
    assert!(driving.poll(&mut driver).is_pending());
    let mut calls = [
        call(&connection, request("a", "m")).await,
        call(&connection, request("b", "m")).await,
        call(&connection, request("c", "m")).await,
    ];
    let tasks = [(); 3].map(|()| Arc::new(Count::default()));
    for (call, task) in calls.iter_mut().zip(&tasks) {
        assert!(task.poll(call).is_pending());
    }
    let broken = Waker::from(Arc::new(Panics));
    assert!(
        Pin::new(&mut calls[0])
            .poll(&mut Context::from_waker(&broken))
            .is_pending()
    );
    let panic = catch_unwind(AssertUnwindSafe(|| drop(driver))).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"the waker's own"), "it is not hidden");
    assert_eq!(tasks.map(|task| task.take()), [0, 1, 1]);
    // The wire keeps whom its reader waits with.
    drop(theirs);
    assert_eq!(
        Arc::strong_count(&driving),
        1,
        "the connection keeps no task of a driver that is gone"
    );
    for call in calls {
        assert!(call.await.unwrap_err().is_disconnected());
    }
}

#[tokio::test]
async fn a_waker_that_panics_while_its_driver_unwinds_does_not_end_the_process() {
    for waiting in [1, 3] {
        let (ours, _theirs) = duplex(1 << 16);
        let (read, write) = split(ours);
        let (connection, driver) = Mux::new().connect(read, write);
        let broken = Waker::from(Arc::new(Panics));
        let mut calls = Vec::new();
        for _ in 0..waiting {
            let mut call = Box::pin(call(&connection, request("a", "m")).await);
            assert!(call.as_mut().poll(&mut Context::from_waker(&broken)).is_pending());
            calls.push(call);
        }
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let _driver = driver;
            panic!("the driver's task");
        }));
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"the driver's task"));
        for call in calls {
            assert!(call.await.unwrap_err().is_disconnected());
        }
    }
}
