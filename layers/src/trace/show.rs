/// What of a call's payload may be shown. See the [module docs](super) for an example.
///
/// It is asked only while a subscriber listens for it. What it gives is cut and escaped before it is shown. `()` shows nothing, and so do
/// the methods that are left out.
pub trait Show<Request, Item> {
    /// What may be shown of a request.
    fn request(&self, request: &Request) -> Option<String> {
        let _ = request;
        None
    }

    /// What may be shown of an item of the reply; over HTTP, of a frame of the body.
    fn item(&self, item: &Item) -> Option<String> {
        let _ = item;
        None
    }
}

impl<Request, Item> Show<Request, Item> for () {}
