//! Trust packs: anchors by role with their limits, for one environment, as a folder or as one signed file.
//!
//! ```text
//! {"name": "Länder, test", "environment": "test", "sequence": 3, "next_update": "2026-12-31T00:00:00Z",
//!  "anchors": [
//!    {"role": "issuers", "file": "land.pem", "types": ["urn:…:*"], "entitled": {"from": "2026-01-01"}},
//!    {"role": "issuers", "jwks": {"keys": […]}, "issuer": "https://schule.example", "name": "Gymnasium Süd"},
//!    {"role": "relying_parties", "pem": "-----BEGIN CERTIFICATE-----…"}],
//!  "web_issuers": ["https://pid.example"]}
//! ```
//! A folder holds this as `pack.json` with the files that it names; whoever writes to the folder decides whom to
//! trust. The signed file is a compact JWS of type `mappe-trust-pack+jwt` with everything inline; `sequence`,
//! `next_update` and the environment guard against an old or a wrong one (trust.md §1, lessons S36). A member that
//! is not understood is refused: it may be a limit.

use std::collections::BTreeMap;
use std::fmt;

use super::anchor::{Anchor, AnchorMaterial, Environment, Role};
use super::{Certificate, CertificateError, TrustError, TrustStore};
use crate::codec::{Budget, Json, JsonError, Object};
use crate::crypto::{SignatureAlgorithm, SigningKey};
use crate::envelope::jws::{JwsError, UnsignedJws, UnverifiedJws};
use crate::keys::{Jwk, JwkSet, KeyError, PublicKey};
use crate::time::{Timestamp, Validity};

/// The name of the description in a folder.
pub const DESCRIPTION: &str = "pack.json";

const TYPE: &str = "mappe-trust-pack+jwt";

/// Anchors that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrustPack {
    /// The name to show.
    pub name: String,
    /// Production or test.
    pub environment: Environment,
    /// Grows with each issue of the pack; a signed file has it.
    pub sequence: Option<u64>,
    /// When a newer one must be there; a signed file has it.
    pub next_update: Option<Timestamp>,
    /// The anchors and their roles.
    pub anchors: Vec<(Role, Anchor)>,
    /// Issuers whose name is trusted, and whose keys are those that they publish.
    pub web_issuers: Vec<String>,
}

impl TrustPack {
    /// A pack without anchors.
    pub fn new(name: impl Into<String>, environment: Environment) -> Self {
        Self {
            name: name.into(),
            environment,
            sequence: None,
            next_update: None,
            anchors: Vec::new(),
            web_issuers: Vec::new(),
        }
    }

    /// Reads a folder, given as file names and their bytes.
    pub fn from_folder(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, PackError> {
        let description = files
            .get(DESCRIPTION)
            .ok_or(PackError::FileMissing(DESCRIPTION.to_owned()))?;
        let json = Json::parse(description, &mut Budget::default())?;
        Self::read(&json, &|name| files.get(name).map(Vec::as_slice))
    }

    /// Writes a folder, everything inline.
    pub fn to_folder(&self) -> BTreeMap<String, Vec<u8>> {
        BTreeMap::from([(DESCRIPTION.to_owned(), self.write().to_string().into_bytes())])
    }

    /// Checks a signed file: the signature of `signer`, which is pinned, the environment, the end, and that
    /// it is not older than the one of sequence number `last`.
    pub fn verify(
        text: &str,
        signer: &PublicKey,
        environment: Environment,
        last: Option<u64>,
        now: Timestamp,
    ) -> Result<Self, PackError> {
        let mut budget = Budget::default();
        let jws = UnverifiedJws::parse(text.trim_ascii(), &mut budget)?;
        jws.header().expect_typ(TYPE)?;
        let claims = jws.verify(signer)?.claims(&mut budget)?;
        let pack = Self::read(&Json::from(claims), &|_| None)?;
        if pack.environment != environment {
            return Err(PackError::Trust(TrustError::EnvironmentMixed));
        }
        let sequence = pack.sequence.ok_or(PackError::Malformed("sequence"))?;
        let next_update = pack.next_update.ok_or(PackError::Malformed("next_update"))?;
        if let Some(last) = last
            && sequence < last
        {
            return Err(PackError::GoesBack { sequence, last });
        }
        if now >= next_update {
            return Err(PackError::Expired { next_update });
        }
        Ok(pack)
    }

    /// The signed file without its signature; sequence number and end must be set.
    pub fn unsigned(&self, algorithm: SignatureAlgorithm) -> Result<UnsignedJws, PackError> {
        self.sequence.ok_or(PackError::Malformed("sequence"))?;
        self.next_update.ok_or(PackError::Malformed("next_update"))?;
        let header = Object::new().with("typ", Json::from(TYPE));
        Ok(UnsignedJws::new(algorithm, header, self.write().to_string()))
    }

    /// Signs with a key in memory.
    pub fn sign(&self, key: &SigningKey) -> Result<String, PackError> {
        Ok(self.unsigned(key.algorithm())?.sign(key))
    }

    fn read<'a>(json: &Json, file: &dyn Fn(&str) -> Option<&'a [u8]>) -> Result<Self, PackError> {
        let members = json.as_object().ok_or(PackError::Malformed(DESCRIPTION))?;
        known(
            members,
            &[
                "name",
                "environment",
                "sequence",
                "next_update",
                "anchors",
                "web_issuers",
            ],
        )?;
        let environment = text(members, "environment")?.ok_or(PackError::Malformed("environment"))?;
        let mut pack = Self::new(
            text(members, "name")?.ok_or(PackError::Malformed("name"))?,
            Environment::from_name(environment).ok_or(PackError::Malformed("environment"))?,
        );
        if let Some(sequence) = members.get("sequence") {
            pack.sequence = Some(sequence.as_u64().ok_or(PackError::Malformed("sequence"))?);
        }
        pack.next_update = time(members, "next_update")?;
        for anchor in array(members, "anchors")? {
            read_anchor(anchor, file, &mut pack.anchors)?;
        }
        for issuer in array(members, "web_issuers")? {
            let issuer = issuer.as_str().ok_or(PackError::Malformed("web_issuers"))?;
            pack.web_issuers.push(issuer.to_owned());
        }
        Ok(pack)
    }

    fn write(&self) -> Json {
        let anchors = self
            .anchors
            .iter()
            .map(|(role, anchor)| write_anchor(*role, anchor))
            .collect();
        let issuers: Vec<Json> = self
            .web_issuers
            .iter()
            .map(|issuer| Json::from(issuer.as_str()))
            .collect();
        Json::from(
            Object::new()
                .with("name", Json::from(self.name.as_str()))
                .with("environment", Json::from(self.environment.name()))
                .with("sequence", self.sequence.map(Json::from))
                .with("next_update", self.next_update.map(|at| Json::from(at.to_string())))
                .with("anchors", Json::Array(anchors))
                .with("web_issuers", (!issuers.is_empty()).then_some(Json::Array(issuers))),
        )
    }
}

impl TrustStore {
    /// Adds all anchors of a pack; one of the other environment is refused whole.
    pub fn add_pack(&mut self, pack: &TrustPack) -> Result<(), TrustError> {
        if pack.environment != self.environment() {
            return Err(TrustError::EnvironmentMixed);
        }
        for (role, anchor) in &pack.anchors {
            self.add(*role, anchor.clone())?;
        }
        for issuer in &pack.web_issuers {
            self.trust_web_issuer(issuer.as_str());
        }
        Ok(())
    }
}

/// Reads what a user calls trusted: certificates in PEM or DER, a JWK, a JWKS, or the metadata of an issuer with
/// its keys. Keys without an issuer's name are good for every `iss`. A trust pack is told apart by its error.
pub fn read_anchor_file(bytes: &[u8]) -> Result<Vec<Anchor>, PackError> {
    if bytes.first() == Some(&0x30) {
        return Ok(vec![Anchor::certificate(Certificate::parse(bytes)?)]);
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| PackError::UnknownKind)?
        .trim_ascii();
    if !text.starts_with('{') && text.contains("-----BEGIN CERTIFICATE-----") {
        let certificates = Certificate::parse_pem_chain(text)?;
        return Ok(certificates.into_iter().map(Anchor::certificate).collect());
    }
    if !text.starts_with('{') {
        let signed = UnverifiedJws::parse(text, &mut Budget::default()).is_ok();
        return Err(if signed {
            PackError::IsPack
        } else {
            PackError::UnknownKind
        });
    }
    let json = Json::parse(text, &mut Budget::default())?;
    let (issuer, keys) = if json.get("anchors").is_some() {
        return Err(PackError::IsPack);
    } else if let Some(keys) = json.get("jwks") {
        (
            json.get("issuer").and_then(Json::as_str).map(str::to_owned),
            JwkSet::parse(keys)?,
        )
    } else if json.get("keys").is_some() {
        (None, JwkSet::parse(&json)?)
    } else if json.get("kty").is_some() {
        (None, JwkSet::new(vec![Jwk::parse(&json)?]))
    } else {
        return Err(PackError::UnknownKind);
    };
    if keys.keys().is_empty() {
        return Err(PackError::Key(KeyError::UnsupportedType));
    }
    Ok(vec![Anchor::keys(issuer, keys)])
}

fn read_anchor<'a>(
    json: &Json,
    file: &dyn Fn(&str) -> Option<&'a [u8]>,
    into: &mut Vec<(Role, Anchor)>,
) -> Result<(), PackError> {
    let members = json.as_object().ok_or(PackError::Malformed("anchors"))?;
    known(
        members,
        &["role", "file", "pem", "jwks", "issuer", "name", "types", "entitled"],
    )?;
    let role = text(members, "role")?
        .and_then(Role::from_name)
        .ok_or(PackError::Malformed("role"))?;
    let issuer = text(members, "issuer")?;
    let found = match (text(members, "file")?, text(members, "pem")?, members.get("jwks")) {
        (Some(name), None, None) => {
            let bytes = file(name).ok_or_else(|| PackError::FileMissing(name.to_owned()))?;
            read_anchor_file(bytes)?
        }
        (None, Some(pem), None) => {
            let certificates = Certificate::parse_pem_chain(pem)?;
            certificates.into_iter().map(Anchor::certificate).collect()
        }
        (None, None, Some(keys)) => vec![Anchor::keys(None, JwkSet::parse(keys)?)],
        _ => return Err(PackError::Malformed("anchors")),
    };
    let types = array(members, "types")?.iter();
    let types: Option<Vec<String>> = types.map(|name| name.as_str().map(str::to_owned)).collect();
    let types = types.ok_or(PackError::Malformed("types"))?;
    let entitled = match members.get("entitled") {
        Some(window) => {
            let window = window.as_object().ok_or(PackError::Malformed("entitled"))?;
            known(window, &["from", "until"])?;
            Validity::new(time(window, "from")?, time(window, "until")?)
        }
        None => Validity::default(),
    };
    for mut anchor in found {
        match &mut anchor.material {
            AnchorMaterial::Keys { issuer: slot, .. } => {
                if role != Role::Issuers {
                    return Err(PackError::Trust(TrustError::KeysForRole));
                }
                if issuer.is_some() {
                    *slot = issuer.map(str::to_owned);
                }
            }
            // A certificate says itself whose it is; a name beside it would be believed by nobody.
            AnchorMaterial::Certificate(_) if issuer.is_some() => return Err(PackError::Malformed("issuer")),
            AnchorMaterial::Certificate(_) => {}
        }
        anchor.name = text(members, "name")?.map(str::to_owned);
        anchor.types.clone_from(&types);
        anchor.entitled = entitled;
        into.push((role, anchor));
    }
    Ok(())
}

fn write_anchor(role: Role, anchor: &Anchor) -> Json {
    let object = Object::new().with("role", Json::from(role.name()));
    let object = match &anchor.material {
        AnchorMaterial::Certificate(certificate) => object.with("pem", Json::from(certificate.to_pem())),
        AnchorMaterial::Keys { issuer, keys } => object
            .with("jwks", Json::from(write_keys(keys)))
            .with("issuer", issuer.as_deref().map(Json::from)),
    };
    let types: Vec<Json> = anchor.types.iter().map(|name| Json::from(name.as_str())).collect();
    let date = |at: Option<Timestamp>| at.map(|at| Json::from(at.to_string()));
    let window = Object::new()
        .with("from", date(anchor.entitled.not_before))
        .with("until", date(anchor.entitled.expires));
    Json::from(
        object
            .with("name", anchor.name.as_deref().map(Json::from))
            .with("types", (!types.is_empty()).then_some(Json::Array(types)))
            .with("entitled", (!window.is_empty()).then_some(Json::from(window))),
    )
}

fn write_keys(keys: &JwkSet) -> Object {
    let write = |jwk: &Jwk| {
        let text = |value: &Option<String>| value.as_deref().map(Json::from);
        let key = jwk.key.to_jwk();
        Json::from(
            key.with("kid", text(&jwk.kid))
                .with("alg", text(&jwk.alg))
                .with("use", text(&jwk.usage)),
        )
    };
    Object::new().with("keys", Json::Array(keys.keys().iter().map(write).collect()))
}

fn known(members: &Object, names: &[&str]) -> Result<(), PackError> {
    match members.iter().find(|(name, _)| !names.contains(name)) {
        Some((name, _)) => Err(PackError::UnknownMember(name.to_owned())),
        None => Ok(()),
    }
}

fn text<'a>(members: &'a Object, name: &'static str) -> Result<Option<&'a str>, PackError> {
    let Some(value) = members.get(name) else {
        return Ok(None);
    };
    value.as_str().map(Some).ok_or(PackError::Malformed(name))
}

fn time(members: &Object, name: &'static str) -> Result<Option<Timestamp>, PackError> {
    let parse = |text| Timestamp::parse(text).map_err(|_| PackError::Malformed(name));
    text(members, name)?.map(parse).transpose()
}

fn array<'a>(members: &'a Object, name: &'static str) -> Result<&'a [Json], PackError> {
    let Some(value) = members.get(name) else {
        return Ok(&[]);
    };
    value.as_array().ok_or(PackError::Malformed(name))
}

/// A trust pack or an anchor file that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PackError {
    /// A certificate in it.
    Certificate(CertificateError),
    /// The signed file ended.
    Expired {
        /// When a newer one had to be there.
        next_update: Timestamp,
    },
    /// A file that the description names.
    FileMissing(String),
    /// The signed file is older than the one known.
    GoesBack {
        /// Its sequence number.
        sequence: u64,
        /// That of the one known.
        last: u64,
    },
    /// A trust pack where an anchor belongs.
    IsPack,
    /// Not acceptable JSON.
    Json(JsonError),
    /// The envelope of the signed file.
    Jws(JwsError),
    /// A key in it.
    Key(KeyError),
    /// A member that is missing or does not hold what it should.
    Malformed(&'static str),
    /// What it says cannot be trusted together.
    Trust(TrustError),
    /// Neither certificate nor key nor pack.
    UnknownKind,
    /// A member that is not understood.
    UnknownMember(String),
}

impl PackError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Certificate(error) => error.code(),
            Self::Expired { .. } => "trust_pack.expired",
            Self::FileMissing(_) => "trust_pack.file_missing",
            Self::GoesBack { .. } => "trust_pack.goes_back",
            Self::IsPack => "trust_pack.is_pack",
            Self::Json(error) => error.code(),
            Self::Jws(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Malformed(_) => "trust_pack.malformed",
            Self::Trust(error) => error.code(),
            Self::UnknownKind => "trust_pack.unknown_kind",
            Self::UnknownMember(_) => "trust_pack.unknown_member",
        }
    }
}

impl From<CertificateError> for PackError {
    fn from(error: CertificateError) -> Self {
        Self::Certificate(error)
    }
}

impl From<JsonError> for PackError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl From<JwsError> for PackError {
    fn from(error: JwsError) -> Self {
        Self::Jws(error)
    }
}

impl From<KeyError> for PackError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<TrustError> for PackError {
    fn from(error: TrustError) -> Self {
        Self::Trust(error)
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(error) => error.fmt(f),
            Self::Expired { next_update } => write!(f, "the trust pack ended at {next_update}"),
            Self::FileMissing(name) => write!(f, "the trust pack has no file `{name}`"),
            Self::GoesBack { sequence, last } => {
                write!(
                    f,
                    "the trust pack has number {sequence}, number {last} is known already"
                )
            }
            Self::IsPack => f.write_str("this is a trust pack, not a certificate or key"),
            Self::Json(error) => error.fmt(f),
            Self::Jws(error) => write!(f, "signed trust pack: {error}"),
            Self::Key(error) => error.fmt(f),
            Self::Malformed(name) => write!(f, "member `{name}` of the trust pack is malformed or missing"),
            Self::Trust(error) => error.fmt(f),
            Self::UnknownKind => f.write_str("neither a certificate nor a key (PEM, DER, JWK and JWKS are read)"),
            Self::UnknownMember(name) => write!(f, "member `{name}` of the trust pack is not understood"),
        }
    }
}

impl std::error::Error for PackError {}

#[cfg(test)]
mod tests;
