//! What stands over a probe, without its types: so the rules are compiled once, and not for each layer.

use super::dialect::Dialect;
use super::hint::{Hint, Hinted};
use super::traits::AutoTraits;
use crate::BoxError;
use crate::reply::Reply;
use pin_project_lite::pin_project;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_service::Service;

/// The call of a [`Subject`].
pub(super) type SubjectCall = Pin<Box<dyn Future<Output = Result<SubjectReply, BoxError>> + Send>>;
/// The reply of a [`Subject`].
pub(super) type SubjectReply = Pin<Box<dyn AnyReply + Send>>;

/// A service that the suite can check: one that takes the requests of a dialect and answers with its items.
///
/// Implemented for each whose response is a [`Reply`] of the dialect's kind, whose future and reply are `Send + 'static`, and whose errors are
/// `Into<BoxError>`.
pub trait Subject<D: Dialect>: 'static {
    #[doc(hidden)]
    fn poll_subject(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>>;

    #[doc(hidden)]
    fn call_subject(&mut self, request: D::Request) -> SubjectCall;
}

impl<D, S> Subject<D> for S
where
    D: Dialect,
    S: Service<D::Request, Error: Into<BoxError>, Future: Send + 'static> + 'static,
    S::Response: Reply<D::Kind, Stream: Hinted<D::Kind, Item = D::Item, Error: Into<BoxError>> + Send + 'static>,
{
    fn poll_subject(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.poll_ready(cx).map_err(Into::into)
    }

    fn call_subject(&mut self, request: D::Request) -> SubjectCall {
        let future = self.call(request);
        Box::pin(async move {
            let response = future.await.map_err(Into::into)?;
            let mut reply = None;
            response.map_stream(|stream| reply = Some(stream));
            let inner = reply.expect("`map_stream` gives the stream");
            Ok(Box::pin(Erased::<_, D> {
                inner,
                dialect: PhantomData,
            }) as SubjectReply)
        })
    }
}

/// A reply, of which the suite sees numbers.
pub trait AnyReply {
    /// The number of the next item.
    fn poll_number(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<u32, BoxError>>>;

    /// What it tells of its end.
    fn hint(&self) -> Hint;

    /// What an item counts for in its hints.
    fn unit(&self) -> u64;
}

pin_project! {
    struct Erased<R, D> {
        #[pin]
        inner: R,
        dialect: PhantomData<fn() -> D>,
    }
}

impl<R, D> AnyReply for Erased<R, D>
where
    D: Dialect,
    R: Hinted<D::Kind, Item = D::Item, Error: Into<BoxError>>,
{
    fn poll_number(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<u32, BoxError>>> {
        let next = self.project().inner.poll_item(cx);
        next.map(|next| next.map(|item| item.map(|item| D::item_number(&item)).map_err(Into::into)))
    }

    fn hint(&self) -> Hint {
        self.inner.hint()
    }

    fn unit(&self) -> u64 {
        R::UNIT
    }
}

/// A service without its types.
pub(super) trait AnyService {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>>;
    fn call(&mut self, number: u32) -> SubjectCall;
    /// A clone, if it is to have any.
    fn duplicate(&self) -> Option<Box<dyn AnyService>>;
}

/// A service of the layer `L` in the dialect `D`, with the traits that `T` says.
pub(super) struct Typed<S, L, D, T> {
    service: S,
    types: PhantomData<fn() -> (L, D, T)>,
}

impl<S, L, D, T> Typed<S, L, D, T> {
    pub(super) fn new(service: S) -> Self {
        Typed {
            service,
            types: PhantomData,
        }
    }
}

impl<S, L, D, T> AnyService for Typed<S, L, D, T>
where
    D: Dialect,
    S: Subject<D>,
    T: AutoTraits<L, S> + 'static,
    L: 'static,
{
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.service.poll_subject(cx)
    }

    fn call(&mut self, number: u32) -> SubjectCall {
        self.service.call_subject(D::request(number))
    }

    fn duplicate(&self) -> Option<Box<dyn AnyService>> {
        T::duplicate(&self.service).map(|service| Box::new(Self::new(service)) as _)
    }
}
