//! A PID as a verifier reads it, whatever its format.

use std::collections::BTreeMap;
use std::fmt;

use super::super::mdoc::jpeg_of;
use super::super::names::{NameMatch, compare};
use super::{PidError, check, from_mdoc};
use crate::codec::{Json, Object};
use crate::time::FullDate;

/// A PID as a verifier reads it: what was shown of it. Nothing here says whether it is authentic.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PidView {
    /// The family name.
    pub family_name: Option<String>,
    /// The given names.
    pub given_name: Option<String>,
    /// The family name at birth.
    pub birth_family_name: Option<String>,
    /// The given names at birth.
    pub birth_given_name: Option<String>,
    /// The date of birth.
    pub birth_date: Option<FullDate>,
    /// The place of birth.
    pub place_of_birth: Option<PlaceOfBirth>,
    /// The nationalities, as alpha-2 codes; `QU` is unknown and `QS` stateless.
    pub nationalities: Vec<String>,
    /// The address.
    pub address: Option<Address>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The mobile phone number.
    pub phone_number: Option<String>,
    /// The portrait as JPEG; empty if the person opted out of having one.
    pub portrait: Option<Vec<u8>>,
    /// The sex.
    pub sex: Option<Sex>,
    /// The personal administrative number.
    pub personal_administrative_number: Option<String>,
    /// When the document behind it ends: an administrative date, not the validity of the credential.
    pub date_of_expiry: Option<FullDate>,
    /// When the document behind it was issued.
    pub date_of_issuance: Option<FullDate>,
    /// Who issued it.
    pub issuing_authority: Option<String>,
    /// The country that issued it.
    pub issuing_country: Option<String>,
    /// The part of the country that issued it.
    pub issuing_jurisdiction: Option<String>,
    /// The number of the document.
    pub document_number: Option<String>,
    /// The legal category of the attestation.
    pub attestation_legal_category: Option<String>,
    /// The document that a German PID was made from.
    pub source_document_type: Option<String>,
    /// Ages that a national PID attests: the EU's has none.
    pub age_equal_or_over: BTreeMap<u8, bool>,
    /// Whether it says that it is for tests (lessons S36).
    pub is_test: bool,
}

/// A place of birth; at least one part is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlaceOfBirth {
    /// The country.
    pub country: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The town.
    pub locality: Option<String>,
}

/// An address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Address {
    /// All of it in one text.
    pub formatted: Option<String>,
    /// The country.
    pub country: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The town.
    pub locality: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The street, in Germany with the house number.
    pub street_address: Option<String>,
    /// The house number; an mdoc has no place for it.
    pub house_number: Option<String>,
}

/// The sex by the codes of the PID Rulebook §3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sex {
    /// 5.
    Diverse,
    /// 2.
    Female,
    /// 4.
    Inter,
    /// 1.
    Male,
    /// 9.
    NotApplicable,
    /// 0.
    NotKnown,
    /// 6.
    Open,
    /// 3.
    Other,
}

impl Sex {
    /// The sex of a code.
    pub fn of_code(code: u64) -> Option<Self> {
        Some(match code {
            0 => Self::NotKnown,
            1 => Self::Male,
            2 => Self::Female,
            3 => Self::Other,
            4 => Self::Inter,
            5 => Self::Diverse,
            6 => Self::Open,
            9 => Self::NotApplicable,
            _ => return None,
        })
    }

    /// The code.
    pub fn code(self) -> u64 {
        match self {
            Self::NotKnown => 0,
            Self::Male => 1,
            Self::Female => 2,
            Self::Other => 3,
            Self::Inter => 4,
            Self::Diverse => 5,
            Self::Open => 6,
            Self::NotApplicable => 9,
        }
    }
}

impl PidView {
    /// The view on claims of an SD-JWT VC.
    pub fn from_claims(claims: &Object) -> Result<Self, PidError> {
        check(claims)?;
        let text = |name: &str| text_of(claims, name);
        let day = |name: &str| claims.get(name).and_then(Json::as_str).and_then(day_of);
        let object = |name: &str| claims.get(name).and_then(Json::as_object);
        let list = |name: &str| claims.get(name).and_then(Json::as_array).unwrap_or_default();
        Ok(Self {
            family_name: text("family_name"),
            given_name: text("given_name"),
            birth_family_name: text("birth_family_name"),
            birth_given_name: text("birth_given_name"),
            birth_date: day("birthdate"),
            place_of_birth: object("place_of_birth").map(|place| PlaceOfBirth {
                country: text_of(place, "country"),
                region: text_of(place, "region"),
                locality: text_of(place, "locality"),
            }),
            nationalities: list("nationalities").iter().filter_map(owned).collect(),
            address: object("address").map(|address| Address {
                formatted: text_of(address, "formatted"),
                country: text_of(address, "country"),
                region: text_of(address, "region"),
                locality: text_of(address, "locality"),
                postal_code: text_of(address, "postal_code"),
                street_address: text_of(address, "street_address"),
                house_number: text_of(address, "house_number"),
            }),
            email: text("email"),
            phone_number: text("phone_number"),
            portrait: claims.get("picture").and_then(Json::as_str).and_then(jpeg_of),
            sex: claims.get("sex").and_then(Json::as_u64).and_then(Sex::of_code),
            personal_administrative_number: text("personal_administrative_number"),
            date_of_expiry: day("date_of_expiry"),
            date_of_issuance: day("date_of_issuance"),
            issuing_authority: text("issuing_authority"),
            issuing_country: text("issuing_country"),
            issuing_jurisdiction: text("issuing_jurisdiction"),
            document_number: text("document_number"),
            attestation_legal_category: text("attestation_legal_category"),
            source_document_type: text("source_document_type"),
            age_equal_or_over: object("age_equal_or_over")
                .into_iter()
                .flat_map(Object::iter)
                .filter_map(|(age, is)| Some((age.parse().ok()?, is.as_bool()?)))
                .collect(),
            is_test: claims.get("test").and_then(Json::as_bool) == Some(true),
        })
    }

    /// The view on the elements of an mdoc; `elements` has an object for each name space.
    pub fn from_mdoc(elements: &Object) -> Result<Self, PidError> {
        Self::from_claims(&from_mdoc(elements)?.claims)
    }

    /// Compares the person with that of other claims (`family_name`, `given_name`, `birthdate`), such as those of a
    /// school report: the least alike of what both name. A name at birth that fits is likely the same person's.
    /// `None` if they have nothing in common to compare.
    pub fn compare(&self, claims: &Object) -> Option<NameMatch> {
        let theirs = |name: &str| claims.get(name).and_then(Json::as_str);
        let names = |mine: &Option<String>, at_birth: &Option<String>, name: &str| {
            let theirs = theirs(name)?;
            let now = compare(mine.as_deref()?, theirs);
            let before = at_birth
                .as_deref()
                .map(|mine| compare(mine, theirs).min(NameMatch::Likely));
            Some(before.map_or(now, |before| now.max(before)))
        };
        let birth = || {
            let theirs = FullDate::parse(theirs("birthdate")?).ok()?;
            Some(if self.birth_date? == theirs {
                NameMatch::Same
            } else {
                NameMatch::Different
            })
        };
        [
            names(&self.family_name, &self.birth_family_name, "family_name"),
            names(&self.given_name, &self.birth_given_name, "given_name"),
            birth(),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

impl fmt::Debug for PidView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PidView(redacted)")
    }
}

fn text_of(object: &Object, name: &str) -> Option<String> {
    object.get(name).and_then(owned)
}

fn owned(value: &Json) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The day of a date, or of a time.
fn day_of(text: &str) -> Option<FullDate> {
    FullDate::parse(text.get(..10)?).ok()
}
