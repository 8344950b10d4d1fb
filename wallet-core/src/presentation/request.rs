//! Who asks, and for what: the checks of a request before anything is matched or shown.

use serde::{Deserialize, Serialize};

use super::{Arrival, Context, Malformed, PeerMisbehaved, PresentationError, Refused, UnsignedRequests, Unsupported};
use crate::codec::{Budget, Json, Object, base64url};
use crate::credential::HolderBinding;
use crate::crypto::{ContentCipher, sha256};
use crate::envelope::jws::UnverifiedJws;
use crate::http::HttpsUrl;
use crate::protocol::dcql::Query;
use crate::protocol::openid4vp::{
    ClientId, ClientIdPrefix, DcApiProtocol, DcApiRequest, EncryptionKey, REQUEST_OBJECT_TYP, RequestError,
    RequestObject, STATIC_AUDIENCE, origin_audience,
};
use crate::time::{Timestamp, Validity};
use crate::trust::{Environment, VerifiedParty};

/// How the request came: what its content must agree with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    client_id: String,
    wallet_nonce: Option<String>,
    request_uri: Option<String>,
    arrival: Arrival,
    /// Where it came from, if the Digital Credentials API brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page: Option<Page>,
}

/// A page that asks through the Digital Credentials API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Page {
    protocol: String,
    origin: String,
}

impl Origin {
    pub(super) fn new(
        client_id: ClientId,
        wallet_nonce: Option<String>,
        request_uri: Option<String>,
        arrival: Arrival,
    ) -> Self {
        Self {
            client_id: client_id.as_str().to_owned(),
            wallet_nonce,
            request_uri,
            arrival,
            page: None,
        }
    }

    pub(super) fn page(protocol: DcApiProtocol, origin: &str) -> Self {
        Self {
            client_id: String::new(),
            wallet_nonce: None,
            request_uri: None,
            arrival: Arrival::Page,
            page: Some(Page {
                protocol: protocol.name().to_owned(),
                origin: origin.to_owned(),
            }),
        }
    }
}

/// A request whose sender is known, or of which it is known that nobody vouches for it.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// As received.
    pub(super) text: String,
    pub(super) origin: Origin,
    pub(super) object: RequestObject,
    /// `None`: nobody vouches for who asks. Only with [`UnsignedRequests::AskLoudly`].
    pub(super) party: Option<VerifiedParty>,
    pub(super) environment: Environment,
    pub(super) query: Query,
    pub(super) receiver: Receiver,
}

/// Who gets the answer, and how.
#[derive(Clone, Debug)]
pub(super) enum Receiver {
    /// The page of this origin, by way of the Digital Credentials API.
    Page { protocol: DcApiProtocol, origin: String },
    /// Whoever answers here.
    Post(HttpsUrl),
}

impl Receiver {
    /// The host, or where there is none the origin of an app.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Post(url) => url.host(),
            Self::Page { origin, .. } => {
                let authority = origin.strip_prefix("https://").unwrap_or(origin);
                let port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
                match authority.rsplit_once(':') {
                    Some((host, digits)) if authority != origin && port(digits) => host,
                    _ => authority,
                }
            }
        }
    }
}

/// A client identifier must be one whose owner can be authenticated.
pub(super) fn check_prefix(id: &ClientId) -> Result<(), PresentationError> {
    match id.prefix() {
        ClientIdPrefix::X509Hash | ClientIdPrefix::X509SanDns => Ok(()),
        // OpenID4VP 1.0 §5.9.3: requests under `redirect_uri` cannot be signed, `origin` is never to be accepted.
        ClientIdPrefix::RedirectUri | ClientIdPrefix::Origin => Err(Refused::Unauthenticated.into()),
        prefix => Err(Unsupported::ClientIdPrefix(prefix).into()),
    }
}

/// Where the client identifier of a signed request stands.
enum Named<'a> {
    /// In the parameters.
    InClaims,
    /// In the protected header of the signature (§A.3.2.2).
    InHeader,
    /// Outside, too.
    Outside(&'a ClientId),
}

/// Who signed, under which name, and what.
struct Signed {
    party: VerifiedParty,
    client_id: ClientId,
    claims: Object,
}

/// Checks a signed request from its header to its signature.
fn authenticate(
    jwt: &str,
    named: &Named<'_>,
    context: &Context<'_>,
    now: Timestamp,
) -> Result<Signed, PresentationError> {
    let budget = &mut Budget::default();
    let jws = UnverifiedJws::parse(jwt.trim(), budget).map_err(Malformed::RequestObject)?;
    // §5: without this `typ` it is not to be processed.
    let typ = jws.header().expect_typ(REQUEST_OBJECT_TYP);
    typ.map_err(|_| PeerMisbehaved::RequestObjectType)?;
    let text = |claims: &Object| claims.get("client_id").and_then(Json::as_str).map(ClientId::new);
    let known = match named {
        Named::InClaims => None,
        Named::InHeader => Some(text(jws.header().json()).ok_or(RequestError::Missing("client_id"))?),
        Named::Outside(id) => Some((*id).clone()),
    };
    known.as_ref().map_or(Ok(()), check_prefix)?;
    let chain = jws.header().x5c().map_err(Malformed::RequestObject)?;
    let chain = chain.ok_or(Refused::Unauthenticated)?;
    let party = context.trust.resolve_relying_party(&chain, now);
    let party = party.map_err(Refused::UntrustedParty)?;
    known.as_ref().map_or(Ok(()), |id| check_name(id, &party))?;
    let jws = jws.verify(&party.key).map_err(Refused::Signature)?;
    let claims = jws.claims(budget).map_err(Malformed::RequestObject)?;
    let client_id = match (known, text(&claims)) {
        // §A.3.2.2: it stands in the header of each signature, and nowhere else.
        (Some(_), Some(_)) if matches!(named, Named::InHeader) => {
            return Err(RequestError::Malformed("client_id").into());
        }
        (Some(id), _) => id,
        (None, id) => {
            let id = id.ok_or(RequestError::Missing("client_id"))?;
            check_prefix(&id)?;
            check_name(&id, &party)?;
            id
        }
    };
    Ok(Signed {
        party,
        client_id,
        claims,
    })
}

fn check_name(id: &ClientId, party: &VerifiedParty) -> Result<(), PresentationError> {
    let named = match id.prefix() {
        ClientIdPrefix::X509SanDns => party.leaf.has_dns_name(id.identifier()),
        _ => party.leaf.matches_x509_hash(id.identifier()),
    };
    match named {
        true => Ok(()),
        false => Err(Refused::NotTheCertificatesName.into()),
    }
}

impl Request {
    /// Checks a request from its header to its query.
    pub(super) fn verify(
        text: String,
        origin: Origin,
        context: &Context<'_>,
        now: Timestamp,
    ) -> Result<Self, PresentationError> {
        let request = match origin.page.clone() {
            None => Self::redirected(text, origin, context, now)?,
            Some(page) => Self::handed_over(text, origin, &page, context, now)?,
        };
        check_time(&request.object, context, now)?;
        if request.object.response_mode.is_encrypted() {
            request.object.metadata.encryption()?;
        }
        Ok(request)
    }

    /// A signed request that was fetched, or came in a link.
    fn redirected(
        jwt: String,
        origin: Origin,
        context: &Context<'_>,
        now: Timestamp,
    ) -> Result<Self, PresentationError> {
        let outer = ClientId::new(origin.client_id.clone());
        let signed = authenticate(&jwt, &Named::Outside(&outer), context, now)?;
        let object = RequestObject::parse(&signed.claims)?;
        // RFC 9101 §5: the two must be the same, byte for byte.
        if object.client_id != outer {
            return Err(PeerMisbehaved::ClientIdsDiffer.into());
        }
        origin.check(&object)?;
        let response_uri = object.response_uri.as_deref().unwrap_or_default();
        let response_uri = HttpsUrl::parse(response_uri, context.links).map_err(Refused::Link)?;
        // §5.9.3: under x509_san_dns the answer goes to the host of that name.
        if outer.prefix() == ClientIdPrefix::X509SanDns && !response_uri.host().eq_ignore_ascii_case(outer.identifier())
        {
            return Err(PeerMisbehaved::ForeignResponseUri.into());
        }
        let query = Query::parse(&object.query).map_err(Malformed::Query)?;
        // §5.6: a credential without holder binding needs `state`, since no nonce ties the answer to the request.
        if object.state.is_none() && query.credentials().iter().any(|query| !query.requires_holder_binding()) {
            return Err(PeerMisbehaved::StateMissing.into());
        }
        Ok(Self {
            text: jwt,
            origin,
            object,
            environment: signed.party.environment,
            party: Some(signed.party),
            query,
            receiver: Receiver::Post(response_uri),
        })
    }

    /// A request that the Digital Credentials API handed over (Appendix A).
    fn handed_over(
        text: String,
        origin: Origin,
        page: &Page,
        context: &Context<'_>,
        now: Timestamp,
    ) -> Result<Self, PresentationError> {
        let protocol = DcApiProtocol::from_name(&page.protocol).ok_or(Unsupported::DcApiProtocol)?;
        let bad = |_| Malformed::Request(RequestError::Malformed("data"));
        let data = Json::parse(&text, &mut Budget::default()).map_err(bad)?;
        let (signed, parameters) = match DcApiRequest::parse(protocol, &data)? {
            DcApiRequest::Multisigned(signatures) => one_of(&signatures, context, now).map(split)?,
            DcApiRequest::Signed(jwt) => authenticate(&jwt, &Named::InClaims, context, now).map(split)?,
            DcApiRequest::Unsigned(_) if context.unsigned == UnsignedRequests::Refuse => {
                return Err(Refused::Unauthenticated.into());
            }
            // §A.2: who asks is the page; a client identifier, or origins that nobody signed, mean nothing.
            DcApiRequest::Unsigned(parameters) => (None, parameters),
        };
        let client_id = match &signed {
            Some((_, client_id)) => client_id.as_str().to_owned(),
            None => origin_audience(&page.origin),
        };
        let object = RequestObject::parse_dc_api(&parameters, client_id)?;
        origin.check(&object)?;
        if signed.is_some() {
            // §A.2: compared as they are written, against requests that another page passes on.
            let expected = object.expected_origins.as_deref();
            let expected = expected.ok_or(RequestError::Missing("expected_origins"))?;
            if !expected.contains(&page.origin) {
                return Err(PeerMisbehaved::ForeignOrigin.into());
            }
        }
        let query = Query::parse(&object.query).map_err(Malformed::Query)?;
        let party = signed.map(|(party, _)| party);
        Ok(Self {
            text,
            origin,
            object,
            environment: party
                .as_ref()
                .map_or(context.trust.environment(), |party| party.environment),
            party,
            query,
            receiver: Receiver::Page {
                protocol,
                origin: page.origin.clone(),
            },
        })
    }

    /// What a presentation at this time is bound to.
    pub(super) fn binding(&self, at: Timestamp) -> Result<HolderBinding, PresentationError> {
        let thumbprint = match self.recipient()? {
            Some((key, _)) => base64url::decode(key.key.thumbprint()).ok(),
            None => None,
        };
        let (nonce, thumbprint) = (self.object.nonce.as_str(), thumbprint.as_deref());
        Ok(match &self.receiver {
            // The address as it stands in the signed request: it is hashed, not followed.
            Receiver::Post(_) => {
                let response_uri = self.object.response_uri.as_deref().unwrap_or_default();
                HolderBinding::redirect(self.object.client_id.as_str(), nonce, thumbprint, response_uri, at)
            }
            Receiver::Page { origin, .. } => HolderBinding::dc_api(origin, nonce, thumbprint, at),
        })
    }

    /// What the consent is bound to: the bytes of the request.
    pub(super) fn digest(&self) -> [u8; 32] {
        sha256(self.text.as_bytes())
    }

    pub(super) fn arrival(&self) -> Arrival {
        self.origin.arrival
    }

    /// The key and the cipher for an encrypted answer; `None` for one that is not.
    pub(super) fn recipient(&self) -> Result<Option<(&EncryptionKey, ContentCipher)>, PresentationError> {
        if !self.object.response_mode.is_encrypted() {
            return Ok(None);
        }
        let (key, name) = self.object.metadata.encryption()?;
        let cipher = ContentCipher::from_name(name).ok_or(RequestError::UnsupportedEncryption)?;
        Ok(Some((key, cipher)))
    }
}

fn split(signed: Signed) -> (Option<(VerifiedParty, ClientId)>, Object) {
    (Some((signed.party, signed.client_id)), signed.claims)
}

/// §A.3.2.2: the first signature under a name that the wallet can authenticate; if there is none, what is wrong with
/// the one that came nearest: somebody trusted, whose signature does not hold, before a stranger.
fn one_of(signatures: &[String], context: &Context<'_>, now: Timestamp) -> Result<Signed, PresentationError> {
    let mut nearest: Option<PresentationError> = None;
    for jwt in signatures {
        match authenticate(jwt, &Named::InHeader, context, now) {
            Ok(signed) => return Ok(signed),
            Err(error) => {
                let far = |error: &PresentationError| match error {
                    PresentationError::Unsupported(_) => 2,
                    PresentationError::Refused(Refused::UntrustedParty(_) | Refused::Unauthenticated) => 1,
                    _ => 0,
                };
                if nearest.as_ref().is_none_or(|known| far(&error) < far(known)) {
                    nearest = Some(error);
                }
            }
        }
    }
    Err(nearest.unwrap_or(RequestError::Malformed("signatures").into()))
}

impl Origin {
    /// Whether the request was made for this wallet and this exchange.
    fn check(&self, object: &RequestObject) -> Result<(), PresentationError> {
        // §5.8: wallets found by static discovery are `https://self-issued.me/v2`. A request that names its own
        // address (Credo 0.6 does) was made for whoever fetches it there, and for no other wallet.
        if let Some(audience) = &object.audience {
            let meant = |audience: &String| audience == STATIC_AUDIENCE || Some(audience) == self.request_uri.as_ref();
            if !audience.iter().any(meant) {
                return Err(PeerMisbehaved::WrongAudience.into());
            }
        }
        // §5.10: a nonce that was sent must come back.
        if self.wallet_nonce.is_some() && self.wallet_nonce != object.wallet_nonce {
            return Err(PeerMisbehaved::WalletNonceNotEchoed.into());
        }
        Ok(())
    }
}

fn check_time(object: &RequestObject, context: &Context<'_>, now: Timestamp) -> Result<(), PresentationError> {
    let at = |seconds: Option<i64>| seconds.map(Timestamp::from_unix);
    let begins = at(object.not_before).max(at(object.issued_at));
    let window = Validity::new(begins, at(object.expires));
    let check = window.check(now, context.skew);
    check.map_err(|outside| PeerMisbehaved::OutsideValidity(outside).into())
}
