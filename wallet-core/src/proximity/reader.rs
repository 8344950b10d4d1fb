//! Reader authentication (§9.1.4): who asks, before anything is matched or shown.

use super::Refused;
use crate::codec::Budget;
use crate::credential::mdoc::SessionTranscript;
use crate::envelope::cose::UnverifiedSign1;
use crate::protocol::mdoc::DeviceRequest;
use crate::time::Timestamp;
use crate::trust::{TrustStore, VerifiedParty};

/// The one reader that signed for every document of the request.
pub(super) fn authenticate(
    request: &DeviceRequest,
    transcript: &SessionTranscript,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<VerifiedParty, Refused> {
    if !request.reader_auth_all().is_empty() {
        let signed = request.reader_authentication_all(transcript.as_bytes());
        // Second edition: a reader may sign for several purposes; one signature of somebody known is enough.
        let mut last = Refused::Unauthenticated;
        for auth in request.reader_auth_all() {
            match signer(auth, &signed, trust, now) {
                Ok(party) => return Ok(party),
                Err(refused) => last = refused,
            }
        }
        return Err(last);
    }
    let mut asks: Option<VerifiedParty> = None;
    for document in request.doc_requests() {
        let auth = document.reader_auth().ok_or(Refused::Unauthenticated)?;
        let party = signer(auth, &document.reader_authentication(transcript.as_bytes()), trust, now)?;
        match &asks {
            Some(first) if first.leaf != party.leaf => return Err(Refused::ReadersDiffer),
            _ => asks = Some(party),
        }
    }
    asks.ok_or(Refused::Unauthenticated)
}

fn signer(auth: &[u8], signed: &[u8], trust: &TrustStore, now: Timestamp) -> Result<VerifiedParty, Refused> {
    let sign1 = UnverifiedSign1::parse(auth, &mut Budget::default()).map_err(Refused::Signature)?;
    let chain = sign1.x5chain().map_err(Refused::Signature)?;
    let chain = chain.ok_or(Refused::Unauthenticated)?;
    let party = trust.resolve_reader(&chain, now).map_err(Refused::UntrustedReader)?;
    sign1.check_x5t(party.leaf.der()).map_err(Refused::Signature)?;
    sign1.check(&party.key, &[], Some(signed)).map_err(Refused::Signature)?;
    Ok(party)
}
