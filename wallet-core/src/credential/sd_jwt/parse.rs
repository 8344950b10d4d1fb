//! The wire forms: compact (RFC 9901 §4) and JSON (§8).

use std::sync::OnceLock;

use crate::codec::base64url;
use crate::codec::{Budget, Json, JsonError, Object};
use crate::envelope::jws::{Header, JwsError};
use crate::time::{Timestamp, Validity};

use super::process::{self, Disclosures, Follow, Processed, Scratch, Slots};
use super::{Marks, SdJwt, SdJwtError, Unverified};

/// A JSON serialisation of JWS (RFC 7515 §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "RFC 7515 §7.2 has exactly these forms")]
pub enum JsonForm {
    /// One signature beside the payload.
    Flattened,
    /// A list of signatures.
    General,
}

impl Unverified<SdJwt> {
    /// Parses the compact form, with or without key binding JWT.
    ///
    /// Faults of the disclosures are kept for [`Unverified::verify`], so that [`Unverified::inspect`] can show what
    /// came; what is refused here is no SD-JWT at all, or too large.
    pub fn parse(text: &str, budget: &mut Budget) -> Result<Self, SdJwtError> {
        SdJwt::parse(text.to_owned(), budget).map(Self::new)
    }

    /// Parses the flattened or the general JSON form.
    pub fn parse_json(text: &[u8], budget: &mut Budget) -> Result<Self, SdJwtError> {
        let json = Json::parse(text, budget)?;
        SdJwt::parse(from_json_form(&json)?, budget).map(Self::new)
    }
}

impl SdJwt {
    pub(super) fn parse(text: String, budget: &mut Budget) -> Result<Self, SdJwtError> {
        // RFC 9901 §4: there is at least one tilde, and what follows the last one is empty or a key binding JWT.
        let bytes = text.as_bytes();
        let first = memchr::memchr(b'~', bytes).ok_or(SdJwtError::NotAnSdJwt)?;
        let last = memchr::memrchr(b'~', bytes).unwrap_or(first);
        let mut dots = memchr::memchr_iter(b'.', &bytes[..first]);
        let (Some(header_end), Some(payload_end), None) = (dots.next(), dots.next(), dots.next()) else {
            return Err(JwsError::NotThreeParts.into());
        };
        let marks = Marks {
            payload: header_end + 1,
            signature: payload_end + 1,
            disclosures: first + 1,
            key_binding: last + 1,
        };
        // The parts that are no JSON: their length is bounded too.
        budget
            .spend_bytes(text.len() - marks.key_binding + first - payload_end)
            .map_err(JsonError::from)?;
        let mut scratch = Scratch::new(budget);
        let header = scratch.object(&text[..header_end], JwsError::BadHeader("header"))?;
        let header = Header::new(header)?;
        let payload = scratch.object(&text[marks.payload..payload_end], JwsError::PayloadNotAnObject)?;
        let mut parsed = Self {
            text,
            marks,
            header,
            claims: Json::Null,
            hash: Default::default(),
            validity: Validity::default(),
            holder_key: OnceLock::new(),
            never_selective: None,
            fault: None,
            depth: scratch.budget.depth(),
        };
        match parsed.fill(payload, &mut scratch) {
            Ok(()) => Ok(parsed),
            Err(SdJwtError::DisclosureJson(JsonError::Budget(exceeded))) => Err(JsonError::Budget(exceeded).into()),
            Err(fault) => {
                parsed.claims = Json::Object(parsed.signed_payload());
                parsed.fault = Some(fault);
                Ok(parsed)
            }
        }
    }

    fn fill(&mut self, payload: Object, scratch: &mut Scratch<'_>) -> Result<(), SdJwtError> {
        self.hash = process::hash_of(&payload)?;
        let mut disclosures = Disclosures::with_capacity(self.disclosures().count(), self.hash);
        for text in self.disclosures() {
            disclosures.push(text, self.hash, scratch)?;
        }
        let processed = process::process(payload, disclosures, self.depth, Slots::Remove, &mut ())?;
        self.never_selective = processed.never_selective;
        // RFC 9901 §7.3: validity claims are those of the processed payload.
        self.validity = validity_of(&processed.claims)?;
        self.claims = Json::Object(processed.claims);
        Ok(())
    }

    /// The payload as signed; it was parsed once already.
    pub(super) fn signed_payload(&self) -> Object {
        let mut budget = Budget::new(usize::MAX, self.depth, usize::MAX);
        let text = &self.text[self.marks.payload..self.marks.signature - 1];
        Scratch::new(&mut budget)
            .object(text, JwsError::PayloadNotAnObject)
            .unwrap_or_default()
    }

    /// Processes again, to learn more about the places of the disclosures.
    pub(super) fn reprocess(&self, slots: Slots, follow: &mut impl Follow) -> Json {
        let mut budget = Budget::new(usize::MAX, self.depth, usize::MAX);
        let mut scratch = Scratch::new(&mut budget);
        let mut disclosures = Disclosures::with_capacity(self.disclosures().count(), self.hash);
        for text in self.disclosures() {
            if disclosures.push(text, self.hash, &mut scratch).is_err() {
                return Json::Object(Object::new());
            }
        }
        let processed = process::process(self.signed_payload(), disclosures, self.depth, slots, follow);
        Json::Object(processed.map_or_else(|_| Object::new(), |Processed { claims, .. }| claims))
    }
}

impl<'a> Scratch<'a> {
    pub(super) fn new(budget: &'a mut Budget) -> Self {
        Self {
            decoded: Vec::new(),
            budget,
        }
    }

    fn object(&mut self, text: &str, otherwise: JwsError) -> Result<Object, SdJwtError> {
        base64url::decode_into(text, &mut self.decoded).map_err(JwsError::from)?;
        match Json::parse(&self.decoded, self.budget) {
            Ok(Json::Object(object)) => Ok(object),
            Ok(_) => Err(otherwise.into()),
            Err(error) => Err(JwsError::Json(error).into()),
        }
    }
}

/// `nbf` and `exp` (RFC 7519 §4.1.4, §4.1.5).
pub(super) fn validity_of(claims: &Object) -> Result<Validity, SdJwtError> {
    let read = |name: &'static str, round: fn(f64) -> f64| match claims.get(name) {
        None => Ok(None),
        Some(value) => numeric_date(value, round).map(Some).ok_or(SdJwtError::BadClaim(name)),
    };
    // A fraction never lengthens the time.
    Ok(Validity::new(read("nbf", f64::ceil)?, read("exp", f64::floor)?))
}

/// A `NumericDate` (RFC 7519 §2), which may have a fraction.
pub(super) fn numeric_date(value: &Json, round: fn(f64) -> f64) -> Option<Timestamp> {
    if let Some(seconds) = value.as_i64() {
        return Some(Timestamp::from_unix(seconds));
    }
    let Json::Number(number) = value else {
        return None;
    };
    let seconds = number
        .as_str()
        .parse::<f64>()
        .ok()
        .filter(|seconds| seconds.is_finite())?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and so does the time"
    )]
    Some(Timestamp::from_unix(round(seconds) as i64))
}

/// The compact form that a JSON form stands for (RFC 9901 §8.1: `sd_hash` is over it).
fn from_json_form(json: &Json) -> Result<String, SdJwtError> {
    let whole = json.as_object().ok_or(SdJwtError::JsonForm("an object"))?;
    let signature = match (whole.get("signatures"), whole.contains("signature")) {
        (None, true) => whole,
        (Some(signatures), false) if !whole.contains("protected") && !whole.contains("header") => {
            let signatures = signatures
                .as_array()
                .ok_or(SdJwtError::JsonForm("an array `signatures`"))?;
            let [first, others @ ..] = signatures else {
                return Err(SdJwtError::JsonForm("a signature"));
            };
            // RFC 9901 §8.1: only the first signature's header carries them.
            let carries = |other: &Json| {
                let header = other.get("header");
                header.is_some_and(|header| header.get("disclosures").is_some() || header.get("kb_jwt").is_some())
            };
            if others.iter().any(carries) {
                return Err(SdJwtError::JsonForm("disclosures in the first signature only"));
            }
            first.as_object().ok_or(SdJwtError::JsonForm("a signature object"))?
        }
        _ => return Err(SdJwtError::JsonForm("either `signature` or `signatures`")),
    };
    let empty = Object::new();
    let header = match signature.get("header") {
        None => &empty,
        Some(header) => header.as_object().ok_or(SdJwtError::JsonForm("an object `header`"))?,
    };
    // RFC 7515 §4.1.11: extensions are named in the protected header, and none is understood.
    if header.contains("crit") || header.contains("b64") {
        return Err(JwsError::CriticalHeader.into());
    }
    let part = |object: &Object, name: &str| match object.get(name).and_then(Json::as_str) {
        // A separator inside a part would move the others.
        Some(text) if !text.contains(['~', '.']) => Ok(text.to_owned()),
        _ => Err(SdJwtError::JsonForm("base64url in `protected`, `payload`, `signature`")),
    };
    let protected = part(signature, "protected")?;
    let jwt = [
        protected.as_str(),
        &part(whole, "payload")?,
        &part(signature, "signature")?,
    ]
    .join(".");
    check_disjoint(&protected, header)?;
    let mut text = jwt;
    text.push('~');
    if let Some(disclosures) = header.get("disclosures") {
        let disclosures = disclosures
            .as_array()
            .ok_or(SdJwtError::JsonForm("an array `disclosures`"))?;
        for disclosure in disclosures {
            match disclosure.as_str() {
                Some(disclosure) if !disclosure.contains('~') => text.push_str(disclosure),
                _ => return Err(SdJwtError::JsonForm("strings in `disclosures`")),
            }
            text.push('~');
        }
    }
    if let Some(key_binding) = header.get("kb_jwt") {
        match key_binding.as_str() {
            Some(key_binding) if !key_binding.contains('~') && !key_binding.is_empty() => text.push_str(key_binding),
            _ => return Err(SdJwtError::JsonForm("a string `kb_jwt`")),
        }
    }
    Ok(text)
}

/// RFC 7515 §7.2.1: the names of the two headers are disjoint.
fn check_disjoint(protected: &str, header: &Object) -> Result<(), SdJwtError> {
    if header.is_empty() {
        return Ok(());
    }
    let decoded = base64url::decode(protected).map_err(JwsError::from)?;
    let protected = Json::parse(decoded, &mut Budget::default()).map_err(JwsError::from)?;
    if header.iter().any(|(name, _)| protected.get(name).is_some()) {
        return Err(SdJwtError::JsonForm("headers without a common name"));
    }
    Ok(())
}

/// The JSON form of a compact text, which is well-formed.
pub(super) fn to_json_form(text: &str, form: JsonForm) -> Json {
    let mut parts = text.split('~');
    let mut jwt = parts.next().unwrap_or_default().split('.');
    let mut part = || Json::from(jwt.next().unwrap_or_default());
    let (protected, payload, signature) = (part(), part(), part());
    let mut disclosures: Vec<Json> = parts.map(Json::from).collect();
    let key_binding = disclosures.pop().filter(|text| text.as_str() != Some(""));
    let header = Object::new()
        .with("disclosures", Json::Array(disclosures))
        .with("kb_jwt", key_binding);
    let signature = Object::new()
        .with("protected", protected)
        .with("signature", signature)
        .with("header", Json::Object(header));
    Json::Object(match form {
        JsonForm::Flattened => Object::new()
            .with("payload", payload)
            .into_iter()
            .chain(signature)
            .collect(),
        JsonForm::General => Object::new()
            .with("payload", payload)
            .with("signatures", Json::Array(vec![Json::Object(signature)])),
    })
}
