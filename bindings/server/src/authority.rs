//! The authority behind HTTP: the protocol endpoints of the core, and the calls of the school office.

use std::sync::{Mutex, MutexGuard, PoisonError};

use wallet_core::codec::{Budget, Json, Object, json};
use wallet_core::credential::Format;
use wallet_core::crypto::{Random, sha256};
use wallet_core::http::{HttpRequest, HttpResponse, Method};
use wallet_core::issuer::eid::{EidError, PidRequest, RecordFile};
use wallet_core::issuer::{
    Approval, Authority, AuthorityConfig, IssuerError, IssuingUnit, OfferForm, Record, RecordView, Signer, State,
    TransactionCode,
};
use wallet_core::rulebook::xschule::{ClaimOptions, SchoolReport, Setting};
use wallet_core::rulebook::{Rulebook, pid};
use wallet_core::time::Timestamp;
use wallet_core::trust::Environment;

use crate::adapter::{ManageError, Managed, Service};
use crate::host::{Host, HostError};
use crate::platform::{SystemRandom, now};
use crate::state::SqliteState;

/// The types that a school office issues.
const TYPES: [&str; 3] = [
    "urn:mappe:de:abitur:1",
    "urn:mappe:de:school-report:1",
    "urn:mappe:de:school-attendance:1",
];
/// What a development server issues beside them, from test cards: the PID in both formats.
const PID_TYPES: [&str; 2] = [pid::GERMAN_VCT, pid::VCT];
/// Digits of a transaction code: with five attempts, one guess in 200 000 succeeds.
const CODE_DIGITS: usize = 6;

/// An authority that issues school reports, and in development mode PIDs.
pub struct AuthorityService {
    authority: Mutex<Authority>,
    setting: Setting,
}

impl AuthorityService {
    /// Opens the authority of a host; its state is in the host's folder.
    pub fn open(host: &mut Host, name: &str) -> Result<Self, HostError> {
        let state = SqliteState::in_folder(host.data()).map_err(|error| HostError::state(host.data(), error.code()))?;
        Self::with_state(host, name, Box::new(state))
    }

    fn with_state(host: &mut Host, name: &str, state: Box<dyn State + Send>) -> Result<Self, HostError> {
        let data = host.data().to_owned();
        let failed = |error: IssuerError| HostError::state(&data, error.code());
        let identity = host
            .take_identity()
            .ok_or_else(|| HostError::state(&data, "serve.identity_taken"))?;
        let signer = Signer::new(identity.key, identity.chain).map_err(failed)?;
        let document_signer = host.document_signer()?;
        let mut types: Vec<String> = TYPES.iter().map(|vct| (*vct).to_owned()).collect();
        let mut doctypes = Vec::new();
        if document_signer.is_some() {
            types.extend(PID_TYPES.iter().map(|vct| (*vct).to_owned()));
            doctypes.push(pid::DOCTYPE.to_owned());
        }
        let mut config = AuthorityConfig::new(host.base().clone(), name, types);
        config.doctypes = doctypes;
        let mut authority =
            Authority::open(config, signer, Rulebook::bundled(), state, &mut SystemRandom::new()).map_err(failed)?;
        if let Some(identity) = document_signer {
            let signer = Signer::new(identity.key, identity.chain).map_err(failed)?;
            authority = authority.with_document_signer(signer);
        }
        // What ended while the server was down is forgotten now.
        authority.clean_up(now()).map_err(failed)?;
        let setting = match host.environment() {
            Environment::Production => Setting::Production,
            _ => Setting::Test,
        };
        Ok(Self {
            authority: Mutex::new(authority),
            setting,
        })
    }

    fn authority(&self) -> MutexGuard<'_, Authority> {
        // A poisoned lock means that an earlier request failed; what counts is in the database.
        self.authority.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn offer(&self, body: &Object, now: Timestamp, random: &mut dyn Random) -> Result<Json, ManageError> {
        let configuration = body.get("configuration").and_then(Json::as_str);
        match configuration {
            None | Some("school-report") => self.offer_report(body, now, random),
            Some("pid") => self.offer_pid(body, now, random),
            Some(_) => Err(ManageError::bad(
                "offer.configuration",
                "`configuration` must be `school-report` or `pid`",
            )),
        }
    }

    fn offer_report(&self, body: &Object, now: Timestamp, random: &mut dyn Random) -> Result<Json, ManageError> {
        let xml = body
            .get("record")
            .and_then(Json::as_str)
            .ok_or_else(|| ManageError::bad("offer.record", "`record` must be the text of an XSchule message"))?;
        let report = SchoolReport::parse(xml, &mut Budget::default())
            .map_err(|error| ManageError::bad(error.code(), error.to_string()))?;
        let vct = report
            .vct()
            .map_err(|error| ManageError::bad(error.code(), error.to_string()))?;
        let claims = report.to_claims(&ClaimOptions::original(self.setting));
        let approval = approval(body, "XSchule message", xml.as_bytes());
        let mut authority = self.authority();
        let mut record = Record::new(authority.rulebook(), vct, claims, approval).map_err(refused)?;
        record.unit = report.school().and_then(|school| {
            let id = school.ids.first()?;
            Some(IssuingUnit::new(id.as_str(), school.name.clone().unwrap_or_default()))
        });
        let findings = report
            .findings()
            .iter()
            .map(|finding| Json::from(finding.to_string()))
            .collect();
        let created = create(&mut authority, record, body, now, random)?;
        Ok(created.with("findings", Json::Array(findings)).into())
    }

    /// Offers a PID from a record file: test data, so in development mode alone (lessons S36).
    fn offer_pid(&self, body: &Object, now: Timestamp, random: &mut dyn Random) -> Result<Json, ManageError> {
        let bad = |error: EidError| ManageError::bad(error.code(), error.to_string());
        let card = body
            .get("record")
            .filter(|record| record.as_object().is_some())
            .ok_or_else(|| ManageError::bad("offer.record", "`record` must be the fields of an identity card"))?;
        let text = card.to_string();
        let card = RecordFile::parse(&text)
            .and_then(RecordFile::into_record)
            .map_err(bad)?;
        if card.is_test_data() && self.setting == Setting::Production {
            return Err(bad(EidError::TestData));
        }
        let mut request = PidRequest::default();
        request.vct = body.get("type").and_then(Json::as_str).map(str::to_owned);
        if let Some(formats) = body.get("formats") {
            let formats = formats.as_array().unwrap_or_default().iter();
            let known = formats.map(|format| format.as_str().and_then(Format::from_name));
            request.formats = known
                .collect::<Option<_>>()
                .ok_or_else(|| refused(IssuerError::UnsupportedFormat))?;
        }
        let approval = approval(body, "record of an identity card", text.as_bytes());
        let mut authority = self.authority();
        let record = card
            .to_record(authority.rulebook(), &request, approval, now)
            .map_err(refused)?;
        let mut left_out: Vec<Json> = card.left_out().iter().map(|name| Json::from(*name)).collect();
        let missing = record.left_out_of_mdoc(authority.rulebook()).map_err(refused)?;
        left_out.extend(missing.iter().map(|path| Json::from(path.to_string())));
        let created = create(&mut authority, record, body, now, random)?;
        Ok(created.with("left_out", Json::Array(left_out)).into())
    }

    fn change(&self, id: &str, verb: &str, body: &Object, now: Timestamp) -> Result<Json, ManageError> {
        let reason = body.get("reason").and_then(Json::as_str).unwrap_or("not stated");
        let mut authority = self.authority();
        match verb {
            "revoke" => authority.revoke(id, reason, now),
            "suspend" => authority.suspend(id, reason, now),
            "reinstate" => authority.reinstate(id, now),
            "withdraw" => authority.withdraw(id, now),
            _ => return Err(ManageError::NotFound),
        }
        .map_err(refused)?;
        authority.record(id).map(|view| describe(&view)).map_err(refused)
    }
}

/// Lessons S37: who approved it, on what basis. The digest says which message without repeating it.
fn approval(body: &Object, what: &str, message: &[u8]) -> Approval {
    let text = |name: &str| body.get(name).and_then(Json::as_str);
    let digest = wallet_core::codec::base64url::encode(sha256(message));
    Approval::new(
        text("approved_by").unwrap_or("holder of the management token"),
        text("basis").map_or_else(|| format!("{what}, sha-256 {digest}"), str::to_owned),
    )
}

/// Offers a record as the call wants it.
fn create(
    authority: &mut Authority,
    mut record: Record,
    body: &Object,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<Object, ManageError> {
    record.supersedes = body.get("supersedes").and_then(Json::as_str).map(str::to_owned);
    let tx_code = match body.get("tx_code").and_then(Json::as_bool) {
        Some(false) => TransactionCode::None,
        _ => TransactionCode::Numeric(CODE_DIGITS),
    };
    let form = match body.get("by_value").and_then(Json::as_bool) {
        Some(true) => OfferForm::ByValue,
        _ => OfferForm::ByReference,
    };
    let created = authority
        .create_offer(record, tx_code, form, now, random)
        .map_err(refused)?;
    Ok(Object::new()
        .with("id", Json::from(created.id))
        .with("offer", Json::from(created.offer.as_str()))
        .with("qr", crate::adapter::qr(&created.offer))
        .with("tx_code", created.tx_code.map(Json::from))
        .with("expires", Json::from(created.expires.to_string())))
}

impl std::fmt::Debug for AuthorityService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthorityService")
    }
}

impl Service for AuthorityService {
    fn handle(&self, request: HttpRequest, now: Timestamp, random: &mut dyn Random) -> HttpResponse {
        self.authority().handle(&request, now, random)
    }

    fn manage(&self, call: Managed<'_>, now: Timestamp, random: &mut dyn Random) -> Result<Json, ManageError> {
        match (call.method, call.path) {
            (Method::Post, ["offers"]) => self.offer(call.body, now, random),
            (Method::Get, ["offers" | "records", id]) => {
                self.authority().record(id).map(|view| describe(&view)).map_err(refused)
            }
            (Method::Get, ["records"]) => {
                let records = self.authority().records().map_err(refused)?;
                Ok(Object::new()
                    .with("records", Json::Array(records.iter().map(describe).collect()))
                    .into())
            }
            (Method::Post, ["offers" | "records", id, verb]) => self.change(id, verb, call.body, now),
            _ => Err(ManageError::NotFound),
        }
    }
}

fn describe(view: &RecordView) -> Json {
    let word = |value: Result<Json, json::JsonError>| value.unwrap_or(Json::Null);
    Object::new()
        .with("id", Json::from(view.id.as_str()))
        .with("vct", Json::from(view.vct.as_str()))
        .with("configurations", word(json::to_json(&view.configurations)))
        .with("state", word(json::to_json(&view.offer)))
        .with("status", word(json::to_json(&view.status)))
        .with("approval", word(json::to_json(&view.approval)))
        .with("unit", word(json::to_json(&view.unit)))
        .with("created", Json::from(view.created.to_string()))
        .with("expires", Json::from(view.expires.to_string()))
        .with("copies", word(json::to_json(&view.copies)))
        .with("history", word(json::to_json(&view.history)))
        .into()
}

fn refused(error: IssuerError) -> ManageError {
    match error {
        IssuerError::UnknownRecord => ManageError::NotFound,
        IssuerError::State(_) => ManageError::Internal,
        other => ManageError::bad(other.code(), other.to_string()),
    }
}
