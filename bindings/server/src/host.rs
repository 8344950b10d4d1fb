//! Setting a server up: folder, address, identity, token; then running it until it is told to stop.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use wallet_core::http::{HttpsUrl, LinkPolicy, UrlError};
use wallet_core::trust::Environment;

use crate::adapter::{Limits, Service, serve};
use crate::identity::{Identity, IdentityError, IdentityKind};
use crate::management::ManagementToken;
use crate::platform::{create_private_folder, now};

/// Where and how a server runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HostConfig {
    /// The folder for keys, certificates, database and token.
    pub data: PathBuf,
    /// The address to listen on.
    pub listen: IpAddr,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// The public address; in development it follows from the port.
    pub url: Option<String>,
    /// The name in a development certificate.
    pub name: String,
    /// Plain HTTP on this machine, and own test certificates.
    pub dev: bool,
}

impl HostConfig {
    /// A development server on a free loopback port.
    pub fn development(data: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            listen: IpAddr::from([127, 0, 0, 1]),
            port: 0,
            url: None,
            name: name.into(),
            dev: true,
        }
    }
}

/// A server that is set up and has its port, but does not answer yet.
#[derive(Debug)]
pub struct Host {
    listener: TcpListener,
    base: HttpsUrl,
    identity: Option<Identity>,
    token: ManagementToken,
    data: PathBuf,
    name: String,
    dev: bool,
}

impl Host {
    /// Makes the folder, takes the port, reads or makes the identity and the token.
    pub fn prepare(config: &HostConfig, kind: IdentityKind) -> Result<Self, HostError> {
        let file = |path: &Path| {
            let path = path.to_owned();
            move |error: io::Error| HostError::File {
                path,
                reason: error.to_string(),
            }
        };
        create_private_folder(&config.data).map_err(file(&config.data))?;
        let address = SocketAddr::new(config.listen, config.port);
        if config.dev && !config.listen.is_loopback() {
            return Err(HostError::DevelopmentOffLoopback);
        }
        let listener = TcpListener::bind(address).map_err(|error| HostError::Listen {
            address,
            kind: error.kind(),
        })?;
        listener.set_nonblocking(true).map_err(|error| HostError::Listen {
            address,
            kind: error.kind(),
        })?;
        let port = listener
            .local_addr()
            .map_err(|error| HostError::Listen {
                address,
                kind: error.kind(),
            })?
            .port();
        let base = match (&config.url, config.dev) {
            (Some(url), true) => HttpsUrl::parse(url, LinkPolicy::LoopbackHttp)?,
            (Some(url), false) => HttpsUrl::parse(url, LinkPolicy::HttpsOnly)?,
            (None, true) => HttpsUrl::parse(&format!("http://localhost:{port}"), LinkPolicy::LoopbackHttp)?,
            (None, false) => return Err(HostError::UrlMissing),
        };
        let identity = if config.dev {
            Identity::load_or_create(&config.data, kind, &config.name, &base, now())?
        } else {
            Identity::load(&config.data, kind)?
        };
        let path = config.data.join("management.token");
        let token = ManagementToken::load_or_create(&path).map_err(file(&path))?;
        Ok(Self {
            listener,
            base,
            identity: Some(identity),
            token,
            data: config.data.clone(),
            name: config.name.clone(),
            dev: config.dev,
        })
    }

    /// The public address.
    pub fn base(&self) -> &HttpsUrl {
        &self.base
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The bearer token of the management calls.
    pub fn token(&self) -> &ManagementToken {
        &self.token
    }

    /// Which links the server follows.
    pub fn link_policy(&self) -> LinkPolicy {
        if self.dev {
            LinkPolicy::LoopbackHttp
        } else {
            LinkPolicy::HttpsOnly
        }
    }

    /// Whether what it signs counts, or is for tests (lessons S36).
    pub fn environment(&self) -> Environment {
        if self.dev {
            Environment::Test
        } else {
            Environment::Production
        }
    }

    /// Hands over the identity, once: the service owns the key.
    pub fn take_identity(&mut self) -> Option<Identity> {
        self.identity.take()
    }

    /// The document signer for mdocs, which only development mode has: it makes its own.
    pub fn document_signer(&self) -> Result<Option<Identity>, HostError> {
        if !self.dev {
            return Ok(None);
        }
        let identity = Identity::load_or_create_document_signer(&self.data, &self.name, &self.base, now())?;
        Ok(Some(identity))
    }

    /// Answers until `stop` resolves.
    pub async fn run(self, service: impl Service, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let environment = self.environment();
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let limits = Limits::default();
        serve(listener, service, self.base, self.token, limits, environment, stop).await
    }
}

/// Resolves when the process is asked to end: Ctrl-C, or SIGTERM from a service manager.
pub async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Why a server does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostError {
    /// Development mode on an address that others reach.
    DevelopmentOffLoopback,
    /// A file cannot be read or written.
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// The service's state cannot be used.
    State {
        /// Where it is.
        path: PathBuf,
        /// The code of the error.
        code: &'static str,
    },
    /// Keys or certificates are missing or wrong.
    Identity(IdentityError),
    /// The port is not to be had.
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        kind: io::ErrorKind,
    },
    /// The public address is not acceptable.
    Url(UrlError),
    /// Production needs a public address.
    UrlMissing,
}

impl HostError {
    pub(crate) fn state(path: &Path, code: &'static str) -> Self {
        Self::State {
            path: path.to_owned(),
            code,
        }
    }

    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DevelopmentOffLoopback => "serve.development_off_loopback",
            Self::File { .. } => "serve.file",
            Self::Identity(_) => "serve.identity",
            Self::Listen { .. } => "serve.listen",
            Self::State { code, .. } => code,
            Self::Url(error) => error.code(),
            Self::UrlMissing => "serve.url_missing",
        }
    }

    /// What the operator can do.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::DevelopmentOffLoopback => "listen on 127.0.0.1, or leave development mode",
            Self::File { .. } | Self::State { .. } => "check the folder and who may use it",
            Self::Identity(_) => {
                "put the certificate chain and the PKCS #8 key into the data folder, or use --dev for tests"
            }
            Self::Listen { .. } => "choose another port with --port, or end the program that has it",
            Self::Url(_) | Self::UrlMissing => {
                "give the public https address of the proxy with --url, or use --dev for tests"
            }
        }
    }
}

impl From<IdentityError> for HostError {
    fn from(error: IdentityError) -> Self {
        Self::Identity(error)
    }
}

impl From<UrlError> for HostError {
    fn from(error: UrlError) -> Self {
        Self::Url(error)
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DevelopmentOffLoopback => f.write_str("development mode serves this machine alone"),
            Self::File { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::Identity(error) => error.fmt(f),
            Self::Listen { address, kind } => write!(f, "cannot listen on {address}: {kind}"),
            Self::State { path, code } => write!(f, "{}: the state cannot be used ({code})", path.display()),
            Self::Url(error) => error.fmt(f),
            Self::UrlMissing => f.write_str("a server needs its public address"),
        }
    }
}

impl std::error::Error for HostError {}
