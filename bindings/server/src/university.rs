//! The university behind HTTP: the protocol endpoints of the core, and the calls of the admissions office.

use std::sync::{Mutex, MutexGuard, PoisonError};

use wallet_core::codec::{Json, Object};
use wallet_core::crypto::Random;
use wallet_core::http::{HttpRequest, HttpResponse, LinkPolicy, Method};
use wallet_core::protocol::dcql::Query;
use wallet_core::protocol::openid4vp::{DcApiProtocol, RequestMethod, ResponseMode, ReturnLink};
use wallet_core::time::Timestamp;
use wallet_core::trust::TrustStore;
use wallet_core::verifier::{
    DcApiSpec, Finding, RequestPrefix, RequestSpec, University, UniversityConfig, UniversityError, Verdict,
};

use crate::adapter::{ManageError, Managed, Service};
use crate::client::Client;
use crate::host::{Host, HostError};
use crate::sessions::SqliteSessions;

/// A university that asks for credentials and judges them.
pub struct UniversityService {
    university: Mutex<University>,
    client: Client,
    links: LinkPolicy,
}

impl UniversityService {
    /// Opens the university of a host; it trusts the issuers of `trust`.
    pub fn open(host: &mut Host, trust: TrustStore) -> Result<Self, HostError> {
        let data = host.data().to_owned();
        let identity = host
            .take_identity()
            .ok_or_else(|| HostError::state(&data, "serve.identity_taken"))?;
        let mut config = UniversityConfig::new(host.base().clone(), identity.chain, identity.key, trust);
        config.links = host.link_policy();
        let sessions = SqliteSessions::in_folder(&data)
            .map_err(|error| HostError::state(&data.join("university.db"), error.code()))?;
        let university =
            University::new(config, Box::new(sessions)).map_err(|error| HostError::state(&data, error.code()))?;
        Ok(Self {
            university: Mutex::new(university),
            client: Client::new(host.link_policy()),
            links: host.link_policy(),
        })
    }

    fn university(&self) -> MutexGuard<'_, University> {
        // A poisoned lock means that an earlier request failed; what counts is in the database.
        self.university.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request(&self, body: &Object, now: Timestamp, random: &mut dyn Random) -> Result<Json, ManageError> {
        let text = |name: &str| body.get(name).and_then(Json::as_str);
        let query = body
            .get("dcql")
            .ok_or_else(|| ManageError::bad("request.dcql", "`dcql` must be the query"))?;
        let query = Query::parse(query)
            .map_err(|error| ManageError::bad(error.code(), format!("{error} ({})", error.place())))?;
        if let Some(page) = body.get("dc_api") {
            return self.page_request(query, page, body, now, random);
        }
        let mut spec = RequestSpec::new(query);
        spec.response_mode = match text("response_mode") {
            None | Some("direct_post.jwt") => ResponseMode::DirectPostJwt,
            Some("direct_post") => ResponseMode::DirectPost,
            Some(_) => {
                return Err(ManageError::bad(
                    "request.response_mode",
                    "`response_mode` must be `direct_post.jwt` or `direct_post`",
                ));
            }
        };
        spec.prefix = prefix(text("client_id_prefix"))?;
        spec.method = match text("request_uri_method") {
            None | Some("get") => RequestMethod::Get,
            Some("post") => RequestMethod::Post,
            Some(_) => {
                return Err(ManageError::bad(
                    "request.request_uri_method",
                    "`request_uri_method` must be `get` or `post`",
                ));
            }
        };
        spec.purpose = text("purpose").map(str::to_owned);
        if let Some(link) = text("return_to") {
            spec.return_to = Some(
                ReturnLink::parse(link, self.links)
                    .map_err(|error| ManageError::bad(error.code(), error.to_string()))?,
            );
        }
        if let Some(scheme) = text("scheme") {
            spec.scheme = scheme.to_owned();
        }
        let created = self.university().create_request(&spec, now, random).map_err(refused)?;
        Ok(Object::new()
            .with("id", Json::from(created.id))
            .with("request", Json::from(created.request_url.as_str()))
            .with("qr", crate::adapter::qr(&created.request_url))
            .with("expires", Json::from(created.expires.to_string()))
            .into())
    }

    /// A request for the Digital Credentials API: `dc_api` names the `origins` of the pages that may ask, and may name
    /// the `protocol`. The page hands `digital` to `navigator.credentials.get`.
    fn page_request(
        &self,
        query: Query,
        page: &Json,
        body: &Object,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Json, ManageError> {
        let text = |name: &str| body.get(name).and_then(Json::as_str);
        let origins = page.get("origins").and_then(Json::as_array).unwrap_or_default().iter();
        let origins: Option<Vec<String>> = origins.map(|origin| origin.as_str().map(str::to_owned)).collect();
        let bad_origins = || ManageError::bad("request.origins", "`dc_api.origins` must be the origins of the pages");
        let mut spec = DcApiSpec::new(query, "");
        spec.origins = origins.filter(|origins| !origins.is_empty()).ok_or_else(bad_origins)?;
        if let Some(protocol) = page.get("protocol") {
            let known = protocol.as_str().and_then(DcApiProtocol::from_name);
            spec.protocol = known.ok_or_else(|| {
                ManageError::bad(
                    "request.protocol",
                    "`dc_api.protocol` must be `openid4vp-v1-signed`, `-multisigned` or `-unsigned`",
                )
            })?;
        }
        spec.response_mode = match text("response_mode") {
            None | Some("dc_api.jwt") => ResponseMode::DcApiJwt,
            Some("dc_api") => ResponseMode::DcApi,
            Some(_) => {
                return Err(ManageError::bad(
                    "request.response_mode",
                    "`response_mode` must be `dc_api.jwt` or `dc_api`",
                ));
            }
        };
        spec.prefixes = vec![prefix(text("client_id_prefix"))?];
        spec.purpose = text("purpose").map(str::to_owned);
        let created = self.university().create_dc_api_request(&spec, now, random);
        let created = created.map_err(refused)?;
        Ok(Object::new()
            .with("id", Json::from(created.id))
            .with("digital", created.digital)
            .with("expires", Json::from(created.expires.to_string()))
            .into())
    }

    /// What the browser gave the page: `origin` is that of the page, `response` the `DigitalCredential` or its `data`.
    fn page_answer(&self, id: &str, body: &Object, now: Timestamp) -> Result<Json, ManageError> {
        let origin = body.get("origin").and_then(Json::as_str);
        let (origin, response) = origin
            .zip(body.get("response"))
            .ok_or_else(|| ManageError::bad("request.answer", "`origin` and `response` must be there"))?;
        self.university()
            .take_dc_api_response(id, origin, response, now)
            .map_err(refused)?;
        self.result(id, None, now)
    }

    fn result(&self, id: &str, response_code: Option<&str>, now: Timestamp) -> Result<Json, ManageError> {
        // The lists are fetched outside the lock: a slow list must not keep the wallets waiting.
        let needed = self.university().status_requests(id, now).unwrap_or_default();
        for (uri, request) in needed {
            let response = self.client.execute(&request).ok();
            self.university().add_status(&uri, response.as_ref(), now);
        }
        let finding = self.university().result(id, response_code, now).map_err(refused)?;
        let state = |word: &str| Object::new().with("state", Json::from(word));
        Ok(match finding {
            Finding::Pending => state("pending"),
            Finding::Expired => state("failed").with("code", Json::from("request.expired")),
            Finding::Declined(code) => state("failed").with("code", Json::from(code)),
            Finding::Answered(presented) => {
                let word = if presented.verdict() == Verdict::Accepted {
                    "answered"
                } else {
                    "failed"
                };
                state(word)
                    .with("code", presented.code().map(Json::from))
                    .with("assessment", presented.to_json())
            }
            _ => state("failed"),
        }
        .into())
    }
}

impl std::fmt::Debug for UniversityService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UniversityService")
    }
}

impl Service for UniversityService {
    fn handle(&self, request: HttpRequest, now: Timestamp, random: &mut dyn Random) -> HttpResponse {
        self.university().handle(&request, now, random)
    }

    fn manage(&self, call: Managed<'_>, now: Timestamp, random: &mut dyn Random) -> Result<Json, ManageError> {
        match (call.method, call.path) {
            (Method::Post, ["requests"]) => self.request(call.body, now, random),
            (Method::Get, ["requests", id]) => self.result(id, None, now),
            (Method::Post, ["requests", id, "dc-api"]) => self.page_answer(id, call.body, now),
            // The browser came back: the code that it brought releases the result (lessons S13).
            (Method::Post, ["requests", id, "result"]) => {
                let code = call.body.get("response_code").and_then(Json::as_str);
                self.result(id, code, now)
            }
            (Method::Post, ["requests", id, "recheck"]) => {
                self.university().renew_status(id, now).map_err(refused)?;
                let code = call.body.get("response_code").and_then(Json::as_str);
                self.result(id, code, now)
            }
            (Method::Post, ["requests", id, "evidence"]) => {
                let code = call.body.get("response_code").and_then(Json::as_str);
                let evidence = self.university().evidence(id, code, now).map_err(refused)?;
                let evidence = evidence.into_iter().map(|(_, signed)| Json::from(signed)).collect();
                Ok(Object::new().with("evidence", Json::Array(evidence)).into())
            }
            _ => Err(ManageError::NotFound),
        }
    }
}

fn prefix(name: Option<&str>) -> Result<RequestPrefix, ManageError> {
    match name {
        None | Some("x509_hash") => Ok(RequestPrefix::X509Hash),
        Some("x509_san_dns") => Ok(RequestPrefix::X509SanDns),
        Some(_) => Err(ManageError::bad(
            "request.client_id_prefix",
            "`client_id_prefix` must be `x509_hash` or `x509_san_dns`",
        )),
    }
}

fn refused(error: UniversityError) -> ManageError {
    match error {
        UniversityError::NoSuchRequest => ManageError::NotFound,
        UniversityError::Sessions(_) => ManageError::Internal,
        other => ManageError::bad(other.code(), other.to_string()),
    }
}
