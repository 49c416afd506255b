//! The contract suite of the layers crate over the layers that know messages.

use tower_transport::exchange::respond::RespondLayer;
use tower_transport::exchange::{Call, Item, Patience};
use tower_transport::layers::contract::{Accepts, Dialect, ProbeReply, Suite};
use tower_transport::layers::contract_suite;
use tower_transport::layers::reply::Streams;
use tower_transport::layers::timeout::TimeoutLayer;
use tower_transport::message::{Id, Message};

/// Requests, whose last item is the response.
struct Requests;

/// Notifications: what fails can't be answered for.
struct Notifications;

fn note(number: u32) -> Item {
    Item::Notification(Message::notification("notifications/message", &number).unwrap())
}

fn number(message: &Message) -> u32 {
    message.decode().unwrap_or(0)
}

macro_rules! dialect {
    ($name:ident, $request:expr, $last:expr) => {
        impl Dialect for $name {
            type Kind = Streams;
            type Request = Call;
            type Item = Item;
            type Response = ProbeReply<$name>;

            fn request(number: u32) -> Call {
                Call::new($request(number))
            }

            fn item(number: u32) -> Item {
                note(number)
            }

            fn last_item(number: u32) -> Item {
                $last(number)
            }

            fn item_number(item: &Item) -> u32 {
                number(item.message())
            }

            fn respond(reply: ProbeReply<$name>) -> ProbeReply<$name> {
                reply
            }
        }

        impl Accepts<Call> for $name {
            fn number(call: &Call) -> u32 {
                call.message().map_or(0, number)
            }
        }
    };
}

dialect!(
    Requests,
    |number: u32| Message::request(&Id::number(number.into()), "probe", &number).unwrap(),
    |number: u32| Item::Response(Message::response(&Id::number(number.into()), &number).unwrap())
);
dialect!(
    Notifications,
    |number: u32| Message::notification("probe", &number).unwrap(),
    note
);

contract_suite!(
    respond,
    Suite::over(Requests, RespondLayer::new)
        .answers_errors()
        .own_size_hint()
);
contract_suite!(respond_to_notifications, Suite::over(Notifications, RespondLayer::new));
contract_suite!(
    patience,
    Suite::over(Requests, || TimeoutLayer::new()
        .idle(std::time::Duration::from_secs(60))
        .policy(Patience::new()))
    .needs_runtime()
);
