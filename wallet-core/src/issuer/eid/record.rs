//! The fields of a card, and the PID that they make.

use std::fmt;

use super::EidError;
use crate::codec::{Json, Object};
use crate::credential::Format;
use crate::issuer::{Approval, IssuerError, Record};
use crate::rulebook::Rulebook;
use crate::rulebook::countries::of_document;
use crate::rulebook::pid::{self, GERMAN_VCT, VCT};
use crate::time::{FullDate, Timestamp, Validity};

/// The ages that a German PID states (as seen at the pre-production provider, November 2025).
const GERMAN_AGES: [i64; 6] = [12, 14, 16, 18, 21, 65];

/// How long a PID is good, in seconds: what German PIDs have. A short life needs no revocation to be seen.
const LIFETIME: i64 = 14 * DAY;
const DAY: i64 = 86_400;

/// What an identity card says about its holder.
#[derive(Clone, PartialEq, Eq)]
pub struct EidRecord {
    document_type: String,
    issuing_country: &'static str,
    issuing_authority: Option<String>,
    expires: FullDate,
    issued: Option<FullDate>,
    birth_date: FullDate,
    /// The claims that need nothing but the card.
    claims: Object,
    left_out: Vec<&'static str>,
    test: bool,
}

/// Which PID to make of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PidRequest {
    /// The type of the SD-JWT VC; `None` takes the German one for a German card, the EU's otherwise.
    pub vct: Option<String>,
    /// The formats. PID_02: a PID is issued in both.
    pub formats: Vec<Format>,
    /// How long it is good, in seconds.
    pub lifetime: i64,
}

impl Default for PidRequest {
    fn default() -> Self {
        Self {
            vct: None,
            formats: vec![Format::DcSdJwt, Format::MsoMdoc],
            lifetime: LIFETIME,
        }
    }
}

/// All fields that a card can have, printed or in its chip.
const FIELDS: [&str; 17] = [
    "AcademicTitle",
    "ArtisticName",
    "BirthName",
    "DateOfBirth",
    "DateOfExpiry",
    "DateOfIssuance",
    "DocumentNumber",
    "DocumentType",
    "FamilyNames",
    "GivenNames",
    "IssuingAuthority",
    "IssuingState",
    "Nationality",
    "PlaceOfBirth",
    "PlaceOfResidence",
    "Portrait",
    "TestData",
];

impl EidRecord {
    /// Reads the fields under the names of BSI TR-03130-1, `PersonalData`.
    pub fn parse(json: &Json) -> Result<Self, EidError> {
        let fields = Fields(json.as_object().ok_or(EidError::Member("(root)"))?);
        fields.only(&FIELDS)?;
        match fields.0.get("TestData") {
            None | Some(Json::Bool(true)) => {}
            Some(_) => return Err(EidError::TestData),
        }
        let issuing_country = fields
            .country("IssuingState")?
            .ok_or(EidError::Member("IssuingState"))?;
        let claims = Object::new()
            .with("family_name", Json::from(fields.required("FamilyNames")?))
            .with("given_name", Json::from(fields.required("GivenNames")?))
            .with("birth_family_name", fields.text("BirthName")?.map(Json::from))
            .with("birthdate", Json::from(fields.required_day("DateOfBirth")?.to_string()))
            .with("place_of_birth", Json::Object(fields.place_of_birth()?))
            .with("nationalities", Json::Array(fields.nationalities()?))
            .with("address", fields.address()?.map(Json::Object))
            .with("picture", fields.portrait()?)
            .with("document_number", fields.text("DocumentNumber")?.map(Json::from));
        let mut left_out = Vec::new();
        for name in ["AcademicTitle", "ArtisticName"] {
            if fields.text(name)?.is_some() {
                left_out.push(name);
            }
        }
        Ok(Self {
            document_type: fields.required("DocumentType")?.to_owned(),
            issuing_country,
            issuing_authority: fields.text("IssuingAuthority")?.map(str::to_owned),
            expires: fields.required_day("DateOfExpiry")?,
            issued: fields.day("DateOfIssuance")?,
            birth_date: fields.required_day("DateOfBirth")?,
            claims,
            left_out,
            test: false,
        })
    }

    /// Marks the data as those of a test, for good: there is no way back.
    #[must_use]
    pub fn into_test_data(mut self) -> Self {
        self.test = true;
        self
    }

    /// Whether they are data of a test.
    pub fn is_test_data(&self) -> bool {
        self.test
    }

    /// Fields of the card that no PID has a place for.
    pub fn left_out(&self) -> &[&'static str] {
        &self.left_out
    }

    /// Whether the card is a German one.
    fn is_german(&self) -> bool {
        self.issuing_country == "DE"
    }

    /// The claims of a PID of type `vct` as of `now`.
    fn claims(&self, vct: &str, now: Timestamp) -> Object {
        let authority = self.issuing_authority.as_deref().unwrap_or(self.issuing_country);
        // The mark that verifiers look for is `test`, in mdoc a name space of its own; this one is for people.
        let authority = if self.test {
            format!("{authority} (TEST)")
        } else {
            authority.to_owned()
        };
        let mut claims = self.claims.clone();
        claims.insert("date_of_expiry", self.expires.to_string());
        if let Some(issued) = self.issued {
            claims.insert("date_of_issuance", issued.to_string());
        }
        claims.insert("issuing_authority", authority);
        claims.insert("issuing_country", self.issuing_country);
        if vct == GERMAN_VCT {
            claims.insert("source_document_type", self.document_type.as_str());
            let ages = GERMAN_AGES.iter().fold(Object::new(), |ages, age| {
                let is = Json::Bool(self.age(now) >= *age);
                ages.with(&age.to_string(), is)
            });
            claims.insert("age_equal_or_over", ages);
        }
        if self.test {
            claims.insert("test", true);
        }
        claims
    }

    /// Full years since birth. Who was born on 29 February has a birthday on 1 March of other years (BGB §188).
    fn age(&self, now: Timestamp) -> i64 {
        let parts = |day: &str| -> (i64, String) {
            let (year, rest) = day.split_at(4);
            (year.parse().unwrap_or_default(), rest.to_owned())
        };
        let (birth_year, birthday) = parts(&self.birth_date.to_string());
        let (year, today) = parts(&now.date());
        year - birth_year - i64::from(today < birthday)
    }

    /// The record of a PID: one set of values for all its formats, good from today for a short time.
    pub fn to_record(
        &self,
        rulebook: &Rulebook,
        request: &PidRequest,
        approval: Approval,
        now: Timestamp,
    ) -> Result<Record, IssuerError> {
        // The last day of a document is one of its validity.
        if now >= self.expires.midnight().plus(DAY) {
            return Err(EidError::Expired.into());
        }
        let default = if self.is_german() { GERMAN_VCT } else { VCT };
        let vct = request.vct.as_deref().unwrap_or(default);
        if !rulebook.is_a(vct, VCT) {
            return Err(IssuerError::UnknownType);
        }
        let claims = self.claims(vct, now);
        pid::validate(&claims)?;
        let mut record = Record::new(rulebook, vct, claims, approval)?.in_formats(&request.formats)?;
        // ARF 3.0 ISSU_36: copies must not be known by the second they were made in.
        let today = now.plus(-now.unix().rem_euclid(DAY));
        record.validity = Validity::new(Some(today), Some(today.plus(request.lifetime)));
        Ok(record)
    }
}

impl fmt::Debug for EidRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EidRecord(redacted)")
    }
}

/// The members of a record.
struct Fields<'a>(&'a Object);

impl<'a> Fields<'a> {
    fn only(&self, known: &[&str]) -> Result<(), EidError> {
        if self.0.iter().all(|(name, _)| known.contains(&name)) {
            Ok(())
        } else {
            Err(EidError::Unknown)
        }
    }

    /// A text; one without content is absent, as chips have it.
    fn text(&self, name: &'static str) -> Result<Option<&'a str>, EidError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => {
                let text = value.as_str().ok_or(EidError::Member(name))?.trim();
                Ok((!text.is_empty()).then_some(text))
            }
        }
    }

    fn required(&self, name: &'static str) -> Result<&'a str, EidError> {
        self.text(name)?.ok_or(EidError::Member(name))
    }

    fn day(&self, name: &'static str) -> Result<Option<FullDate>, EidError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let compact = |text: &str| {
            let is_compact = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
            is_compact.then(|| format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]))
        };
        let spread = compact(text);
        let day = FullDate::parse(spread.as_deref().unwrap_or(text));
        day.map(Some).map_err(|_| EidError::Member(name))
    }

    fn required_day(&self, name: &'static str) -> Result<FullDate, EidError> {
        self.day(name)?.ok_or(EidError::Member(name))
    }

    fn country(&self, name: &'static str) -> Result<Option<&'static str>, EidError> {
        let code = self.text(name)?;
        code.map(|code| of_document(code).ok_or(EidError::Member(name)))
            .transpose()
    }

    fn place_of_birth(&self) -> Result<Object, EidError> {
        const NAME: &str = "PlaceOfBirth";
        let place = match self.0.get(NAME) {
            Some(Json::String(town)) if !town.trim().is_empty() => {
                Object::new().with("locality", Json::from(town.trim()))
            }
            Some(Json::Object(place)) => {
                let place = Fields(place);
                place.only(&["City", "State", "Country"])?;
                Object::new()
                    .with("country", place.country("Country")?.map(Json::from))
                    .with("region", place.text("State")?.map(Json::from))
                    .with("locality", place.text("City")?.map(Json::from))
            }
            _ => return Err(EidError::Member(NAME)),
        };
        if place.is_empty() {
            return Err(EidError::Member(NAME));
        }
        Ok(place)
    }

    fn nationalities(&self) -> Result<Vec<Json>, EidError> {
        const NAME: &str = "Nationality";
        let one = |value: &Json| {
            let code = value.as_str().and_then(of_document);
            code.map(Json::from).ok_or(EidError::Member(NAME))
        };
        match self.0.get(NAME) {
            Some(Json::Array(codes)) if !codes.is_empty() => codes.iter().map(one).collect(),
            Some(code @ Json::String(_)) => Ok(vec![one(code)?]),
            _ => Err(EidError::Member(NAME)),
        }
    }

    fn address(&self) -> Result<Option<Object>, EidError> {
        const NAME: &str = "PlaceOfResidence";
        let Some(value) = self.0.get(NAME) else { return Ok(None) };
        let place = Fields(value.as_object().ok_or(EidError::Member(NAME))?);
        place.only(&["Street", "City", "State", "ZipCode", "Country"])?;
        let address = Object::new()
            .with("country", place.country("Country")?.map(Json::from))
            .with("region", place.text("State")?.map(Json::from))
            .with("locality", place.text("City")?.map(Json::from))
            .with("postal_code", place.text("ZipCode")?.map(Json::from))
            .with("street_address", place.text("Street")?.map(Json::from));
        Ok((!address.is_empty()).then_some(address))
    }

    /// The portrait as the data URL of a PID; whether it is a JPEG, the PID's check says.
    fn portrait(&self) -> Result<Option<Json>, EidError> {
        let base64 = self.text("Portrait")?;
        Ok(base64.map(|base64| Json::from(format!("data:image/jpeg;base64,{base64}"))))
    }
}
