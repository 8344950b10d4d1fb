//! From axum to the values of the core and back, with limits, log lines and a graceful end.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method as HttpMethod, Response, StatusCode, header};
use tokio::net::TcpListener;
use wallet_core::codec::{Budget, Json, Object};
use wallet_core::crypto::Random;
use wallet_core::http::{Headers, HttpRequest, HttpResponse, HttpsUrl, LinkPolicy, Method};
use wallet_core::time::Timestamp;
use wallet_core::trust::Environment;

use crate::management::ManagementToken;
use crate::platform::{SystemRandom, now};

/// An authority or a university behind HTTP.
pub trait Service: Send + Sync + 'static {
    /// Answers a request of the protocol.
    fn handle(&self, request: HttpRequest, now: Timestamp, random: &mut dyn Random) -> HttpResponse;

    /// Carries out a management call; the caller is authenticated.
    fn manage(&self, call: Managed<'_>, now: Timestamp, random: &mut dyn Random) -> Result<Json, ManageError>;
}

/// A management call: `POST /manage/{path}` with a JSON body, or `GET` without.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Managed<'a> {
    /// GET reads, POST changes.
    pub method: Method,
    /// The path below `/manage/`, split at slashes.
    pub path: &'a [&'a str],
    /// The body; an empty object where there is none.
    pub body: &'a Object,
}

/// Why a management call was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManageError {
    /// The call is malformed; says what is missing.
    Bad {
        /// A stable code.
        code: &'static str,
        /// What is wrong, without personal data.
        message: String,
    },
    /// The state cannot be read or written.
    Internal,
    /// There is no such record, request or call.
    NotFound,
}

impl ManageError {
    /// A malformed call.
    pub fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::Bad {
            code,
            message: message.into(),
        }
    }
}

/// What one request may cost.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a body.
    pub body: usize,
    /// Time to read a request and answer it.
    pub time: Duration,
}

impl Default for Limits {
    /// 4 MiB, as much as a school record with a portrait needs; 20 seconds.
    fn default() -> Self {
        Self {
            body: 4 << 20,
            time: Duration::from_secs(20),
        }
    }
}

struct Shared<S> {
    service: S,
    base: HttpsUrl,
    token: ManagementToken,
    limits: Limits,
    environment: Environment,
}

/// Serves until `stop` resolves, then finishes the requests under way.
pub async fn serve<S: Service>(
    listener: TcpListener,
    service: S,
    base: HttpsUrl,
    token: ManagementToken,
    limits: Limits,
    environment: Environment,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let shared = Arc::new(Shared {
        service,
        base,
        token,
        limits,
        environment,
    });
    let router = Router::new().fallback(answer::<S>).with_state(shared);
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

async fn answer<S: Service>(State(shared): State<Arc<Shared<S>>>, request: Request) -> Response<Body> {
    let started = Instant::now();
    let method = request.method().clone();
    let place = place(request.uri().path());
    let limit = shared.limits.time;
    let mode = mode(shared.environment);
    let response = match tokio::time::timeout(limit, dispatch(shared, request)).await {
        Ok(response) => response,
        Err(_) => plain(408, "the request took too long"),
    };
    let status = response.status();
    let milliseconds = started.elapsed().as_millis();
    tracing::info!(%method, place, status, %milliseconds, mode, "answered");
    into_axum(&response)
}

/// The first steps of the paths that are served.
const PLACES: [&str; 11] = [
    ".well-known",
    "credential",
    "healthz",
    "manage",
    "nonce",
    "notification",
    "offers",
    "openid4vp",
    "status",
    "token",
    "types",
];

/// What of a path is logged. The steps after the first hold codes and identifiers, and a path that is not served may
/// hold anything: a name, a code that lost its way.
fn place(path: &str) -> &'static str {
    let first = path.split('/').nth(1).unwrap_or_default();
    PLACES.into_iter().find(|place| *place == first).unwrap_or("other")
}

/// Development mode is named wherever the server speaks of itself.
fn mode(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "production",
        _ => "development",
    }
}

async fn dispatch<S: Service>(shared: Arc<Shared<S>>, request: Request) -> HttpResponse {
    let (parts, body) = request.into_parts();
    let method = match parts.method {
        HttpMethod::GET | HttpMethod::HEAD => Method::Get,
        HttpMethod::POST => Method::Post,
        _ => return plain(405, "only GET and POST are understood").with_header("Allow", "GET, HEAD, POST"),
    };
    let path = parts.uri.path().to_owned();
    if path == "/healthz" {
        let health = Object::new().with("status", Json::from("ok"));
        return json(200, &health.with("mode", Json::from(mode(shared.environment))));
    }
    let managed = path.strip_prefix("/manage/").map(str::to_owned);
    let authorization = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if managed.is_some() && !shared.token.admits(authorization) {
        return json(
            401,
            &error("unauthorized", "management calls need the bearer token of this server"),
        )
        .with_header("WWW-Authenticate", "Bearer");
    }
    let Ok(body) = to_bytes(body, shared.limits.body).await else {
        return plain(413, "the body is too large or broke off");
    };
    let work = move || {
        let service = &shared.service;
        let random = &mut SystemRandom::new();
        match managed {
            Some(path) => manage(service, method, &path, &body, random),
            None => {
                let address = format!("{}{}", shared.base.origin(), parts.uri);
                match HttpsUrl::parse(&address, LinkPolicy::LoopbackHttp) {
                    Ok(url) => service.handle(
                        HttpRequest::received(method, url, headers(&parts.headers), body.to_vec()),
                        now(),
                        random,
                    ),
                    Err(_) => plain(400, "the address is malformed"),
                }
            }
        }
    };
    // Signatures and the database block; the listener must not wait for them.
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| plain(500, "the request failed"))
}

fn manage(service: &impl Service, method: Method, path: &str, body: &[u8], random: &mut dyn Random) -> HttpResponse {
    let body = if body.is_empty() {
        Ok(Json::Object(Object::new()))
    } else {
        Json::parse(body, &mut Budget::default())
    };
    let body = match body {
        Ok(Json::Object(body)) => body,
        Ok(_) => return json(400, &error("management.body", "the body must be a JSON object")),
        Err(refused) => return json(400, &error(refused.code(), &refused.to_string())),
    };
    let path: Vec<&str> = path.split('/').collect();
    match service.manage(
        Managed {
            method,
            path: &path,
            body: &body,
        },
        now(),
        random,
    ) {
        Ok(answer) => HttpResponse::of_type(200, "application/json", answer.to_string()),
        Err(ManageError::Bad { code, message }) => json(400, &error(code, &message)),
        Err(ManageError::NotFound) => json(404, &error("management.not_found", "there is nothing under this path")),
        Err(ManageError::Internal) => json(500, &error("management.state", "the state cannot be read or written")),
    }
}

fn headers(map: &HeaderMap) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in map {
        if let Ok(value) = value.to_str() {
            headers.push(name.as_str(), value);
        }
    }
    headers
}

fn error(code: &str, message: &str) -> Object {
    Object::new()
        .with("error", Json::from(code))
        .with("error_description", Json::from(message))
}

fn json(status: u16, body: &Object) -> HttpResponse {
    HttpResponse::of_type(status, "application/json", body.to_string()).with_header("Cache-Control", "no-store")
}

fn plain(status: u16, message: &str) -> HttpResponse {
    HttpResponse::of_type(status, "text/plain; charset=utf-8", message)
}

fn into_axum(response: &HttpResponse) -> Response<Body> {
    let status = StatusCode::from_u16(response.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = Response::builder().status(status);
    for (name, value) in response.headers().iter() {
        builder = builder.header(name, value);
    }
    // Lessons S4: nothing here is ever taken for another kind of content.
    builder = builder.header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    builder
        .body(Body::from(response.body().to_vec()))
        .unwrap_or_else(|_| Response::new(Body::empty()))
}

/// A QR code for a link, as SVG; `None` if the link is too long for one.
pub(crate) fn qr(link: &str) -> Option<Json> {
    let code = fast_qr::QRBuilder::new(link).build().ok()?;
    Some(Json::from(fast_qr::convert::svg::SvgBuilder::default().to_str(&code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_not_served_is_not_logged() {
        assert_eq!(place("/offers/hd9KwC5JTcsFQX2x8Grv4rOQEC31IZp1O7nYh8kVKOc"), "offers");
        assert_eq!(place("/manage/records/XDYmIDeX8JqipyDUbYHoIg"), "manage");
        for path in [
            "/Erika.Mustermann",
            "/hd9KwC5JTcsFQX2x8Grv4rOQEC31IZp1O7nYh8kVKOc",
            "/",
            "",
        ] {
            assert_eq!(place(path), "other", "{path}");
        }
    }
}
