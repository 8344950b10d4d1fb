//! Signing one mdoc.

use super::IssuerError;
use super::issue::Signer;
use super::record::{Pending, Record};
use crate::codec::{Json, Object};
use crate::credential::mdoc::Blueprint;
use crate::credential::{ClaimPath, Format, StatusListReference};
use crate::crypto::Random;
use crate::keys::PublicKey;
use crate::rulebook::pid;
use crate::rulebook::{MdocElements, Rulebook};
use crate::time::{Timestamp, Validity};

const DAY: i64 = 86_400;

/// How long an mdoc is good whose record does not say: ISO 18013-5 §9.1.2.4 wants an end.
const LIFETIME: i64 = 365 * DAY;

/// The elements of an mdoc with these claims.
pub(super) fn elements(rulebook: &Rulebook, doctype: &str, claims: &Object) -> Result<MdocElements, IssuerError> {
    if doctype == pid::DOCTYPE {
        pid::validate(claims)?;
        return Ok(pid::to_mdoc_elements(claims)?);
    }
    let known = rulebook.lookup_doctype(doctype).ok_or(IssuerError::UnknownType)?;
    Ok(known.to_mdoc_elements(claims)?)
}

impl Record {
    /// The claims that the mdoc of this record has no element for; none if it is not issued as mdoc.
    pub fn left_out_of_mdoc(&self, rulebook: &Rulebook) -> Result<Vec<ClaimPath>, IssuerError> {
        match &self.doctype {
            Some(doctype) if self.formats.contains(&Format::MsoMdoc) => {
                Ok(elements(rulebook, doctype, &self.claims)?.left_out)
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// ISO 18013-5 B.1.4: the document signer is of the country that issues.
pub(super) fn check_country(signer: &Signer, claims: &Object) -> Result<(), IssuerError> {
    let issuing = claims.get("issuing_country").and_then(Json::as_str);
    match (signer.chain()[0].country(), issuing) {
        (Some(signing), Some(issuing)) if signing != issuing => Err(IssuerError::Country),
        _ => Ok(()),
    }
}

/// An mdoc before it is signed.
pub(super) struct MdocDraft<'a> {
    doctype: &'a str,
    claims: &'a Object,
    validity: Validity,
    status: Option<StatusListReference>,
}

impl Pending {
    pub(super) fn mdoc_draft<'a>(&'a self, doctype: &'a str, status: Option<StatusListReference>) -> MdocDraft<'a> {
        let at = |seconds: Option<i64>| seconds.map(Timestamp::from_unix);
        MdocDraft {
            doctype,
            claims: &self.claims,
            validity: Validity::new(at(self.not_before), at(self.expires)),
            status,
        }
    }
}

impl Signer {
    /// Signs an mdoc for a holder's key: `IssuerSigned`, encoded.
    pub(super) fn sign_mdoc(
        &self,
        draft: &MdocDraft<'_>,
        holder: &PublicKey,
        rulebook: &Rulebook,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, IssuerError> {
        check_country(self, draft.claims)?;
        let leaf = &self.chain()[0];
        // ARF 3.0 ISSU_36: to the second, copies of one batch would be known by their time. The day will do, as long as
        // the certificate was good already (ISO 18013-5 §9.3.3: `signed` lies in its validity).
        let today = now.plus(-now.unix().rem_euclid(DAY)).max(leaf.not_before());
        let from = draft.validity.not_before.unwrap_or(today).max(today);
        let until = draft.validity.expires.unwrap_or_else(|| from.plus(LIFETIME));
        // An mdoc does not outlive the certificate that it is checked with.
        let until = until.min(leaf.not_after());
        let mut blueprint = Blueprint::new(draft.doctype)
            .validity(today, from, until)
            .device_key(holder);
        for element in elements(rulebook, draft.doctype, draft.claims)?.elements {
            blueprint = blueprint.element(&element.namespace, element.identifier, element.value);
        }
        if let Some(status) = &draft.status {
            blueprint = blueprint.status(status);
        }
        Ok(blueprint.conceal(random)?.sign(self.key(), self.chain()))
    }
}

/// Signs one record as mdoc for a holder, without a status entry: it cannot be revoked, so let it be short-lived.
/// Gives `IssuerSigned`, encoded.
pub fn issue_mdoc(
    record: &Record,
    holder: &PublicKey,
    signer: &Signer,
    rulebook: &Rulebook,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<Vec<u8>, IssuerError> {
    let draft = MdocDraft {
        doctype: record.doctype.as_deref().ok_or(IssuerError::UnsupportedFormat)?,
        claims: &record.claims,
        validity: record.validity,
        status: None,
    };
    signer.sign_mdoc(&draft, holder, rulebook, now, random)
}
