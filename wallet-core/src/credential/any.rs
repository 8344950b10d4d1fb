//! One credential of any format: what the holder's flows, the wallet and a verifier do alike for all of them.
//!
//! A format joins here: a variant in each enum of this file and one arm in each `match`. What only one format has is
//! reached by [`Credential::as_sd_jwt`] and [`Credential::as_mdoc`].

use std::fmt;

use super::mdoc::{self, DeviceResponse, Mdoc, MdocError, SessionTranscript};
use super::sd_jwt::{self, SdJwt, SdJwtError};
use super::{ClaimPath, Format, Held, StatusListReference, Unverified, Verified};
use crate::codec::{Budget, Json, Object};
use crate::keys::{KeyHandle, PublicKey, SigningRequest};
use crate::time::{Timestamp, Validity};
use crate::trust::TrustStore;

/// A credential in one of the formats that are held here.
///
/// One can only be reached through a state: what its accessors say is as true as that state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// ISO mdoc.
    Mdoc(Box<Mdoc>),
    /// SD-JWT VC.
    SdJwt(Box<SdJwt>),
}

impl From<SdJwt> for Credential {
    fn from(credential: SdJwt) -> Self {
        Self::SdJwt(Box::new(credential))
    }
}

impl From<Mdoc> for Credential {
    fn from(credential: Mdoc) -> Self {
        Self::Mdoc(Box::new(credential))
    }
}

impl Credential {
    /// Its format.
    pub fn format(&self) -> Format {
        match self {
            Self::Mdoc(_) => Format::MsoMdoc,
            Self::SdJwt(_) => Format::DcSdJwt,
        }
    }

    /// Its type: `vct`, or the document type.
    pub fn type_name(&self) -> &str {
        match self {
            Self::Mdoc(credential) => credential.doctype(),
            Self::SdJwt(credential) => credential.vct(),
        }
    }

    /// Its type and the further names of it.
    pub fn type_names(&self) -> Vec<&str> {
        match self {
            Self::Mdoc(credential) => vec![credential.doctype()],
            Self::SdJwt(credential) => credential.type_names(),
        }
    }

    /// What it says, as claim paths see it: the processed payload, or the namespaces with their elements.
    pub fn claims(&self) -> &Object {
        match self {
            Self::Mdoc(credential) => credential.claims(),
            Self::SdJwt(credential) => credential.claims(),
        }
    }

    /// The key that the holder proves to have; `None` too where its kind is not supported.
    pub fn holder_key(&self) -> Option<&PublicKey> {
        match self {
            Self::Mdoc(credential) => credential.holder_key(),
            Self::SdJwt(credential) => credential.holder_key(),
        }
    }

    /// When it may be used.
    pub fn validity(&self) -> Validity {
        match self {
            Self::Mdoc(credential) => credential.validity(),
            Self::SdJwt(credential) => credential.validity(),
        }
    }

    /// When it says that it was issued.
    pub fn issued_at(&self) -> Option<Timestamp> {
        match self {
            Self::Mdoc(credential) => Some(credential.signed()),
            Self::SdJwt(credential) => {
                let seconds = credential.claims().get("iat").and_then(Json::as_i64);
                seconds.map(Timestamp::from_unix)
            }
        }
    }

    /// Where its status is kept; `None` if it has none.
    pub fn status_reference(&self) -> Result<Option<StatusListReference>, CredentialError> {
        match self {
            Self::Mdoc(credential) => Ok(credential.status_reference().map_err(MdocError::Status)?),
            Self::SdJwt(credential) => Ok(credential.status_reference()?),
        }
    }

    /// Every place that can be withheld, by its path in [`Credential::claims`].
    pub fn disclosable(&self) -> Vec<ClaimPath> {
        match self {
            Self::Mdoc(credential) => credential.disclosable(),
            Self::SdJwt(credential) => credential.disclosable(),
        }
    }

    /// Chooses what these paths select; what no path names stays closed. No paths at all is the least that can be
    /// presented.
    pub fn select(&self, paths: &[ClaimPath]) -> Result<Selection, CredentialError> {
        match self {
            Self::Mdoc(credential) => Ok(Selection::Mdoc(credential.select(paths)?)),
            Self::SdJwt(credential) => Ok(Selection::SdJwt(credential.select(paths)?)),
        }
    }

    /// What was selected of it, ready to be bound to a request.
    pub fn present(&self, selection: &Selection) -> Result<Presentation, CredentialError> {
        match (self, selection) {
            (Self::Mdoc(credential), Selection::Mdoc(selection)) => {
                Ok(Presentation::Mdoc(credential.present(selection)))
            }
            (Self::SdJwt(credential), Selection::SdJwt(selection)) => {
                Ok(Presentation::SdJwt(credential.present(selection)))
            }
            _ => Err(CredentialError::OtherFormat),
        }
    }

    /// The text to be stored, read again by [`Unverified::<Credential>::parse_as`]: the compact form as received, or
    /// base64url of binary formats.
    pub fn to_text(&self) -> String {
        match self {
            Self::Mdoc(credential) => credential.to_base64url(),
            Self::SdJwt(credential) => credential.to_compact(),
        }
    }

    /// The credential as an mdoc, if it is one.
    pub fn as_mdoc(&self) -> Option<&Mdoc> {
        match self {
            Self::Mdoc(credential) => Some(credential),
            Self::SdJwt(_) => None,
        }
    }

    /// The credential as an SD-JWT, if it is one.
    pub fn as_sd_jwt(&self) -> Option<&SdJwt> {
        match self {
            Self::SdJwt(credential) => Some(credential),
            Self::Mdoc(_) => None,
        }
    }

    /// What must be another one in every copy (ARF 3.0 `ISSU_35`), as text that can be compared: salts above all. Keys
    /// and status entries come on top.
    pub(crate) fn marks(&self) -> Vec<String> {
        match self {
            Self::Mdoc(credential) => credential.marks(),
            // A disclosure repeats only if its salt does.
            Self::SdJwt(credential) => {
                let compact = credential.to_compact();
                let disclosures = compact.split('~').skip(1).filter(|part| !part.is_empty());
                disclosures.map(str::to_owned).collect()
            }
        }
    }

    /// What must be the same in every copy (ARF 3.0 `ISSU_11a`); times, key and status aside.
    pub(crate) fn common(&self) -> Option<String> {
        match self {
            Self::Mdoc(credential) => credential.claims_json().to_canonical().ok(),
            Self::SdJwt(credential) => {
                // What differs from copy to copy by its nature.
                let own = ["cnf", "status", "iat", "nbf", "exp", "jti"];
                let values = credential.claims().iter().filter(|(name, _)| !own.contains(name));
                let values: Object = values.map(|(name, value)| (name.to_owned(), value.clone())).collect();
                Json::Object(values).to_canonical().ok()
            }
        }
    }
}

impl Unverified<Credential> {
    /// Reads a credential of this format from the text in which an issuer delivers it and a wallet keeps it.
    pub fn parse_as(format: Format, text: &str, budget: &mut Budget) -> Result<Self, CredentialError> {
        match format {
            Format::MsoMdoc => {
                let parsed = Unverified::<Mdoc>::parse_base64url(text, budget)?;
                Ok(Self::new(parsed.into_inner().into()))
            }
            Format::DcSdJwt => {
                let parsed = Unverified::<SdJwt>::parse(text, budget)?;
                Ok(Self::new(parsed.into_inner().into()))
            }
            format => Err(CredentialError::Unsupported(format)),
        }
    }

    /// Verifies a credential at rest: one that was issued to us, or is held. A presentation is refused.
    pub fn verify(self, trust: &TrustStore, now: Timestamp) -> Result<Verified<Credential>, CredentialError> {
        match self.into_inner() {
            Credential::Mdoc(credential) => {
                let options = mdoc::VerifyOptions::at_rest();
                Ok(Unverified::new(*credential).verify(trust, &options, now)?.into_any())
            }
            Credential::SdJwt(credential) => {
                let options = sd_jwt::VerifyOptions::at_rest();
                let verified = Unverified::new(*credential).verify(trust, &options, now)?;
                Ok(verified.into_any())
            }
        }
    }
}

impl<T: Into<Credential>> Verified<T> {
    /// The same, in no special format.
    pub fn into_any(self) -> Verified<Credential> {
        self.map(Into::into)
    }
}

impl<T: Into<Credential>> Held<T> {
    /// The same, in no special format.
    pub fn into_any(self) -> Held<Credential> {
        self.map(Into::into)
    }
}

/// A choice of what to disclose of one credential.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selection {
    /// Of an mdoc.
    Mdoc(mdoc::Selection),
    /// Of an SD-JWT.
    SdJwt(sd_jwt::Selection),
}

impl Selection {
    /// Exactly what the recipient will read, as claim paths see it.
    pub fn disclosed_claims(&self) -> &Object {
        match self {
            Self::Mdoc(selection) => selection.disclosed_claims(),
            Self::SdJwt(selection) => selection.disclosed_claims(),
        }
    }
}

/// What a presentation is bound to: one request of one verifier.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HolderBinding {
    /// The `nonce` of the request.
    pub nonce: String,
    /// Who asked: `aud` of a key binding JWT.
    pub audience: String,
    /// The session that a device signs (mdoc).
    pub transcript: SessionTranscript,
    /// When it is made.
    pub at: Timestamp,
}

impl HolderBinding {
    /// The answer to a request by redirect (OpenID4VP 1.0 §B.2.6.1, §B.3.6): the audience is the full client
    /// identifier, prefix included. `thumbprint` is that of the key that the answer is encrypted to; `None` if it is not.
    pub fn redirect(
        client_id: &str,
        nonce: &str,
        thumbprint: Option<&[u8]>,
        response_uri: &str,
        at: Timestamp,
    ) -> Self {
        Self {
            nonce: nonce.to_owned(),
            audience: client_id.to_owned(),
            transcript: SessionTranscript::openid4vp(client_id, nonce, thumbprint, response_uri),
            at,
        }
    }

    /// The answer to the page at `origin`, through the Digital Credentials API, whoever signed the request
    /// (§A.4, §B.2.6.2).
    pub fn dc_api(origin: &str, nonce: &str, thumbprint: Option<&[u8]>, at: Timestamp) -> Self {
        Self {
            nonce: nonce.to_owned(),
            audience: format!("origin:{origin}"),
            transcript: SessionTranscript::openid4vp_dc_api(origin, nonce, thumbprint),
            at,
        }
    }
}

/// What was selected of a credential, not yet bound to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a presentation is bound, or turned into text"]
pub enum Presentation {
    /// Of an mdoc.
    Mdoc(mdoc::Presentation),
    /// Of an SD-JWT.
    SdJwt(sd_jwt::Presentation),
}

impl Presentation {
    /// Binds it to a request, but for the signature.
    pub fn bind(
        self,
        to: &HolderBinding,
        handle: KeyHandle,
        key: PublicKey,
    ) -> Result<UnboundPresentation, CredentialError> {
        match self {
            Self::Mdoc(presentation) => {
                let unbound = presentation.bind(&to.transcript, handle, key);
                Ok(UnboundPresentation::Mdoc(unbound))
            }
            Self::SdJwt(presentation) => {
                let unbound = presentation.bind(&to.nonce, &to.audience, to.at, handle, key);
                Ok(UnboundPresentation::SdJwt(unbound))
            }
        }
    }

    /// The element of `vp_token` for a credential that no key is bound to.
    pub fn into_bearer(self) -> Result<String, CredentialError> {
        match self {
            // §B.2.5: it travels in a response, which a device signs.
            Self::Mdoc(_) => Err(CredentialError::HolderKeyMissing),
            Self::SdJwt(presentation) => Ok(presentation.into_compact()),
        }
    }
}

/// A presentation that only lacks the signature of the holder's key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a presentation is nothing without its signature"]
pub enum UnboundPresentation {
    /// Of an mdoc.
    Mdoc(mdoc::UnboundPresentation),
    /// Of an SD-JWT.
    SdJwt(sd_jwt::UnboundPresentation),
}

impl UnboundPresentation {
    /// What the holder's key must sign.
    pub fn signing_request(&self) -> SigningRequest {
        match self {
            Self::Mdoc(unbound) => unbound.signing_request(),
            Self::SdJwt(unbound) => unbound.signing_request(),
        }
    }

    /// The element of `vp_token`: an SD-JWT with its key binding, or a `DeviceResponse` with this one document
    /// (OpenID4VP 1.0 §B.2.5).
    pub fn with_signature(self, signature: &[u8]) -> Result<String, CredentialError> {
        match self {
            Self::Mdoc(unbound) => {
                let document = unbound.with_signature(signature)?;
                Ok(DeviceResponse::new(vec![document]).to_base64url())
            }
            Self::SdJwt(unbound) => Ok(unbound.with_signature(signature)),
        }
    }
}

/// Why a credential of any format is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialError {
    /// It can only be shown by a key, and it is bound to none that is supported.
    HolderKeyMissing,
    /// By the rules of mdoc.
    Mdoc(MdocError),
    /// A choice of another credential's, in another format.
    OtherFormat,
    /// By the rules of SD-JWT.
    SdJwt(SdJwtError),
    /// A format that is not held here.
    Unsupported(Format),
}

impl CredentialError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::HolderKeyMissing => "credential.holder_key_missing",
            Self::Mdoc(error) => error.code(),
            Self::OtherFormat => "credential.other_format",
            Self::SdJwt(error) => error.code(),
            Self::Unsupported(_) => "credential.unsupported_format",
        }
    }
}

impl From<SdJwtError> for CredentialError {
    fn from(error: SdJwtError) -> Self {
        Self::SdJwt(error)
    }
}

impl From<MdocError> for CredentialError {
    fn from(error: MdocError) -> Self {
        Self::Mdoc(error)
    }
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HolderKeyMissing => f.write_str("the credential has no key that could show it"),
            Self::Mdoc(error) => error.fmt(f),
            Self::OtherFormat => f.write_str("the selection is of a credential in another format"),
            Self::SdJwt(error) => error.fmt(f),
            Self::Unsupported(format) => write!(f, "credentials of the format `{}` are not held here", format.name()),
        }
    }
}

impl std::error::Error for CredentialError {}
