use super::{answer, assert_internal_error, notification, request};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio_test::{assert_pending, assert_ready, task};
use tower_transport::exchange::{Asker, Gone, Item, Refusal, Responder};
use tower_transport::layers::WireSize;
use tower_transport::message::{Message, code};

/// A wire edge that keeps what it is given.
#[derive(Default)]
struct Wire {
    answers: Mutex<Vec<(u64, Message)>>,
    notified: Mutex<usize>,
    room: Mutex<usize>,
    gone: bool,
}

impl Wire {
    fn with_room(room: usize) -> Arc<Wire> {
        Arc::new(Wire {
            room: Mutex::new(room),
            ..Wire::default()
        })
    }

    /// The one answer.
    fn answered(&self) -> Message {
        let answers = self.answers.lock().unwrap();
        let [(5, message)] = &answers[..] else {
            panic!("{answers:?}");
        };
        message.clone()
    }
}

impl Asker for Wire {
    fn respond(&self, key: u64, answer: Message) -> Result<(), Gone> {
        self.answers.lock().unwrap().push((key, answer));
        if self.gone { Err(Gone::new()) } else { Ok(()) }
    }

    fn poll_notify(&self, _: u64, _: &mut Context<'_>, notification: &mut Option<Message>) -> Poll<Result<(), Gone>> {
        if self.gone {
            return Poll::Ready(Err(Gone::new()));
        }
        let mut room = self.room.lock().unwrap();
        if *room == 0 {
            return Poll::Pending;
        }
        *room -= 1;
        *notification = None;
        *self.notified.lock().unwrap() += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_closed(&self, _: u64, _: &mut Context<'_>) -> Poll<()> {
        if self.gone { Poll::Ready(()) } else { Poll::Pending }
    }
}

fn gone() -> Arc<Wire> {
    Arc::new(Wire {
        gone: true,
        ..Wire::default()
    })
}

/// A request of the peer with a limit on its answer, as a layer sets it.
fn limited(wire: &Arc<Wire>, limits: &[usize]) -> Responder {
    let mut item = Item::Request(request("ask"), Responder::new(wire.clone(), 5));
    for limit in limits {
        item.limit_answer(*limit);
    }
    match item {
        Item::Request(_, responder) => responder,
        other => panic!("{other:?}"),
    }
}

#[test]
fn answer_reaches_the_wire_once_with_its_key() {
    let wire = Arc::<Wire>::default();
    Responder::new(wire.clone(), 5).respond(answer("yes")).unwrap();
    assert_eq!(wire.answered().payload(), Some(r#""yes""#));
}

#[test]
fn responder_dropped_unanswered_sends_an_error() {
    let wire = Arc::<Wire>::default();
    drop(Responder::new(wire.clone(), 5));
    assert_internal_error(&wire.answered(), "unanswered");
}

#[test]
fn refusal_is_an_error_with_its_code() {
    let wire = Arc::<Wire>::default();
    Responder::new(wire.clone(), 5)
        .refuse(code::METHOD_NOT_FOUND, "no such method")
        .unwrap();
    assert_eq!(super::error_of(&wire.answered()).code, code::METHOD_NOT_FOUND);
}

#[test]
fn request_or_notification_is_no_answer_and_the_asker_gets_an_error() {
    for message in [request("ask back"), notification(1)] {
        let wire = Arc::<Wire>::default();
        let refusal = Responder::new(wire.clone(), 5).respond(message).unwrap_err();
        assert!(matches!(refusal, Refusal::NotAnAnswer), "{refusal}");
        assert_internal_error(&wire.answered(), "unanswered");
    }
}

// PITFALLS 28
#[test]
fn answer_over_the_limit_is_refused_with_both_sizes_and_the_asker_gets_an_error() {
    let wire = Arc::<Wire>::default();
    let answer = answer("x".repeat(200));
    let bytes = answer.wire_len();
    let refusal = limited(&wire, &[bytes - 1]).respond(answer).unwrap_err();
    let Refusal::TooLarge { limit, size } = refusal else {
        panic!("{refusal}");
    };
    assert_eq!((limit, size), (bytes - 1, bytes));
    let said = format!("the answer has {bytes} bytes, the limit is {}", bytes - 1);
    assert_eq!(refusal.to_string(), said);
    assert_internal_error(&wire.answered(), &said);
}

#[test]
fn answer_of_just_the_limit_is_taken() {
    let wire = Arc::<Wire>::default();
    let answer = answer("x".repeat(200));
    limited(&wire, &[answer.wire_len()]).respond(answer).unwrap();
    assert!(wire.answered().payload().is_some_and(|payload| payload.contains("xxx")));
}

#[test]
fn tightest_limit_holds_in_whichever_order_they_come() {
    for limits in [[10, 1_000], [1_000, 10]] {
        let wire = Arc::<Wire>::default();
        let refusal = limited(&wire, &limits).respond(answer("yes")).unwrap_err();
        assert!(matches!(refusal, Refusal::TooLarge { limit: 10, .. }), "{refusal}");
    }
}

#[test]
fn limit_on_the_answers_to_other_items_is_ignored() {
    for mut item in [Item::Notification(notification(1)), Item::Response(answer(1))] {
        item.limit_answer(1);
        assert_eq!(item.wire_size(), item.message().wire_len());
    }
}

#[tokio::test]
async fn notification_waits_for_room_and_is_taken_once() {
    let wire = Wire::with_room(0);
    let mut responder = Responder::new(wire.clone(), 5);
    {
        let mut notifying = task::spawn(responder.notify(notification(1)));
        assert_pending!(notifying.poll());
        *wire.room.lock().unwrap() = 2;
        assert_ready!(notifying.poll()).unwrap();
    }
    assert_eq!(*wire.notified.lock().unwrap(), 1);
    let refusal = responder.notify(answer(1)).await.unwrap_err();
    assert!(matches!(refusal, Refusal::NotAnAnswer), "{refusal}");
    assert_eq!(*wire.notified.lock().unwrap(), 1);
    responder.respond(answer("still answers")).unwrap();
    assert_eq!(wire.answered().payload(), Some(r#""still answers""#));
}

#[tokio::test]
async fn wire_that_has_gone_says_so_in_every_way() {
    let wire = gone();
    let mut responder = Responder::new(wire.clone(), 5);
    responder.closed().await;
    assert!(matches!(responder.notify(notification(1)).await, Err(Refusal::Gone)));
    assert!(matches!(responder.respond(answer(1)), Err(Refusal::Gone)));
    drop(Responder::new(wire, 5));
}

#[test]
fn closed_waits_while_the_asker_waits() {
    let mut responder = Responder::new(Wire::with_room(0), 5);
    assert_pending!(task::spawn(responder.closed()).poll());
}
