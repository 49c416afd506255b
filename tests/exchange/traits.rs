use std::convert::Infallible;
use std::future::Ready;
use std::marker::PhantomPinned;
use tower::balance::p2c::Balance;
use tower::discover::ServiceList;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder};
use tower_transport::BoxError;
use tower_transport::exchange::{
    BoxCloneExchange, BoxExchange, BoxReply, BoxedFuture, Call, Exchange, Gone, HandlerFn, HandlerFuture, HandlerItems,
    Input, Item, NoResponse, Peer, PeerGone, Refusal, Reply, Responder, ServiceFn, Unary, UnaryFuture, unary,
};
use tower_transport::message::Message;

fn send<T: Send>() {}
fn sync<T: Sync>() {}
fn unpin<T: Unpin>() {}
fn clone<T: Clone>() {}
fn debug<T: std::fmt::Debug>() {}

type Answer = Ready<Result<Message, BoxError>>;
type Handler = fn(Call, Peer) -> Answer;

#[test]
fn values_go_to_other_threads() {
    send::<(Call, Input, Item, Responder, Peer)>();
    sync::<(Call, Input, Item, Responder, Peer)>();
    send::<(Gone, Refusal, PeerGone, NoResponse)>();
    sync::<(Gone, Refusal, PeerGone, NoResponse)>();
    clone::<(Call, Input, Peer)>();
    unpin::<(Call, Item, Responder, Peer)>();
}

#[test]
fn adapters_are_what_their_functions_are() {
    send::<(Unary<Handler>, HandlerFn<Handler>, ServiceFn<Handler>)>();
    sync::<(Unary<Handler>, HandlerFn<Handler>, ServiceFn<Handler>)>();
    clone::<(Unary<Handler>, HandlerFn<Handler>, ServiceFn<Handler>)>();
    debug::<(Unary<Handler>, HandlerFn<Handler>, ServiceFn<Handler>)>();
}

#[test]
fn futures_and_replies_can_be_spawned_and_held_by_value() {
    send::<(UnaryFuture<Answer>, HandlerFuture<Answer>, BoxedFuture)>();
    send::<(Reply, Reply<HandlerItems<Answer>>, BoxReply)>();
    unpin::<(Reply, BoxReply, BoxedFuture, UnaryFuture<Answer>)>();
    // The function's future is boxed, so it need not be.
    unpin::<(HandlerFuture<PhantomPinned>, Reply<HandlerItems<PhantomPinned>>)>();
    debug::<(UnaryFuture<Answer>, HandlerFuture<Answer>, HandlerItems<Answer>)>();
}

#[test]
fn erased_exchanges_go_where_they_say() {
    send::<(BoxExchange, BoxCloneExchange)>();
    sync::<BoxCloneExchange>();
    clone::<BoxCloneExchange>();
    debug::<(BoxExchange, BoxCloneExchange)>();
}

fn is_exchange<E: Exchange>(_: &E) {}

fn echo() -> impl Service<Call, Response = Reply, Error = Infallible, Future: Send> + Clone + Send + Sync {
    unary(|request| async move { Ok::<_, Infallible>(request) })
}

#[tokio::test]
async fn stock_stack_is_an_exchange_and_so_is_each_erased_form() {
    let stack = ServiceBuilder::new()
        .load_shed()
        .buffer(8)
        .timeout(std::time::Duration::from_secs(1))
        .concurrency_limit(2)
        .rate_limit(1_000, std::time::Duration::from_secs(1))
        .service(echo());
    is_exchange(&stack);
    is_exchange(&BoxCloneSyncService::new(stack.clone()));
    is_exchange(&BoxCloneExchange::new(stack));
    is_exchange(&BoxExchange::new(BoxExchange::new(echo())));
    is_exchange(&tower::util::Either::<_, BoxExchange>::Left(BoxExchange::new(echo())));
}

#[tokio::test]
async fn balanced_exchanges_are_an_exchange() {
    let members = [echo(), echo()].map(|member| tower::load::Constant::new(member, 1));
    is_exchange(&tower::buffer::Buffer::new(Balance::new(ServiceList::new(members)), 8));
}
