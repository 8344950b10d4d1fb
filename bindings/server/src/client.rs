//! The HTTP client that carries the values of the core: bounded, without redirects, closed to inner networks.

use std::fmt;
use std::io::Read as _;
use std::net::IpAddr;
use std::time::Duration;

use ureq::Agent;
use ureq::config::Config;
use ureq::http::{self, Uri};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use wallet_core::http::{Headers, HttpRequest, HttpResponse, LinkPolicy, Method};

/// How long one exchange may take.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// A status list of 10 million entries at two bits is 2.5 MB before compression; nothing fetched is larger.
const SIZE_LIMIT: u64 = 16 << 20;

/// A client that executes the requests of the core.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
}

impl Client {
    /// A client; under [`LinkPolicy::LoopbackHttp`] it reaches this machine too, else public addresses alone.
    pub fn new(policy: LinkPolicy) -> Self {
        let config = Config::builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(TIME_LIMIT))
            .max_response_header_size(64 << 10)
            .proxy(None)
            // OpenID4VP 1.0 §15: no header that tells which wallet asks.
            .user_agent("")
            .build();
        let resolver = GuardedResolver {
            policy,
            inner: DefaultResolver::default(),
        };
        Self {
            agent: Agent::with_parts(config, DefaultConnector::default(), resolver),
        }
    }

    /// Sends a request and reads the whole answer. Redirects are answers like any other.
    pub fn execute(&self, request: &HttpRequest) -> Result<HttpResponse, ClientError> {
        let method = match request.method() {
            Method::Post => http::Method::POST,
            _ => http::Method::GET,
        };
        let mut builder = http::Request::builder().method(method).uri(request.url().as_str());
        for (name, value) in request.headers().iter() {
            builder = builder.header(name, value);
        }
        let host = request.url().host().to_owned();
        let failed = |error: ureq::Error| ClientError::new(&host, &error);
        let response = if request.method() == Method::Post {
            let message = builder.body(request.body()).map_err(|_| ClientError::Request)?;
            self.agent.run(message).map_err(failed)?
        } else {
            self.agent
                .run(builder.body(()).map_err(|_| ClientError::Request)?)
                .map_err(failed)?
        };
        let status = response.status().as_u16();
        let mut headers = Headers::new();
        for (name, value) in response.headers() {
            if let Ok(value) = value.to_str() {
                headers.push(name.as_str(), value);
            }
        }
        let mut body = Vec::new();
        let mut reader = response.into_body().into_reader().take(SIZE_LIMIT + 1);
        reader
            .read_to_end(&mut body)
            .map_err(|_| ClientError::Broken { host: host.clone() })?;
        if u64::try_from(body.len()).unwrap_or(u64::MAX) > SIZE_LIMIT {
            return Err(ClientError::TooLarge {
                host,
                limit: SIZE_LIMIT,
            });
        }
        Ok(HttpResponse::new(status, headers, body))
    }
}

/// Looks names up and drops the addresses that a stranger's link must not reach (SD-JWT VC, "Retrieval": SSRF).
#[derive(Debug)]
struct GuardedResolver {
    policy: LinkPolicy,
    inner: DefaultResolver,
}

impl Resolver for GuardedResolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        for address in found.iter() {
            let ip = address.ip().to_canonical();
            if is_public(ip) || (self.policy == LinkPolicy::LoopbackHttp && ip.is_loopback()) {
                allowed.push(*address);
            }
        }
        if allowed.is_empty() {
            Err(ureq::Error::HostNotFound)
        } else {
            Ok(allowed)
        }
    }
}

/// Whether an address is one of the public internet (RFC 6890).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let special = a == 0 || a >= 224 || (a == 192 && b == 0) || (a == 198 && (b == 18 || b == 19));
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_documentation() || shared || special)
        }
        IpAddr::V6(ip) => {
            let first = ip.segments()[0];
            // Global unicast is 2000::/3; the rest is loopback, local, multicast or unassigned. 6to4 and Teredo hide v4.
            first & 0xe000 == 0x2000 && first != 0x2002 && !(first == 0x2001 && ip.segments()[1] == 0)
        }
    }
}

/// Why there is no answer. Paths and bodies are left out: they carry codes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientError {
    /// The connection broke while the answer was read.
    Broken {
        /// The host.
        host: String,
    },
    /// The host was not found, or has only addresses that are not allowed.
    HostNotFound {
        /// The host.
        host: String,
    },
    /// The request cannot be written as HTTP.
    Request,
    /// No answer in time.
    TimedOut {
        /// The host.
        host: String,
    },
    /// The answer is larger than anything honest.
    TooLarge {
        /// The host.
        host: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// No connection, or no trusted TLS certificate.
    Unreachable {
        /// The host.
        host: String,
    },
}

impl ClientError {
    fn new(host: &str, error: &ureq::Error) -> Self {
        let host = host.to_owned();
        match error {
            ureq::Error::HostNotFound => Self::HostNotFound { host },
            ureq::Error::Timeout(_) => Self::TimedOut { host },
            _ => Self::Unreachable { host },
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken { host } => write!(f, "the connection to {host} broke; try again"),
            Self::HostNotFound { host } => write!(f, "host {host} was not found, or is in an internal network"),
            Self::Request => f.write_str("the request cannot be sent as HTTP"),
            Self::TimedOut { host } => write!(f, "{host} did not answer in time; try again"),
            Self::TooLarge { host, limit } => write!(f, "the answer of {host} is larger than {limit} bytes"),
            Self::Unreachable { host } => write!(f, "{host} cannot be reached, or its TLS certificate is not trusted"),
        }
    }
}

impl std::error::Error for ClientError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_addresses_are_not_public() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fe80::1",
            "fc00::1",
            "2002:a00::1",
            "198.18.0.1",
        ] {
            assert!(!is_public(ip.parse().expect("an address")), "{ip}");
        }
        for ip in ["1.1.1.1", "2606:4700::1111"] {
            assert!(is_public(ip.parse().expect("an address")), "{ip}");
        }
    }
}
