use super::reject::Rejection;
use crate::message::code;
use http::header::{HOST, HeaderName, ORIGIN};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};

/// Who may ask at all: by `Host`, against DNS rebinding, and by `Origin`, against foreign web pages.
#[derive(Debug, Clone, Default)]
pub(super) struct Access {
    pub(super) hosts: Allowed,
    pub(super) origins: Allowed,
}

/// The loopback names with any port, and what was added to them.
#[derive(Debug, Clone, Default)]
pub(super) struct Allowed {
    any: bool,
    names: Vec<Box<str>>,
}

impl Allowed {
    pub(super) fn add(&mut self, name: &str) {
        self.any |= name == "*";
        self.names.push(name.into());
    }

    fn names(&self, name: &str) -> bool {
        self.any || self.names.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }
}

impl Access {
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Rejection> {
        // HTTP/2 has the host in the URI.
        let host = match headers.get(HOST) {
            Some(host) => Some(text(host, &HOST)?),
            None => uri.authority().map(http::uri::Authority::as_str),
        };
        // A request without a host comes from no browser, so it is no rebinding.
        if let Some(host) = host
            && !self.host(host)
        {
            return Err(forbidden(&HOST, host, "allow_host"));
        }
        for origin in headers.get_all(ORIGIN) {
            let origin = text(origin, &ORIGIN)?;
            if !self.origin(origin) {
                return Err(forbidden(&ORIGIN, origin, "allow_origin"));
            }
        }
        Ok(())
    }

    fn host(&self, host: &str) -> bool {
        let name = without_port(host);
        is_loopback(name) || self.hosts.names(name) || self.hosts.names(host)
    }

    fn origin(&self, origin: &str) -> bool {
        let loopback = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
            .is_some_and(|host| is_loopback(without_port(host)));
        loopback || self.origins.names(origin)
    }
}

fn text<'a>(value: &'a HeaderValue, name: &HeaderName) -> Result<&'a str, Rejection> {
    value.to_str().map_err(|_| {
        Rejection::new(
            StatusCode::FORBIDDEN,
            code::INVALID_REQUEST,
            format!("the {name} header is not plain ASCII"),
        )
    })
}

fn forbidden(header: &HeaderName, value: &str, option: &str) -> Rejection {
    let flag = option.replace('_', "-");
    let shown: String = value.chars().take(100).collect();
    Rejection::new(
        StatusCode::FORBIDDEN,
        code::INVALID_REQUEST,
        format!(
            "{header} {shown:?} is not allowed. The server's operator can allow it: --{flag} {shown} on the command line, \
             Server::{option}({shown:?}) in code"
        ),
    )
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // The colon is within the brackets of an IPv6 address.
        Some((_, port)) if port.ends_with(']') => host,
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_loopback(name: &str) -> bool {
    name == "127.0.0.1" || name == "[::1]" || name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::Access;

    #[test]
    fn loopback_names_with_any_port_are_allowed_and_look_alikes_are_not() {
        let access = Access::default();
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]", "[::1]:65535"] {
            assert!(access.host(host), "{host}");
            assert!(access.origin(&format!("http://{host}")), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "evil.example:127.0.0.1",
            "localhost:x@evil.example",
            "[::1].evil.example",
            "::1",
            "",
        ] {
            assert!(!access.host(host), "{host}");
            assert!(!access.origin(&format!("http://{host}")), "{host}");
        }
        assert!(!access.origin("null"));
        assert!(!access.origin("localhost"));
    }

    #[test]
    fn a_name_without_a_port_allows_every_port_and_one_with_a_port_only_that() {
        let mut access = Access::default();
        access.hosts.add("mcp.example.com");
        access.hosts.add("other.example.com:8443");
        assert!(access.host("mcp.example.com") && access.host("MCP.example.com:443"));
        assert!(access.host("other.example.com:8443"));
        assert!(!access.host("other.example.com") && !access.host("other.example.com:1"));
    }
}
