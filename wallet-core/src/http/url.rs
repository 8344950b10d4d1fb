//! Web addresses that the core will have fetched: HTTPS, plain host, nothing hidden.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Which links are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum LinkPolicy {
    /// HTTPS only; loopback and private addresses are refused.
    #[default]
    HttpsOnly,
    /// Also plain HTTP, but to loopback hosts alone: for development, never in production.
    LoopbackHttp,
}

/// An absolute URL that may be fetched: `https`, or `http` to a loopback host under [`LinkPolicy::LoopbackHttp`].
///
/// There is no user information, no fragment, and no character that a client might read differently;
/// the text is kept as received, since issuer identifiers are compared byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HttpsUrl {
    text: String,
    host: (usize, usize),
    path: usize,
}

/// RFC 9110 §4.1 recommends at least 8000 octets; links in QR codes are far shorter.
const LONGEST: usize = 8192;

impl HttpsUrl {
    /// Parses a URL under a policy.
    pub fn parse(text: &str, policy: LinkPolicy) -> Result<Self, UrlError> {
        if text.len() > LONGEST {
            return Err(UrlError::TooLong {
                length: text.len(),
                limit: LONGEST,
            });
        }
        let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
        let (start, plain) = if lower.starts_with("https://") {
            (8, false)
        } else if lower.starts_with("http://") {
            (7, true)
        } else {
            return Err(UrlError::NotHttps);
        };
        if plain && policy == LinkPolicy::HttpsOnly {
            return Err(UrlError::NotHttps);
        }
        if !text.bytes().all(|byte| {
            byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
        }) {
            return Err(UrlError::Character);
        }
        if text.contains('#') {
            return Err(UrlError::Fragment);
        }
        let path = start + text[start..].find(['/', '?']).unwrap_or(text.len() - start);
        let authority = &text[start..path];
        if authority.contains('@') {
            return Err(UrlError::UserInformation);
        }
        let host_length = if authority.starts_with('[') {
            authority.find(']').ok_or(UrlError::Host)? + 1
        } else {
            authority.find(':').unwrap_or(authority.len())
        };
        let (host, port) = authority.split_at(host_length);
        let named = !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
            && !host.starts_with(['.', '-']);
        let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if !named && v6.is_none_or(|host| host.parse::<std::net::Ipv6Addr>().is_err()) {
            return Err(UrlError::Host);
        }
        if !port.is_empty() && !is_port(port) {
            return Err(UrlError::Host);
        }
        let url = Self {
            text: text.to_owned(),
            host: (start, start + host_length),
            path,
        };
        match policy {
            LinkPolicy::LoopbackHttp if url.is_loopback() => Ok(url),
            _ if plain => Err(UrlError::NotHttps),
            _ if url.is_internal() => Err(UrlError::InternalHost),
            _ => Ok(url),
        }
    }

    /// The URL as received.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, without port.
    pub fn host(&self) -> &str {
        &self.text[self.host.0..self.host.1]
    }

    /// Scheme, host and port, as in an HTTP `Origin`.
    pub fn origin(&self) -> &str {
        &self.text[..self.path]
    }

    /// Path and query; empty where the URL ends with the host.
    pub fn path_and_query(&self) -> &str {
        &self.text[self.path..]
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        let rest = self.path_and_query();
        &rest[..rest.find('?').unwrap_or(rest.len())]
    }

    /// The query, without the question mark.
    pub fn query(&self) -> Option<&str> {
        self.path_and_query().split_once('?').map(|(_, query)| query)
    }

    /// The URL with `/.well-known/{name}` put between host and path (RFC 8615, RFC 8414 §3.1): a terminating
    /// slash of the path is dropped, and so is a query.
    pub fn well_known(&self, name: &str) -> Self {
        let path = self.path().trim_end_matches('/');
        self.with_path(&format!("/.well-known/{name}{path}"))
    }

    /// The URL with `suffix` appended to its path; a query is dropped.
    pub fn join(&self, suffix: &str) -> Self {
        self.with_path(&format!(
            "{}/{}",
            self.path().trim_end_matches('/'),
            suffix.trim_start_matches('/')
        ))
    }

    fn with_path(&self, path: &str) -> Self {
        Self {
            text: format!("{}{path}", self.origin()),
            host: self.host,
            path: self.path,
        }
    }

    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.host().to_ascii_lowercase();
        let v6 = host.trim_matches(['[', ']']).parse::<std::net::Ipv6Addr>();
        host == "localhost"
            || host.ends_with(".localhost")
            || host
                .parse::<std::net::Ipv4Addr>()
                .is_ok_and(|address| address.is_loopback())
            || v6.is_ok_and(|address| address.is_loopback())
    }

    /// Whether the host names a place inside a network, which a stranger's link must not reach (SD-JWT VC §8
    /// "Retrieval": server-side request forgery). Any IP address counts: public services have names.
    fn is_internal(&self) -> bool {
        let host = self.host().to_ascii_lowercase();
        // A last label that is numeric is an address in some client's eyes (`0x7f.1`, `2130706433`).
        let numeric = host.rsplit('.').next().is_some_and(|label| {
            label.is_empty() || label.starts_with("0x") || label.bytes().all(|byte| byte.is_ascii_digit())
        });
        host.starts_with('[')
            || numeric
            || self.is_loopback()
            || [".local", ".internal", ".home.arpa"]
                .iter()
                .any(|suffix| host.ends_with(suffix))
    }
}

/// RFC 3986 §3.2.3: a colon and digits. What `parse` takes beside digits (`+80`) is another address to other readers.
fn is_port(text: &str) -> bool {
    let digits = text.strip_prefix(':').unwrap_or_default();
    digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok_and(|port| port != 0)
}

impl fmt::Display for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for HttpsUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for HttpsUrl {
    /// Reads back what was accepted before, so loopback links are taken too: only for our own state, never for
    /// what a peer sent.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?, LinkPolicy::LoopbackHttp).map_err(D::Error::custom)
    }
}

/// A link that is not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// A character that no URL has.
    Character,
    /// A fragment, which no fetched URL has.
    Fragment,
    /// No host, or not a host name.
    Host,
    /// An address inside a network, or this machine.
    InternalHost,
    /// Not `https`, or plain `http` to a host that is not this machine.
    NotHttps,
    /// Longer than any honest link.
    TooLong {
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// A user name or password in the link.
    UserInformation,
}

impl UrlError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Character => "url.character",
            Self::Fragment => "url.fragment",
            Self::Host => "url.host",
            Self::InternalHost => "url.internal_host",
            Self::NotHttps => "url.not_https",
            Self::TooLong { .. } => "url.too_long",
            Self::UserInformation => "url.user_information",
        }
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character => f.write_str("link has a character that no URL has"),
            Self::Fragment => f.write_str("link has a fragment"),
            Self::Host => f.write_str("link has no usable host name"),
            Self::InternalHost => f.write_str("link points into an internal network or at this machine"),
            Self::NotHttps => f.write_str("link is not https (plain http is for loopback in development mode only)"),
            Self::TooLong { length, limit } => write!(f, "link has {length} characters, {limit} are allowed"),
            Self::UserInformation => f.write_str("link contains a user name or password"),
        }
    }
}

impl std::error::Error for UrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_https_and_splits_it() {
        let url = HttpsUrl::parse("https://Issuer.Example:8443/tenant/?a=b", LinkPolicy::HttpsOnly).expect("valid");
        assert_eq!(
            (url.host(), url.origin(), url.path()),
            ("Issuer.Example", "https://Issuer.Example:8443", "/tenant/")
        );
        assert_eq!(url.query(), Some("a=b"));
        assert_eq!(
            url.well_known("x").as_str(),
            "https://Issuer.Example:8443/.well-known/x/tenant"
        );
        let bare = HttpsUrl::parse("https://issuer.example", LinkPolicy::HttpsOnly).expect("valid");
        assert_eq!(bare.well_known("x").as_str(), "https://issuer.example/.well-known/x");
    }

    #[test]
    fn refuses_what_could_lead_astray() {
        for (text, error) in [
            ("http://issuer.example", UrlError::NotHttps),
            ("http://localhost:1", UrlError::NotHttps),
            ("https://localhost", UrlError::InternalHost),
            ("https://10.0.0.1", UrlError::InternalHost),
            ("https://2130706433", UrlError::InternalHost),
            ("https://[::1]", UrlError::InternalHost),
            ("https://printer.local/", UrlError::InternalHost),
            ("https://bank.example@evil.example", UrlError::UserInformation),
            ("https://a.example/#x", UrlError::Fragment),
            ("https://a.example/\u{e4}", UrlError::Character),
            ("https://a.example\\@b", UrlError::Character),
            ("https:///x", UrlError::Host),
            ("https://a.example:99999", UrlError::Host),
            ("ftp://a.example", UrlError::NotHttps),
        ] {
            assert_eq!(HttpsUrl::parse(text, LinkPolicy::HttpsOnly), Err(error), "{text}");
        }
        assert!(HttpsUrl::parse("http://localhost:7001/x", LinkPolicy::LoopbackHttp).is_ok());
        assert!(HttpsUrl::parse("http://127.0.0.1:7001/x", LinkPolicy::LoopbackHttp).is_ok());
        assert_eq!(
            HttpsUrl::parse("http://192.168.0.1", LinkPolicy::LoopbackHttp),
            Err(UrlError::NotHttps)
        );
        assert_eq!(
            HttpsUrl::parse("http://localhost.evil.example", LinkPolicy::LoopbackHttp),
            Err(UrlError::NotHttps)
        );
    }
}
