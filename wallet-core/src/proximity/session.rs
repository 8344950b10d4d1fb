//! An encrypted session: what arrives is opened, what goes is sealed.

use super::consent::Consent;
use super::reader;
use super::step::{End, Next, Outcome, Receipt, Sending, Step, ended, fault};
use super::{Context, Malformed, Misuse, PeerMisbehaved, ProximityError};
use crate::codec::{Budget, Cbor, CborValue};
use crate::credential::mdoc::{DeviceResponse, SessionTranscript};
use crate::crypto::AgreementKey;
use crate::envelope::session::SessionCipher;
use crate::keys::PublicKey;
use crate::protocol::mdoc::{DeviceRequest, MessageError, SessionData, SessionStatus};
use crate::time::Timestamp;

/// A session after its keys were derived.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) cipher: SessionCipher,
    pub(super) transcript: SessionTranscript,
    pub(super) idle: i64,
    /// What was decided so far.
    pub(super) receipts: Vec<Receipt>,
}

/// `EDeviceKeyBytes` or `EReaderKeyBytes`: the COSE_Key of the public half, as `#6.24(bstr)`.
pub(super) fn key_bytes(key: &AgreementKey) -> Vec<u8> {
    let public = PublicKey::new(key.public_key());
    CborValue::embedded(public.to_cose_key().encode()).encode()
}

/// The public key in `EDeviceKeyBytes` or `EReaderKeyBytes`.
pub(super) fn read_key(tagged: &[u8]) -> Option<PublicKey> {
    let budget = &mut Budget::default();
    let outer = Cbor::parse(tagged, budget).ok()?;
    PublicKey::parse_cose_key(outer.embedded()?, budget).ok()
}

impl Session {
    pub(super) fn new(cipher: SessionCipher, transcript: SessionTranscript, idle: i64) -> Self {
        Self {
            cipher,
            transcript,
            idle,
            receipts: Vec::new(),
        }
    }

    /// Takes an encrypted request.
    pub(super) fn receive(
        mut self,
        data: Vec<u8>,
        context: &Context<'_>,
        now: Timestamp,
    ) -> Result<Step, ProximityError> {
        let Ok(plain) = self.cipher.decrypt(data) else {
            let error = PeerMisbehaved::Decryption.into();
            return Ok(self.fault(error, SessionStatus::EncryptionError));
        };
        self.ask(plain, context, now)
    }

    /// Checks who asks, and for what.
    pub(super) fn ask(self, request: Vec<u8>, context: &Context<'_>, now: Timestamp) -> Result<Step, ProximityError> {
        let parsed = match DeviceRequest::parse(&request, &mut Budget::default()) {
            Ok(parsed) => parsed,
            Err(error) => {
                // §8.3.2.1.2.3: 11 is for what is no CBOR, 12 for CBOR of another shape.
                let status = match &error {
                    MessageError::Cbor(_) => 11,
                    _ => 12,
                };
                let answer = DeviceResponse::failed(status);
                return self.end(&answer, None, End::Failed(Malformed::Request(error).into()));
            }
        };
        match reader::authenticate(&parsed, &self.transcript, context.trust, now) {
            Ok(party) => Consent::new(self, request, parsed, party, context).map(Step::Ask),
            // A stranger gets the answer of an empty wallet (ARF `RPA_11`).
            Err(refused) => self.end(&nothing(&parsed), None, End::Failed(refused.into())),
        }
    }

    /// Seals an answer after which the session goes on.
    pub(super) fn go_on(mut self, answer: &DeviceResponse, receipt: Receipt) -> Result<Step, ProximityError> {
        let data = self.cipher.encrypt(answer.encode()).map_err(|_| Misuse::Session)?;
        let message = SessionData::of_data(data).encode();
        self.receipts.push(receipt.clone());
        Ok(Step::Send(Sending::new(message, Some(receipt), Next::Listen(self))))
    }

    /// Seals an answer that is the last one.
    pub(super) fn end(
        mut self,
        answer: &DeviceResponse,
        receipt: Option<Receipt>,
        end: End,
    ) -> Result<Step, ProximityError> {
        let data = self.cipher.encrypt(answer.encode()).map_err(|_| Misuse::Session)?;
        let message = SessionData::of_data(data)
            .with_status(SessionStatus::Termination)
            .encode();
        self.receipts.extend(receipt.clone());
        Ok(Step::Send(Sending::new(message, receipt, Next::End(self.outcome(end)))))
    }

    /// Ends without an answer.
    pub(super) fn fault(self, error: ProximityError, status: SessionStatus) -> Step {
        match self.receipts.is_empty() {
            true => fault(error, status),
            false => ended(status, self.outcome(End::Failed(error))),
        }
    }

    pub(super) fn outcome(self, end: End) -> Outcome {
        Outcome {
            end,
            receipts: self.receipts,
        }
    }
}

/// The answer of an empty wallet: for each document asked for, "not returned" (§8.3.2.1.2.3, error code 0).
pub(super) fn nothing(request: &DeviceRequest) -> DeviceResponse {
    let documents = request.doc_requests().iter();
    not_returned(
        DeviceResponse::new(Vec::new()),
        documents.map(|document| document.items().doctype()),
    )
}

/// Error code 0 says "not returned" and no more.
pub(super) fn not_returned<'a>(answer: DeviceResponse, doctypes: impl Iterator<Item = &'a str>) -> DeviceResponse {
    doctypes.fold(answer, |answer, doctype| answer.with_document_error(doctype, 0))
}
