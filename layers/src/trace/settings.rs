use tracing::Level;

/// What a layer says, and how loudly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) span: Level,
    pub(super) end: Level,
    pub(super) failure: Level,
    pub(super) payload: Level,
    /// In bytes of what the peer sent.
    pub(super) name_cap: usize,
    /// In bytes.
    pub(super) payload_cap: usize,
    pub(super) errors: bool,
}

impl Settings {
    pub(super) const fn new() -> Settings {
        Settings {
            span: Level::INFO,
            end: Level::DEBUG,
            failure: Level::WARN,
            payload: Level::DEBUG,
            name_cap: 128,
            payload_cap: 1024,
            errors: false,
        }
    }
}
