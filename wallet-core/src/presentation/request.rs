//! Who asks, and for what: the checks of a signed request before anything is matched or shown.

use serde::{Deserialize, Serialize};

use super::{Arrival, Context, Malformed, PeerMisbehaved, PresentationError, Refused, Unsupported};
use crate::codec::Budget;
use crate::crypto::{ContentCipher, sha256};
use crate::envelope::jws::UnverifiedJws;
use crate::http::HttpsUrl;
use crate::protocol::dcql::Query;
use crate::protocol::openid4vp::{
    ClientId, ClientIdPrefix, REQUEST_OBJECT_TYP, RequestObject, ResponseMode, STATIC_AUDIENCE,
};
use crate::time::{Timestamp, Validity};
use crate::trust::VerifiedParty;

/// How the request came: what its content must agree with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    client_id: String,
    wallet_nonce: Option<String>,
    request_uri: Option<String>,
    arrival: Arrival,
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
        }
    }
}

/// An authenticated request.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) jwt: String,
    pub(super) origin: Origin,
    pub(super) object: RequestObject,
    pub(super) party: VerifiedParty,
    pub(super) query: Query,
    pub(super) response_uri: HttpsUrl,
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

impl Request {
    /// Checks a signed request from its header to its query.
    pub(super) fn verify(
        jwt: String,
        origin: Origin,
        context: &Context<'_>,
        now: Timestamp,
    ) -> Result<Self, PresentationError> {
        let budget = &mut Budget::default();
        let jws = UnverifiedJws::parse(jwt.trim(), budget).map_err(Malformed::RequestObject)?;
        // §5: without this `typ` it is not to be processed.
        let typ = jws.header().expect_typ(REQUEST_OBJECT_TYP);
        typ.map_err(|_| PeerMisbehaved::RequestObjectType)?;
        let outer = ClientId::new(origin.client_id.clone());
        check_prefix(&outer)?;
        let chain = jws.header().x5c().map_err(Malformed::RequestObject)?;
        let chain = chain.ok_or(Refused::Unauthenticated)?;
        let party = context.trust.resolve_relying_party(&chain, now);
        let party = party.map_err(Refused::UntrustedParty)?;
        let named = match outer.prefix() {
            ClientIdPrefix::X509SanDns => party.leaf.has_dns_name(outer.identifier()),
            _ => party.leaf.matches_x509_hash(outer.identifier()),
        };
        if !named {
            return Err(Refused::NotTheCertificatesName.into());
        }
        let jws = jws.verify(&party.key).map_err(Refused::Signature)?;
        let claims = jws.claims(budget).map_err(Malformed::RequestObject)?;
        let object = RequestObject::parse(&claims)?;
        // RFC 9101 §5: the two must be the same, byte for byte.
        if object.client_id != outer {
            return Err(PeerMisbehaved::ClientIdsDiffer.into());
        }
        origin.check(&object)?;
        check_time(&object, context, now)?;
        let response_uri = HttpsUrl::parse(object.response_uri.as_deref().unwrap_or_default(), context.links)
            .map_err(Refused::Link)?;
        // §5.9.3: under x509_san_dns the answer goes to the host of that name.
        if outer.prefix() == ClientIdPrefix::X509SanDns && !response_uri.host().eq_ignore_ascii_case(outer.identifier())
        {
            return Err(PeerMisbehaved::ForeignResponseUri.into());
        }
        if object.response_mode == ResponseMode::DirectPostJwt {
            object.metadata.encryption()?;
        }
        let query = Query::parse(&object.query).map_err(Malformed::Query)?;
        // §5.6: a credential without holder binding needs `state`, since no nonce ties the answer to the request.
        if object.state.is_none() && query.credentials().iter().any(|query| !query.requires_holder_binding()) {
            return Err(PeerMisbehaved::StateMissing.into());
        }
        Ok(Self {
            jwt,
            origin,
            object,
            party,
            query,
            response_uri,
        })
    }

    /// What the consent is bound to: the bytes of the request.
    pub(super) fn digest(&self) -> [u8; 32] {
        sha256(self.jwt.as_bytes())
    }

    pub(super) fn arrival(&self) -> Arrival {
        self.origin.arrival
    }

    /// The cipher for an encrypted answer.
    pub(super) fn cipher(&self) -> Option<ContentCipher> {
        let (_, name) = self.object.metadata.encryption().ok()?;
        ContentCipher::from_name(name)
    }
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
