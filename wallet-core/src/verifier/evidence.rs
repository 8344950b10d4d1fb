//! Evidence that outlives the moment: an assessment with all it rests on, to be signed, kept and checked again.

use std::fmt;

use zeroize::Zeroizing;

use super::{AssessOptions, Assessment, FormatChoice, assess, assess_all};
use crate::codec::{Json, Object, base64url, json};
use crate::credential::mdoc::{DeviceBinding, SessionTranscript};
use crate::credential::sd_jwt::KeyBinding;
use crate::crypto::{AgreementKey, SigningKey};
use crate::envelope::jws::UnsignedJws;
use crate::keys::PublicKey;
use crate::status::StatusEvidence;
use crate::time::Timestamp;
use crate::trust::{Certificate, TrustStore};

/// `typ` of signed evidence.
const TYP: &str = "mappe-assessment+jwt";

impl Assessment {
    /// The assessment with the input that was judged and the status lists that were at hand, so that anyone with the
    /// same trust can come to the same result. It holds everything that was disclosed; where a device made a MAC, also
    /// the reader's key of that one session, without which nobody can check it.
    pub fn export(&self, input: impl AsRef<[u8]>, options: &AssessOptions<'_>) -> Json {
        let input = input.as_ref();
        let text = match std::str::from_utf8(input) {
            Ok(text) => text.to_owned(),
            Err(_) => base64url::encode(input),
        };
        let device = options.device_binding.as_ref().map(|binding| {
            let key = binding.reader_key.filter(|_| self.has_mac());
            let key = key.map(|key| Json::Object(PrivateKey::of(key).0));
            Json::Object(
                Object::new()
                    .with(
                        "session_transcript",
                        Json::from(base64url::encode(binding.transcript.as_bytes())),
                    )
                    .with("reader_key", key),
            )
        });
        let binding = options.key_binding.as_ref().map(|binding| {
            Json::Object(
                Object::new()
                    .with("nonce", Json::from(binding.nonce.as_str()))
                    .with("audience", Json::from(binding.audience.as_str()))
                    .with("max_age", Json::from(binding.max_age)),
            )
        });
        Json::Object(
            Object::new()
                .with("assessment", Json::from(1_i64))
                .with("text", Json::from(text))
                .with("format", Json::from(self.read_as()))
                .with("document", self.document.map(Json::from))
                .with("at", Json::from(options.at.unix()))
                .with("status_at", Json::from(options.status_at.unix()))
                .with("key_binding", binding)
                .with("device_binding", device)
                .with("status", self.lists(options.status))
                .with("result", self.to_json()),
        )
    }

    /// [`Assessment::export`], signed: who judged stands in the certificate.
    pub fn export_signed(
        &self,
        input: impl AsRef<[u8]>,
        options: &AssessOptions<'_>,
        key: &SigningKey,
        chain: &[Certificate],
    ) -> String {
        let header = Object::new()
            .with("typ", Json::from(TYP))
            .with("x5c", Certificate::to_x5c(chain));
        let payload = self.export(input, options).to_string();
        UnsignedJws::new(key.algorithm(), header, payload).sign(key)
    }

    /// The name of the [`FormatChoice`] that reads it again.
    fn read_as(&self) -> &str {
        match self.in_response {
            true => "device-response",
            false => &self.format,
        }
    }

    /// The lists that the credential names, and no other.
    fn lists(&self, status: Option<&StatusEvidence>) -> Option<Json> {
        let kept = match status {
            Some(status) => status.only(self.status_uris.iter().map(String::as_str)),
            None => StatusEvidence::new(),
        };
        let text = serde_json::to_vec(&kept).ok()?;
        Json::parse(text, &mut crate::codec::Budget::default()).ok()
    }
}

/// What a second look found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recheck {
    /// The assessment made anew.
    pub assessment: Assessment,
    /// Whether it comes to the same result as the one that was exported.
    pub agrees: bool,
}

/// Judges exported evidence anew, for the time of the first judgement, with one's own trust.
pub fn recheck(export: &Json, trust: &TrustStore) -> Result<Recheck, RecheckError> {
    let member = |name: &'static str| export.get(name).ok_or(RecheckError(name));
    let text = |name: &'static str| member(name)?.as_str().ok_or(RecheckError(name));
    let time = |name: &'static str| {
        let seconds = member(name)?.as_i64().ok_or(RecheckError(name))?;
        Ok::<_, RecheckError>(Timestamp::from_unix(seconds))
    };
    if member("assessment")?.as_i64() != Some(1) {
        return Err(RecheckError("assessment"));
    }
    let status: Option<StatusEvidence> = match export.get("status") {
        None => None,
        Some(status) => Some(json::from_json(status).map_err(|_| RecheckError("status"))?),
    };
    let mut options = AssessOptions::new(trust, time("at")?);
    options.status = status.as_ref();
    options.status_at = time("status_at")?;
    options.format = FormatChoice::from_name(text("format")?).ok_or(RecheckError("format"))?;
    if let Some(binding) = export.get("key_binding") {
        let string = |name: &str| {
            binding
                .get(name)
                .and_then(Json::as_str)
                .ok_or(RecheckError("key_binding"))
        };
        let mut wanted = KeyBinding::new(string("nonce")?, string("audience")?);
        let max_age = binding.get("max_age").and_then(Json::as_i64);
        wanted.max_age = max_age.ok_or(RecheckError("key_binding"))?;
        options.key_binding = Some(wanted);
    }
    let reader_key;
    if let Some(binding) = export.get("device_binding") {
        let bad = RecheckError("device_binding");
        let transcript = binding.get("session_transcript").and_then(Json::as_str);
        let transcript = transcript
            .and_then(|text| base64url::decode(text).ok())
            .ok_or(bad.clone())?;
        let transcript = SessionTranscript::from_bytes(&transcript).map_err(|_| bad.clone())?;
        let mut wanted = DeviceBinding::new(transcript);
        if let Some(key) = binding.get("reader_key") {
            reader_key = PrivateKey::read(key).ok_or(bad)?;
            wanted = wanted.with_reader_key(&reader_key);
        }
        options.device_binding = Some(wanted);
    }
    let mut assessment = match export.get("document") {
        None => assess(text("text")?, &options),
        Some(index) => {
            let index = index.as_u64().and_then(|index| usize::try_from(index).ok());
            let mut all = assess_all(text("text")?, &options).into_iter();
            index.and_then(|index| all.nth(index)).ok_or(RecheckError("document"))?
        }
    };
    let result = member("result")?;
    assessment.source = result.get("source").and_then(Json::as_str).map(str::to_owned);
    let agrees = agrees(&assessment, result);
    Ok(Recheck { assessment, agrees })
}

/// A reader's key as a private JWK.
struct PrivateKey(Object);

impl PrivateKey {
    fn of(key: &AgreementKey) -> Self {
        let public = PublicKey::new(key.public_key()).to_jwk();
        Self(public.with("d", Json::from(base64url::encode(key.to_bytes()))))
    }

    fn read(jwk: &Json) -> Option<AgreementKey> {
        let public = PublicKey::from_jwk(&without_private(jwk)?).ok()?;
        let scalar = jwk.get("d").and_then(Json::as_str)?;
        let scalar = base64url::decode(scalar).map(Zeroizing::new).ok()?;
        AgreementKey::from_bytes_on(public.verifying_key().curve(), &scalar).ok()
    }
}

fn without_private(jwk: &Json) -> Option<Json> {
    let members = jwk.as_object()?.iter().filter(|(name, _)| *name != "d");
    let members: Object = members.map(|(name, value)| (name.to_owned(), value.clone())).collect();
    Some(Json::Object(members))
}

/// The query is judged over the whole answer, and is not part of what one presentation can show again.
fn agrees(assessment: &Assessment, result: &Json) -> bool {
    let own = assessment.to_json();
    let checks = |json: &Json| -> Vec<(Option<Json>, Option<Json>, Option<Json>)> {
        let checks = json.get("checks").and_then(Json::as_array).unwrap_or_default().iter();
        let part = |check: &Json, name: &str| check.get(name).cloned();
        checks
            .filter(|check| check.get("check").and_then(Json::as_str) != Some("query"))
            .map(|check| (part(check, "check"), part(check, "outcome"), part(check, "code")))
            .collect()
    };
    own.get("claims") == result.get("claims") && checks(&own) == checks(result)
}

/// Exported evidence that cannot be read: the member that is missing or malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecheckError(&'static str);

impl RecheckError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        "assessment.export"
    }
}

impl fmt::Display for RecheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "member `{}` of the exported assessment is missing or malformed",
            self.0
        )
    }
}

impl std::error::Error for RecheckError {}
