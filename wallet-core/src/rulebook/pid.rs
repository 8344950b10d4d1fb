//! The PID in both formats: one set of values, two ways to write it (PID Rulebook v1.7, chapters 3 and 4).
//!
//! Names differ between the formats by no rule (`birthdate` is `birth_date`, `picture` is `portrait`), and so do
//! encodings: the table is the data file of the type. Here is what a table cannot say: which values are admitted
//! ([`validate`]), what older and national PIDs write otherwise, and [`PidView`], by which a verifier sees one PID
//! whatever the format was.
//!
//! The EU removed age attributes from the PID in September 2025; the German PID still has them. They are accepted, in
//! whichever name space they stand, and never required.

mod error;
mod view;

use std::sync::LazyLock;

use super::Rulebook;
use super::countries::is_country;
use super::credential_type::CredentialType;
use super::mdl::age_of_element;
use super::mdoc::{MdocClaims, MdocElement, MdocElements, jpeg_of, put};
use crate::codec::{Json, Object};
use crate::credential::{ClaimPath, PathElement};
use crate::time::{FullDate, Timestamp};

pub use error::{PidClaim, PidError, PidFault};
pub use view::{Address, PidView, PlaceOfBirth, Sex};

/// The `vct` of the EU's PID.
pub const VCT: &str = "urn:eudi:pid:1";
/// The `vct` of the German PID, which extends it.
pub const GERMAN_VCT: &str = "urn:eudi:pid:de:1";
/// The document type in mdoc, of national PIDs too.
pub const DOCTYPE: &str = "eu.europa.ec.eudi.pid.1";
/// The name space of its elements.
pub const NAMESPACE: &str = "eu.europa.ec.eudi.pid.1";
/// The name space of what the German PID adds (PID_06).
pub const GERMAN_NAMESPACE: &str = "eu.europa.ec.eudi.pid.de.1";

/// The name space of our mark of a test credential in an mdoc. It stands among the digests that the issuer signed, so it
/// is seen whatever is disclosed (lessons S36).
pub const TEST_NAMESPACE: &str = "urn:mappe:test:1";

/// PID Rulebook §3.1: a text has at most 150 characters.
const LONGEST_TEXT: usize = 150;
/// A portrait of a document has some 20 kB; this is fifty times as much, and still fits a phone's memory.
const LARGEST_PORTRAIT: usize = 1 << 20;

/// The German type knows all claims of the EU's and its own.
static PID: LazyLock<CredentialType> = LazyLock::new(|| {
    let rulebook = Rulebook::bundled();
    rulebook
        .lookup(GERMAN_VCT)
        .expect("it is among the bundled types")
        .clone()
});

/// Whether a type of either format is a PID: the EU's or a national one.
pub fn is_pid(type_name: &str) -> bool {
    let of = |prefix: &str| {
        type_name
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphanumeric()))
    };
    of("urn:eudi:pid:") || type_name == DOCTYPE
}

/// The elements of the mdoc with the claims of an SD-JWT VC. What has no element, such as a house number, is named in
/// [`MdocElements::left_out`].
pub fn to_mdoc_elements(claims: &Object) -> Result<MdocElements, PidError> {
    check(claims)?;
    let mut mapped = PID
        .to_mdoc_elements(claims)
        .map_err(|error| PidError::of_path(&error.path))?;
    // Any age that a member state attests, not only those that the German PID is known to have.
    let ages = claims.get("age_equal_or_over").and_then(Json::as_object);
    mapped.left_out.retain(|path| {
        let stated = age_of_path(path).and_then(|(name, age)| Some((age, ages?.get(name)?.as_bool()?)));
        if let Some((age, is)) = stated {
            let identifier = format!("age_over_{age:02}");
            mapped
                .elements
                .push(MdocElement::new(GERMAN_NAMESPACE, identifier, is.into()));
        }
        stated.is_none()
    });
    Ok(mapped)
}

/// The age that a claim is about, if it is one; identifiers have two digits.
fn age_of_path(path: &ClaimPath) -> Option<(&str, u8)> {
    match path.elements() {
        [PathElement::Key(parent), PathElement::Key(name)] if parent == "age_equal_or_over" => {
            let age = name.parse().ok().filter(|age| *age < 100)?;
            Some((name, age))
        }
        _ => None,
    }
}

/// The claims of an SD-JWT VC with the elements of an mdoc; `elements` has an object for each name space. What has no
/// claim is named in [`MdocClaims::left_out`].
///
/// Older PIDs are read too: one nationality as text, a place of birth as text, a house number, ages beside the rest.
pub fn from_mdoc(elements: &Object) -> Result<MdocClaims, PidError> {
    let mut mapped = PID
        .claims_of_mdoc(elements)
        .map_err(|error| PidError::of_path(&error.path))?;
    let MdocClaims { claims, left_out } = &mut mapped;
    let root = Json::Object(elements.clone());
    left_out.retain(|path| {
        let value = path.select(&root).ok().and_then(|found| found.first().copied());
        let ([_, PathElement::Key(identifier)], Some(value)) = (path.elements(), value) else {
            return true;
        };
        read_older(identifier, value, claims).is_none()
    });
    if let Some(nationality @ Json::String(_)) = claims.get("nationalities") {
        let one = vec![nationality.clone()];
        claims.insert("nationalities", one);
    }
    check(claims)?;
    Ok(mapped)
}

/// Takes in an element that the EU's PID had before version 1.1, or that only some member states have.
fn read_older(identifier: &str, value: &Json, claims: &mut Object) -> Option<()> {
    if let Some(age) = age_of_element(identifier) {
        value.as_bool()?;
        let path = ClaimPath::of_keys("age_equal_or_over", &[&age.to_string()]);
        return put(claims, &path, value.clone());
    }
    let path = match identifier {
        "resident_house_number" => ClaimPath::of_keys("address", &["house_number"]),
        "birth_place" if !claims.contains("place_of_birth") => ClaimPath::of_keys("place_of_birth", &["locality"]),
        "age_in_years" | "age_birth_year" => ClaimPath::of_keys(identifier, &[]),
        _ => return None,
    };
    put(claims, &path, value.clone())
}

/// Checks a whole PID before it is issued: what is mandatory is there, and each value is admitted.
pub fn validate(claims: &Object) -> Result<(), PidError> {
    for info in PID.claims().iter().filter(|info| info.is_mandatory()) {
        if let [PathElement::Key(name)] = info.path().elements()
            && !claims.contains(name)
            && let Some(claim) = PidClaim::of_name(name)
        {
            return Err(claim.is(PidFault::Missing));
        }
    }
    check(claims)
}

/// Checks the values that are there: of a PID that was shown, some are not.
pub fn check(claims: &Object) -> Result<(), PidError> {
    for (name, value) in claims.iter() {
        let Some(claim) = PidClaim::of_name(name) else { continue };
        check_claim(claim, value).map_err(|fault| claim.is(fault))?;
    }
    Ok(())
}

fn check_claim(claim: PidClaim, value: &Json) -> Result<(), PidFault> {
    match claim {
        PidClaim::Birthdate => day(value),
        PidClaim::DateOfExpiry | PidClaim::DateOfIssuance => day_or_time(value),
        PidClaim::Nationalities => nationalities(value),
        PidClaim::PlaceOfBirth => place_of_birth(value),
        PidClaim::Address => {
            let members = value.as_object().ok_or(PidFault::Kind)?;
            members.iter().try_for_each(|(name, value)| match name {
                "country" => alpha_2(value),
                _ => text(value).map(|_| ()),
            })
        }
        PidClaim::IssuingCountry => {
            let code = text(value)?;
            is_country(code).then_some(()).ok_or(PidFault::Value)
        }
        PidClaim::Picture => portrait(value),
        PidClaim::Sex => match value.as_u64() {
            Some(code) => Sex::of_code(code).map(|_| ()).ok_or(PidFault::Value),
            None => Err(PidFault::Kind),
        },
        PidClaim::AgeInYears | PidClaim::AgeBirthYear => value.as_u64().map(|_| ()).ok_or(PidFault::Kind),
        PidClaim::PhoneNumber => {
            let digits = text(value)?.strip_prefix('+').ok_or(PidFault::Value)?;
            // ITU-T E.164 §6.2.1: at most 15 digits.
            let fits = (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            fits.then_some(()).ok_or(PidFault::Value)
        }
        PidClaim::Email => {
            let address = text(value)?;
            let parts = address.split_once('@');
            let fits =
                parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
            let plain = !address.contains(|sign: char| sign.is_whitespace() || sign.is_control());
            (fits && plain).then_some(()).ok_or(PidFault::Value)
        }
        PidClaim::AgeEqualOrOver => {
            let members = value.as_object().ok_or(PidFault::Kind)?;
            let is_age = |name: &str| name.parse::<u8>().is_ok_and(|age| age.to_string() == name);
            let all = members
                .iter()
                .all(|(name, value)| is_age(name) && value.as_bool().is_some());
            all.then_some(()).ok_or(PidFault::Value)
        }
        // It is an address of a list, not a text about the person.
        PidClaim::TrustAnchor => value.as_str().map(|_| ()).ok_or(PidFault::Kind),
        PidClaim::Test => value.as_bool().map(|_| ()).ok_or(PidFault::Kind),
        _ => text(value).map(|_| ()),
    }
}

fn text(value: &Json) -> Result<&str, PidFault> {
    let text = value.as_str().ok_or(PidFault::Kind)?;
    let characters = text.chars().count();
    if characters > LONGEST_TEXT {
        return Err(PidFault::Length {
            characters,
            allowed: LONGEST_TEXT,
        });
    }
    Ok(text)
}

fn day(value: &Json) -> Result<(), PidFault> {
    let text = value.as_str().ok_or(PidFault::Kind)?;
    FullDate::parse(text).map(|_| ()).map_err(|_| PidFault::Value)
}

fn day_or_time(value: &Json) -> Result<(), PidFault> {
    let text = value.as_str().ok_or(PidFault::Kind)?;
    Timestamp::parse(text).map(|_| ()).map_err(|_| PidFault::Value)
}

/// Two capitals: countries of birth may be gone from ISO 3166-1, as Yugoslavia is.
fn alpha_2(value: &Json) -> Result<(), PidFault> {
    let code = text(value)?;
    let fits = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    fits.then_some(()).ok_or(PidFault::Value)
}

fn nationalities(value: &Json) -> Result<(), PidFault> {
    let codes = value.as_array().ok_or(PidFault::Kind)?;
    if codes.is_empty() {
        return Err(PidFault::Value);
    }
    codes.iter().try_for_each(|code| {
        let code = text(code)?;
        // PID Rulebook §3.1: QU is unknown, QS is stateless.
        let known = is_country(code) || matches!(code, "QU" | "QS");
        known.then_some(()).ok_or(PidFault::Value)
    })
}

fn place_of_birth(value: &Json) -> Result<(), PidFault> {
    let members = value.as_object().ok_or(PidFault::Kind)?;
    let known = ["country", "region", "locality"];
    if !known.iter().any(|name| members.contains(name)) {
        return Err(PidFault::Value);
    }
    members.iter().try_for_each(|(name, value)| match name {
        "country" => alpha_2(value),
        _ => text(value).map(|_| ()),
    })
}

fn portrait(value: &Json) -> Result<(), PidFault> {
    let url = value.as_str().ok_or(PidFault::Kind)?;
    // Base64 makes four characters of three bytes.
    if url.len() > LARGEST_PORTRAIT / 3 * 4 {
        return Err(PidFault::Length {
            characters: url.len(),
            allowed: LARGEST_PORTRAIT / 3 * 4,
        });
    }
    jpeg_of(url).map(|_| ()).ok_or(PidFault::Value)
}

#[cfg(test)]
mod tests;
