//! The issuer's side: elements, their random values and digests, and the object that is signed (ISO 18013-5 §9.1.2).

use crate::codec::CborValue;
use crate::codec::cbor::Writer;
use crate::crypto::{HashAlgorithm, Random, SignatureAlgorithm, SigningKey, random_bytes};
use crate::envelope::cose::UnsignedSign1;
use crate::keys::PublicKey;
use crate::time::Timestamp;
use crate::trust::Certificate;

use super::mso::{KeyAuthorizations, ValidityInfo};
use super::transcript::tagged;
use super::{MdocError, StatusListReference};

/// The elements of an mdoc, and what the issuer says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blueprint {
    doctype: String,
    namespaces: Vec<(String, Vec<(String, CborValue)>)>,
    validity: Option<ValidityInfo>,
    expected_update: Option<Timestamp>,
    device_key: Option<CborValue>,
    authorized_namespaces: Vec<String>,
    authorized_elements: Vec<(String, Vec<String>)>,
    status: Option<CborValue>,
    hash: HashAlgorithm,
    decoys: usize,
}

impl Blueprint {
    /// Plans an mdoc of a document type.
    pub fn new(doctype: impl Into<String>) -> Self {
        Self {
            doctype: doctype.into(),
            namespaces: Vec::new(),
            validity: None,
            expected_update: None,
            device_key: None,
            authorized_namespaces: Vec::new(),
            authorized_elements: Vec::new(),
            status: None,
            hash: HashAlgorithm::Sha256,
            decoys: 0,
        }
    }

    /// Adds an element.
    #[must_use]
    pub fn element(mut self, namespace: &str, identifier: impl Into<String>, value: impl Into<CborValue>) -> Self {
        let element = (identifier.into(), value.into());
        match self.namespaces.iter_mut().find(|(name, _)| name == namespace) {
            Some((_, elements)) => elements.push(element),
            None => self.namespaces.push((namespace.to_owned(), vec![element])),
        }
        self
    }

    /// Sets when it is signed, from when and until when it may be used. Coarse times tell less about the holder.
    #[must_use]
    pub fn validity(mut self, signed: Timestamp, from: Timestamp, until: Timestamp) -> Self {
        self.validity = Some(ValidityInfo {
            signed,
            from,
            until,
            expected_update: None,
        });
        self
    }

    /// Says when it is meant to be issued anew.
    #[must_use]
    pub fn expected_update(mut self, at: Timestamp) -> Self {
        self.expected_update = Some(at);
        self
    }

    /// Sets the key that the device proves to have.
    #[must_use]
    pub fn device_key(mut self, key: &PublicKey) -> Self {
        self.device_key = Some(key.to_cose_key());
        self
    }

    /// Sets where its status is kept.
    #[must_use]
    pub fn status(self, reference: &StatusListReference) -> Self {
        self.status_value(reference.to_mdoc())
    }

    /// Sets the whole `status`, for other mechanisms than a status list.
    #[must_use]
    pub fn status_value(mut self, status: CborValue) -> Self {
        self.status = Some(status);
        self
    }

    /// Lets the device's key sign all elements of a namespace.
    #[must_use]
    pub fn authorize_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.authorized_namespaces.push(namespace.into());
        self
    }

    /// Lets the device's key sign some elements of a namespace.
    #[must_use]
    pub fn authorize_elements(mut self, namespace: impl Into<String>, elements: &[&str]) -> Self {
        let elements = elements.iter().map(|element| (*element).to_owned()).collect();
        self.authorized_elements.push((namespace.into(), elements));
        self
    }

    /// Chooses the hash; SHA-256 unless chosen.
    #[must_use]
    pub fn digest_algorithm(mut self, hash: HashAlgorithm) -> Self {
        self.hash = hash;
        self
    }

    /// Adds digests that stand for nothing to every namespace, so that their number does not tell how many elements
    /// there are.
    #[must_use]
    pub fn decoys(mut self, per_namespace: usize) -> Self {
        self.decoys = per_namespace;
        self
    }

    /// Draws the random values, deals out the digest ids by chance, and takes the digests.
    ///
    /// # Errors
    /// No validity or one out of order, no device key, an element twice, authorisations that overlap.
    pub fn conceal(self, random: &mut dyn Random) -> Result<Concealed, MdocError> {
        let validity = self.validity.ok_or(MdocError::Missing("validityInfo"))?;
        validity.check_order()?;
        let device_key = self.device_key.ok_or(MdocError::Missing("deviceKey"))?;
        let authorizations = KeyAuthorizations::new(self.authorized_namespaces, self.authorized_elements)?;
        let mut namespaces = Writer::new();
        namespaces.map(self.namespaces.len());
        let mut digests = Vec::with_capacity(self.namespaces.len());
        for (name, elements) in &self.namespaces {
            let mut names: Vec<&str> = elements.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            if names.windows(2).any(|two| two[0] == two[1]) {
                return Err(MdocError::ElementRepeated);
            }
            namespaces.text(name).array(elements.len());
            let ids = shuffled(elements.len() + self.decoys, random);
            let mut of_namespace: Vec<(u64, Vec<u8>)> = Vec::with_capacity(ids.len());
            for (id, element) in ids.iter().zip(elements.iter().map(Some).chain(std::iter::repeat(None))) {
                let Some((identifier, value)) = element else {
                    let decoy = random_bytes::<32>(random);
                    of_namespace.push((*id, self.hash.digest(&decoy)));
                    continue;
                };
                let item = tagged(&encode_item(*id, &random_bytes::<32>(random), identifier, value));
                of_namespace.push((*id, self.hash.digest(&item)));
                namespaces.raw(&item);
            }
            // In the order of the ids, which says nothing about the elements.
            of_namespace.sort_unstable();
            digests.push((name.as_str(), CborValue::map(of_namespace)));
        }
        let mut key_info = vec![("deviceKey", device_key)];
        key_info.extend(authorizations.to_value().map(|value| ("keyAuthorizations", value)));
        let time = |at: Timestamp| CborValue::date_time(at.to_string());
        let mut times = vec![
            ("signed", time(validity.signed)),
            ("validFrom", time(validity.from)),
            ("validUntil", time(validity.until)),
        ];
        times.extend(self.expected_update.map(|at| ("expectedUpdate", time(at))));
        let mut members = vec![
            ("version", CborValue::from("1.0")),
            ("digestAlgorithm", CborValue::from(name_of(self.hash))),
            ("valueDigests", CborValue::map(digests)),
            ("deviceKeyInfo", CborValue::map(key_info)),
            ("docType", CborValue::from(self.doctype)),
            ("validityInfo", CborValue::map(times)),
        ];
        members.extend(self.status.map(|status| ("status", status)));
        Ok(Concealed {
            has_elements: !self.namespaces.is_empty(),
            namespaces: namespaces.into_bytes(),
            payload: tagged(&CborValue::map(members).encode()),
        })
    }
}

/// `digestAlgorithm` (§9.1.2.5).
fn name_of(hash: HashAlgorithm) -> &'static str {
    match hash {
        HashAlgorithm::Sha256 => "SHA-256",
        HashAlgorithm::Sha384 => "SHA-384",
        HashAlgorithm::Sha512 => "SHA-512",
    }
}

fn encode_item(id: u64, random: &[u8], identifier: &str, value: &CborValue) -> Vec<u8> {
    let mut out = Writer::with_capacity(128);
    out.map(4);
    out.text("digestID").unsigned(id);
    out.text("random").bytes(random);
    out.text("elementIdentifier").text(identifier);
    out.text("elementValue").value(value);
    out.into_bytes()
}

/// The numbers below `count` in an order drawn by chance (Fisher and Yates).
fn shuffled(count: usize, random: &mut dyn Random) -> Vec<u64> {
    let mut ids: Vec<u64> = (0..count as u64).collect();
    for last in (1..count).rev() {
        // The bias of the remainder is below 2^-32 for any number of elements that fits a document.
        let draw = u64::from_be_bytes(random_bytes(random)) % (last as u64 + 1);
        ids.swap(last, usize::try_from(draw).unwrap_or(last));
    }
    ids
}

/// Elements with their random values, and the object with their digests. It only lacks the issuer's signature.
#[derive(Clone, PartialEq, Eq)]
pub struct Concealed {
    has_elements: bool,
    /// `nameSpaces`, encoded.
    namespaces: Vec<u8>,
    /// `MobileSecurityObjectBytes`.
    payload: Vec<u8>,
}

impl Concealed {
    /// `MobileSecurityObjectBytes`: what is signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// What the issuer signs; `chain` is that of the document signer, leaf first, without the root.
    pub fn unsigned(&self, algorithm: SignatureAlgorithm, chain: &[Certificate]) -> UnsignedSign1 {
        let chain: Vec<Vec<u8>> = chain.iter().map(|certificate| certificate.der().to_vec()).collect();
        UnsignedSign1::new(algorithm, self.payload.as_slice()).x5chain(&chain)
    }

    /// The encoded `IssuerSigned`.
    pub fn with_signature(self, unsigned: UnsignedSign1, signature: &[u8]) -> Vec<u8> {
        self.finish(&unsigned.with_signature(signature))
    }

    /// Signs at once with a key in memory.
    pub fn sign(self, key: &SigningKey, chain: &[Certificate]) -> Vec<u8> {
        let signed = self.unsigned(key.algorithm(), chain).sign(key);
        self.finish(&signed)
    }

    fn finish(self, issuer_auth: &CborValue) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.namespaces.len() + self.payload.len() + 1024);
        if self.has_elements {
            out.map(2).text("nameSpaces").raw(&self.namespaces);
        } else {
            out.map(1);
        }
        out.text("issuerAuth").value(issuer_auth);
        out.into_bytes()
    }
}

impl std::fmt::Debug for Concealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Concealed({} bytes)", self.namespaces.len())
    }
}
