use super::causes::known;
use super::chain::chain;
use super::text::cut;
use crate::message::{Id, Message, code};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;
#[cfg(feature = "policies")]
use tower_transport_layers::policies::Fate;

/// What a caller is told of an error: a code, a line for a person, and data for a program.
///
/// The line is cut after 2 KiB, whatever it is made of.
///
/// The data says that the error comes from this side of the peer, and what is known of it:
///
/// | member | meaning |
/// | --- | --- |
/// | `origin` | always `"transport"` |
/// | `kind` | what happened, in one word |
/// | `phase` | what took too long |
/// | `limit`, `size` | the limit that was passed, and by what: in bytes or in calls |
/// | `elapsed_ms` | after how many milliseconds it was given up |
/// | `may_have_run` | whether the request may have run although it failed |
/// | `retryable` | whether sending it again is safe, and may help |
#[derive(Debug, Clone)]
#[must_use]
pub struct Fault {
    code: i64,
    text: Cow<'static, str>,
    data: Data,
    own: Option<Box<RawValue>>,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Data {
    origin: Origin,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elapsed_ms: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    may_have_run: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retryable: Option<bool>,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "lowercase")]
enum Origin {
    #[default]
    Transport,
}

impl Fault {
    /// An error of that code, with a line for a person.
    ///
    /// Choose a code outside of -32768 to -32000, which JSON-RPC keeps for itself, or one of JSON-RPC's own, of which
    /// [`INTERNAL_ERROR`](code::INTERNAL_ERROR) says the least. -32020 to -32099 are MCP's, and -32000 to -32019 are in use already, with
    /// other meanings.
    pub fn new(code: i64, text: impl Into<Cow<'static, str>>) -> Fault {
        Fault {
            code,
            text: text.into(),
            data: Data::default(),
            own: None,
        }
    }

    /// An internal error (-32603), with a line for a person.
    pub fn internal(text: impl Into<Cow<'static, str>>) -> Fault {
        Fault::new(code::INTERNAL_ERROR, text)
    }

    /// What a caller is told of an error that this crate or its layers know, wherever it is in the chain of causes.
    ///
    /// The text is that of the known error alone: neither what stands around it nor why a connection has ended is in it. See the
    /// [module docs](super) for the table.
    pub fn of(error: &(dyn Error + 'static)) -> Option<Fault> {
        known(error)
    }

    /// What a caller is told of any error, with all its causes as the text: for whoever may see them.
    pub fn with_causes(error: &(dyn Error + 'static)) -> Fault {
        Fault::of(error).unwrap_or_else(Fault::unknown).text(chain(error))
    }

    /// What is said of an error that nobody knows: nothing. It may have run.
    pub(crate) fn unknown() -> Fault {
        Fault::internal("internal error")
            .kind("internal")
            .may_have_run(true)
            .retryable(false)
    }

    /// What is said of a call that an edge gave up on while it ran.
    #[cfg(feature = "http-server")]
    pub(crate) fn lost(kind: &'static str) -> Fault {
        Fault::internal("the call was lost")
            .kind(kind)
            .may_have_run(true)
            .retryable(false)
    }

    /// Sets the line for a person.
    pub fn text(mut self, text: impl Into<Cow<'static, str>>) -> Fault {
        self.text = text.into();
        self
    }

    /// Sets what happened, in one word.
    pub const fn kind(mut self, kind: &'static str) -> Fault {
        self.data.kind = Some(kind);
        self
    }

    /// Sets what took too long.
    pub const fn phase(mut self, phase: &'static str) -> Fault {
        self.data.phase = Some(phase);
        self
    }

    /// Sets the limit that was passed.
    pub const fn limit(mut self, limit: usize) -> Fault {
        self.data.limit = Some(limit);
        self
    }

    /// Sets what passed the limit.
    pub const fn size(mut self, size: usize) -> Fault {
        self.data.size = Some(size);
        self
    }

    /// Sets after which time it was given up.
    pub const fn elapsed(mut self, elapsed: Duration) -> Fault {
        self.data.elapsed_ms = Some(elapsed.as_millis());
        self
    }

    /// Sets whether the request may have run although it failed.
    pub const fn may_have_run(mut self, may: bool) -> Fault {
        self.data.may_have_run = Some(may);
        self
    }

    /// Sets whether sending the request again is safe, and may help.
    pub const fn retryable(mut self, retryable: bool) -> Fault {
        self.data.retryable = Some(retryable);
        self
    }

    /// Puts data of one's own in the place of all that the other methods set. It is not cut: its size is up to who gives it.
    ///
    /// # Errors
    ///
    /// That of the `Serialize` implementation.
    pub fn data(mut self, data: &impl Serialize) -> Result<Fault, serde_json::Error> {
        self.own = Some(serde_json::value::to_raw_value(data)?);
        Ok(self)
    }

    /// What became of the request.
    #[cfg(feature = "policies")]
    pub(in crate::exchange) fn fate(&self) -> Fate {
        let Data {
            kind,
            may_have_run,
            retryable,
            ..
        } = self.data;
        if retryable == Some(true) {
            Fate::NeverSent
        } else if may_have_run == Some(false) || kind == Some("too_large") {
            // Neither the request nor the limit will have changed.
            Fate::Hopeless
        } else {
            Fate::MayHaveRun
        }
    }

    /// The code.
    pub const fn code(&self) -> i64 {
        self.code
    }

    /// The JSON-RPC error that answers the request `id`.
    pub fn message(&self, id: &Id) -> Message {
        let text = cut(&self.text);
        let message = match &self.own {
            Some(own) => Message::error_with(id, self.code, &text, own),
            None => Message::error_with(id, self.code, &text, &self.data),
        };
        // Only a message of 4 GiB does not serialise.
        message.unwrap_or_else(|_| Message::error(id, self.code, "internal error"))
    }
}

/// What an error is, in the word that it is answered with: `"timeout"`, `"disconnected"`, and so on by the table of the
/// [module docs](super), `"internal"` for what is not in it.
///
/// For the `kinds` of traces and metrics, whose own table knows no transport.
pub fn kind_of(error: &(dyn Error + 'static)) -> &'static str {
    let known = Fault::of(error).and_then(|fault| fault.data.kind);
    known.unwrap_or("internal")
}
