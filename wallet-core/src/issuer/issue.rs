//! Signing one credential.

use super::IssuerError;
use super::record::{Entry, IssuingUnit, Pending, Record};
use crate::codec::{Budget, Json, Object};
use crate::credential::ClaimPath;
use crate::credential::sd_jwt::Blueprint;
use crate::crypto::{Random, SigningKey};
use crate::http::HttpsUrl;
use crate::keys::PublicKey;
use crate::rulebook::Rulebook;
use crate::rulebook::xschule::{ClaimOptions, SchoolReport};
use crate::time::{Timestamp, Validity};
use crate::trust::Certificate;

/// What an authority signs with: its own key, not that of a platform (lessons S7).
#[derive(Debug)]
pub struct Signer {
    key: SigningKey,
    chain: Vec<Certificate>,
}

impl Signer {
    /// A signer; `chain` is the certificate of the key and those above it. A root at its end is left out of what is
    /// signed (HAIP 1.0 §6.1.1).
    pub fn new(key: SigningKey, mut chain: Vec<Certificate>) -> Result<Self, IssuerError> {
        let leaf = chain.first().ok_or(IssuerError::KeyDoesNotFit)?;
        if leaf.public_key()? != &PublicKey::from(&key) {
            return Err(IssuerError::KeyDoesNotFit);
        }
        if chain.len() > 1 {
            chain.retain(|certificate| !certificate.is_self_signed());
        }
        Ok(Self { key, chain })
    }

    /// The key.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The certificates, leaf first.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Signs a draft.
    pub(super) fn sign(
        &self,
        draft: Draft<'_>,
        issuer: Option<&HttpsUrl>,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<String, IssuerError> {
        // `iss` only where the certificate vouches for it (SD-JWT VC §2.5): an unbound name is refused by checkers.
        let leaf = &self.chain[0];
        let vouched = |issuer: &&HttpsUrl| {
            leaf.uris().iter().any(|uri| uri == issuer.as_str())
                || leaf.dns_names().iter().any(|name| name == issuer.host())
        };
        // ARF 3.0 ISSU_36: to the second, copies of one batch would be known by their time. The day will do.
        let today = now.plus(-now.unix().rem_euclid(86_400));
        let seconds = |time: Option<Timestamp>| time.map(|time| Json::from(time.unix()));
        let unit = draft.unit.map(|unit| {
            let unit = Object::new()
                .with("id", Json::from(unit.id.as_str()))
                .with("name", Json::from(unit.name.as_str()));
            Json::Object(unit)
        });
        let holder = draft.holder.map(|key| {
            let jwk = Object::new().with("jwk", Json::Object(key.to_jwk()));
            Json::Object(jwk)
        });
        let status = draft.status.map(|(uri, index)| {
            let reference = Object::new()
                .with("idx", Json::from(index))
                .with("uri", Json::from(uri));
            Json::Object(Object::new().with("status_list", Json::Object(reference)))
        });
        let mut payload = Object::new()
            .with("vct", Json::from(draft.vct))
            .with("iss", issuer.filter(vouched).map(|issuer| Json::from(issuer.as_str())))
            .with("iat", Json::from(today.unix()))
            .with("nbf", seconds(draft.validity.not_before))
            .with("exp", seconds(draft.validity.expires))
            .with("cnf", holder)
            .with("status", status)
            .with("issuing_unit", unit);
        for (name, value) in draft.claims.iter() {
            // What the authority says about the credential is not for the record to say.
            if !payload.contains(name) {
                payload.insert(name, value.clone());
            }
        }
        let header = Object::new()
            .with("typ", Json::from("dc+sd-jwt"))
            .with("x5c", Certificate::to_x5c(&self.chain));
        let concealed = Blueprint::new(payload, draft.disclosable)?.conceal(random);
        Ok(concealed.sign(header, &self.key))
    }
}

/// A credential before it is signed.
pub(super) struct Draft<'a> {
    vct: &'a str,
    claims: &'a Object,
    disclosable: &'a [ClaimPath],
    unit: Option<&'a IssuingUnit>,
    validity: Validity,
    holder: Option<&'a PublicKey>,
    status: Option<(String, u64)>,
}

impl Pending {
    pub(super) fn draft<'a>(
        &'a self,
        entry: &'a Entry,
        holder: Option<&'a PublicKey>,
        status: Option<(String, u64)>,
    ) -> Draft<'a> {
        let at = |seconds: Option<i64>| seconds.map(Timestamp::from_unix);
        Draft {
            vct: &entry.vct,
            claims: &self.claims,
            disclosable: &self.disclosable,
            unit: entry.unit.as_ref(),
            validity: Validity::new(at(self.not_before), at(self.expires)),
            holder,
            status,
        }
    }
}

/// Signs one record for a holder, without a status entry: it cannot be revoked, so let it be short-lived.
pub fn issue(
    record: &Record,
    holder: Option<&PublicKey>,
    signer: &Signer,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<String, IssuerError> {
    let draft = Draft {
        vct: &record.vct,
        claims: &record.claims,
        disclosable: &record.disclosable,
        unit: record.unit.as_ref(),
        validity: record.validity,
        holder,
        status: None,
    };
    signer.sign(draft, None, now, random)
}

/// Signs an XSchule message for a holder: the whole way from XML to SD-JWT VC.
pub fn issue_school_report(
    xml: &[u8],
    options: &ClaimOptions,
    holder: &PublicKey,
    signer: &Signer,
    now: Timestamp,
    random: &mut dyn Random,
) -> Result<String, IssuerError> {
    let report = SchoolReport::parse(xml, &mut Budget::default())?;
    let approval = super::Approval::new("", "");
    let record = Record::new(&Rulebook::bundled(), report.vct()?, report.to_claims(options), approval)?;
    issue(&record, Some(holder), signer, now, random)
}
