//! Who reads: the key and certificate that sign every request.

use super::ReaderError;
use crate::crypto::SigningKey;
use crate::envelope::cose::UnsignedSign1;
use crate::keys::PublicKey;
use crate::protocol::mdoc::{DeviceRequest, DocRequest};
use crate::trust::Certificate;

use super::Question;

/// Who reads.
pub struct ReaderIdentity {
    key: SigningKey,
    chain: Vec<Vec<u8>>,
}

impl ReaderIdentity {
    /// A reader with this key and certificate chain, leaf first. The anchor at the end of a chain stays at home: who
    /// trusts it has it.
    pub fn new(key: SigningKey, chain: &[Certificate]) -> Result<Self, ReaderError> {
        let leaf = chain.first().and_then(|leaf| leaf.public_key().ok());
        if leaf != Some(&PublicKey::from(&key)) {
            return Err(ReaderError::CertificateKey);
        }
        let own = chain.iter().enumerate();
        let own = own.filter(|(place, certificate)| *place == 0 || !certificate.is_self_signed());
        let chain = own.map(|(_, certificate)| certificate.der().to_vec()).collect();
        Ok(Self { key, chain })
    }

    /// The request with a signature for each document (§9.1.4.4).
    pub(super) fn sign(&self, question: &Question, transcript: &[u8]) -> DeviceRequest {
        let documents = question.items().iter().map(|items| {
            let document = DocRequest::new(items.clone());
            let signed = document.reader_authentication(transcript);
            let auth = UnsignedSign1::detached(self.key.algorithm(), signed).x5chain(&self.chain);
            document.with_reader_auth(auth.sign(&self.key).encode())
        });
        DeviceRequest::new(documents.collect())
    }
}

impl std::fmt::Debug for ReaderIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReaderIdentity({} certificates, key redacted)", self.chain.len())
    }
}
