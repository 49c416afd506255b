use crate::Describe;

/// What a request is called in the label `method`.
///
/// A peer can send any method it likes, so a label must come from a list of one's own. `()` sets no label. Any
/// `Fn(&Request) -> &'static str` is one as well.
pub trait Methods<Request> {
    /// The value of the label; `""` for no label.
    fn method(&self, request: &Request) -> &'static str;
}

/// The methods of a list, by name; all others are `"other"`. See [`MetricsLayer::one_of`](super::MetricsLayer::one_of).
#[derive(Debug, Clone, Copy)]
pub struct OneOf(pub(super) &'static [&'static str]);

impl<Request> Methods<Request> for () {
    fn method(&self, _: &Request) -> &'static str {
        ""
    }
}

impl<Request, F: Fn(&Request) -> &'static str> Methods<Request> for F {
    fn method(&self, request: &Request) -> &'static str {
        self(request)
    }
}

impl<Request: Describe> Methods<Request> for OneOf {
    fn method(&self, request: &Request) -> &'static str {
        let method = request.method();
        self.0
            .iter()
            .find(|name| **name == method)
            .unwrap_or(&super::family::OTHER)
    }
}
