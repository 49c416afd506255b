//! Where messages come from, and where they go.

use std::fmt;
use std::str::FromStr;

/// An endpoint that works so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Stdio,
    Http(HttpEndpoint),
}

/// `http://HOST:PORT/PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpEndpoint {
    /// A name or an address; one of IPv6 in brackets, as in a URL.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) path: String,
}

/// Served beside the endpoint.
pub(crate) const HEALTH: &str = "/healthz";
/// Served beside the endpoint.
pub(crate) const READY: &str = "/readyz";

const FORMS: &str = "write stdio or http://HOST:PORT/PATH";

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Endpoint, String> {
        if text == "stdio" {
            return Ok(Endpoint::Stdio);
        }
        let (scheme, rest) = text
            .split_once(':')
            .ok_or_else(|| format!("{text:?} is no endpoint: {FORMS}"))?;
        match scheme {
            "http" => rest.parse().map(Endpoint::Http),
            "https" | "sse" | "unix" | "tcp" => Err(format!("{scheme}: endpoints do not work yet: {FORMS}")),
            _ => Err(format!("{scheme:?} is no kind of endpoint: {FORMS}")),
        }
    }
}

impl FromStr for HttpEndpoint {
    type Err = String;

    /// Takes what stands behind `http:`.
    fn from_str(rest: &str) -> Result<HttpEndpoint, String> {
        let bad = |why: &str| format!("\"http:{rest}\" is no endpoint, as {why}: write http://HOST:PORT/PATH");
        let rest = rest
            .strip_prefix("//")
            .ok_or_else(|| bad("http: is not followed by //"))?;
        let uri: http::Uri = format!("http://{rest}").parse().map_err(|_| bad("it is no URL"))?;
        let authority = uri.authority().ok_or_else(|| bad("it has no host"))?;
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(bad("it has more than host, port and path"));
        }
        // Of a port that is no 16-bit number nothing is left here.
        if authority.port_u16().is_none() && authority.as_str() != authority.host() {
            return Err(bad("its port is no number up to 65535"));
        }
        let endpoint = HttpEndpoint {
            host: authority.host().to_owned(),
            port: authority.port_u16().unwrap_or(80),
            path: match uri.path() {
                // Nobody means the root of a server when they name no path.
                "/" if !rest.ends_with('/') => "/mcp".to_owned(),
                path => path.to_owned(),
            },
        };
        if endpoint.path == HEALTH || endpoint.path == READY {
            return Err(bad("its path is that of a health check"));
        }
        Ok(endpoint)
    }
}

impl HttpEndpoint {
    /// The host for the resolver: without the brackets of a URL.
    pub(crate) fn bare_host(&self) -> &str {
        self.host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(&self.host)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Stdio => f.write_str("stdio"),
            Endpoint::Http(endpoint) => endpoint.fmt(f),
        }
    }
}

impl fmt::Display for HttpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HttpEndpoint { host, port, path } = self;
        write!(f, "http://{host}:{port}{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    fn parsed(text: &str) -> String {
        text.parse::<Endpoint>().unwrap().to_string()
    }

    fn error(text: &str) -> String {
        text.parse::<Endpoint>().unwrap_err()
    }

    #[test]
    fn endpoints_are_read_and_written() {
        assert_eq!(parsed("stdio"), "stdio");
        assert_eq!(parsed("http://127.0.0.1:8080/mcp"), "http://127.0.0.1:8080/mcp");
        assert_eq!(parsed("http://localhost/a/b"), "http://localhost:80/a/b");
        assert_eq!(parsed("http://[::1]:0/mcp"), "http://[::1]:0/mcp");
    }

    #[test]
    fn path_is_mcp_unless_one_is_named() {
        assert_eq!(parsed("http://127.0.0.1:8080"), "http://127.0.0.1:8080/mcp");
        assert_eq!(parsed("http://127.0.0.1:8080/"), "http://127.0.0.1:8080/");
    }

    #[test]
    fn what_does_not_work_yet_says_so_and_what_does() {
        for text in ["https://h/mcp", "sse://h/sse", "unix:/run/mcp", "tcp://h:1"] {
            let error = error(text);
            assert!(
                error.contains("not work yet") && error.contains("http://HOST:PORT/PATH"),
                "{error}"
            );
        }
    }

    #[test]
    fn nonsense_is_refused_with_the_form_that_is_wanted() {
        for text in [
            "",
            "8080",
            "ftp://h",
            "http:h",
            "http://",
            "http://h:99999/",
            "http://h:x/",
            "http://u@h/",
            "http://h/a?b",
            "http://h:1/healthz",
            "http://h:1/a b",
        ] {
            assert!(error(text).contains("write "), "{text:?}: {}", error(text));
        }
    }
}
