//! The issuer's side: which claims can be disclosed one by one, salts, digests, decoys (RFC 9901 §4, §6.1).

use crate::codec::base64url;
use crate::codec::{Json, Object};
use crate::crypto::{HashAlgorithm, Random, SignatureAlgorithm, SigningKey, random_bytes};
use crate::envelope::jws::UnsignedJws;

use super::parse::to_json_form;
use super::present::expand;
use super::process::{Digest, NEVER_SELECTIVE, is_reserved};
use super::{ClaimPath, JsonForm, PathElement, SdJwtError};

/// Claims, and which of them the holder may disclose one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blueprint {
    claims: Object,
    /// Concrete paths, sorted.
    disclosable: Vec<ClaimPath>,
    decoys: usize,
    hash: HashAlgorithm,
}

impl Blueprint {
    /// Plans an SD-JWT. Paths may have wildcards, and a path may lie below another: recursive disclosure.
    ///
    /// # Errors
    /// A path that selects nothing; reserved names; in an SD-JWT VC (there is a `vct`) a claim that must stay open.
    pub fn new(claims: Object, disclosable: &[ClaimPath]) -> Result<Self, SdJwtError> {
        // RFC 9901 §4.1: the names are not for claims.
        check_names(&claims)?;
        let is_vc = claims.contains("vct");
        let root = Json::Object(claims);
        let mut concrete = Vec::new();
        for path in disclosable {
            let before = concrete.len();
            expand(&root, path.elements(), |_| false, &mut Vec::new(), &mut concrete)?;
            if concrete.len() == before {
                return Err(SdJwtError::NothingThere);
            }
            // SD-JWT VC §2.2.2.2: never, and neither what is in them.
            if let Some(PathElement::Key(first)) = path.elements().first()
                && let Some(never) = NEVER_SELECTIVE.into_iter().find(|never| never == first)
                && is_vc
            {
                return Err(SdJwtError::NeverSelective(never));
            }
        }
        concrete.sort_unstable();
        concrete.dedup();
        let Json::Object(claims) = root else {
            return Err(SdJwtError::NothingThere);
        };
        Ok(Self {
            claims,
            disclosable: concrete,
            decoys: 0,
            hash: HashAlgorithm::Sha256,
        })
    }

    /// Adds digests that stand for nothing (RFC 9901 §4.2.5): `per_level` to every object that has digests, and
    /// up to `per_level` to the end of every array that has, so that the indexes of its elements stay.
    #[must_use]
    pub fn decoys(mut self, per_level: usize) -> Self {
        self.decoys = per_level;
        self
    }

    /// Chooses the hash; SHA-256 unless chosen.
    #[must_use]
    pub fn hash(mut self, hash: HashAlgorithm) -> Self {
        self.hash = hash;
        self
    }

    /// Draws the salts and puts digests in the place of what is disclosable.
    pub fn conceal(self, random: &mut dyn Random) -> Concealed {
        let mut concealing = Concealing {
            paths: self.disclosable.iter().map(ClaimPath::elements).collect(),
            decoys: self.decoys,
            hash: self.hash,
            random,
            disclosures: Vec::new(),
        };
        let paths = 0..concealing.paths.len();
        let mut payload = concealing.object(self.claims, paths, 0);
        if payload.contains("_sd") || !concealing.disclosures.is_empty() {
            // RFC 9901 §4.1.1.
            payload.insert("_sd_alg", self.hash.name());
        }
        Concealed {
            disclosures: concealing.disclosures,
            payload,
        }
    }
}

fn check_names(object: &Object) -> Result<(), SdJwtError> {
    fn check(value: &Json) -> Result<(), SdJwtError> {
        match value {
            Json::Object(object) => check_names(object),
            Json::Array(items) => items.iter().try_for_each(check),
            _ => Ok(()),
        }
    }
    object.iter().try_for_each(|(name, value)| {
        if is_reserved(name) {
            return Err(SdJwtError::ReservedName);
        }
        check(value)
    })
}

struct Concealing<'a> {
    paths: Vec<&'a [PathElement]>,
    decoys: usize,
    hash: HashAlgorithm,
    random: &'a mut dyn Random,
    disclosures: Vec<String>,
}

impl Concealing<'_> {
    /// Conceals below `value`; `paths` are those that begin with the path of `value`, which has `depth` steps.
    fn value(&mut self, value: Json, paths: std::ops::Range<usize>, depth: usize) -> Json {
        match value {
            _ if paths.is_empty() => value,
            Json::Object(object) => Json::Object(self.object(object, paths, depth)),
            Json::Array(items) => Json::Array(self.array(items, paths, depth)),
            other => other,
        }
    }

    fn object(&mut self, object: Object, paths: std::ops::Range<usize>, depth: usize) -> Object {
        let mut open = Object::new();
        let mut digests = Vec::new();
        for (name, value) in object {
            let (itself, below) = self.narrow(&paths, depth, |step| step == &PathElement::Key(name.clone()));
            let value = self.value(value, below, depth + 1);
            if itself {
                let disclosed = Json::Array(vec![self.salt(), Json::String(name), value]);
                digests.push(self.disclose(&disclosed));
            } else {
                open.insert(name, value);
            }
        }
        if !digests.is_empty() {
            for _ in 0..self.decoys {
                digests.push(self.decoy());
            }
            // RFC 9901 §4.2.4.1: the order of the claims must not show; digests have none of their own.
            digests.sort_unstable();
            open.insert("_sd", digests.into_iter().map(Json::String).collect::<Vec<_>>());
        }
        open
    }

    fn array(&mut self, items: Vec<Json>, paths: std::ops::Range<usize>, depth: usize) -> Vec<Json> {
        let mut out = Vec::with_capacity(items.len());
        let mut closed = false;
        for (index, value) in items.into_iter().enumerate() {
            let (itself, below) = self.narrow(&paths, depth, |step| step == &PathElement::Index(index));
            let value = self.value(value, below, depth + 1);
            if itself {
                closed = true;
                let disclosed = Json::Array(vec![self.salt(), value]);
                out.push(slot(self.disclose(&disclosed)));
            } else {
                out.push(value);
            }
        }
        if closed && self.decoys > 0 {
            let draw = u64::from_be_bytes(random_bytes(self.random));
            let most = u64::try_from(self.decoys).unwrap_or(u64::MAX).saturating_add(1);
            for _ in 0..draw % most {
                let decoy = self.decoy();
                out.push(slot(decoy));
            }
        }
        out
    }

    /// Among sorted paths, those whose step at `depth` is the one meant: whether one ends there, and the rest.
    fn narrow(
        &self,
        paths: &std::ops::Range<usize>,
        depth: usize,
        is_meant: impl Fn(&PathElement) -> bool,
    ) -> (bool, std::ops::Range<usize>) {
        let meant = |index: &usize| self.paths[*index].get(depth).is_some_and(&is_meant);
        let Some(first) = paths.clone().find(meant) else {
            return (false, 0..0);
        };
        let end = first + (first..paths.end).take_while(meant).count();
        // A path sorts before those it begins.
        if self.paths[first].len() == depth + 1 {
            (true, first + 1..end)
        } else {
            (false, first..end)
        }
    }

    /// RFC 9901 §4.2.1: 128 random bits, drawn anew for each claim.
    fn salt(&mut self) -> Json {
        Json::String(base64url::encode(random_bytes::<16>(self.random)))
    }

    fn decoy(&mut self) -> String {
        // RFC 9901 §4.2.5: the digest of a random value.
        let random = random_bytes::<32>(self.random);
        base64url::encode(self.hash.digest(&random))
    }

    fn disclose(&mut self, disclosed: &Json) -> String {
        let text = base64url::encode(disclosed.to_string());
        let digest = Digest::new(self.hash, &text).as_str().to_owned();
        self.disclosures.push(text);
        digest
    }
}

fn slot(digest: String) -> Json {
    Json::Object(Object::new().with("...", Json::String(digest)))
}

/// A payload with digests, and the disclosures that open them. It only lacks the issuer's signature.
#[derive(Clone, PartialEq, Eq)]
pub struct Concealed {
    payload: Object,
    disclosures: Vec<String>,
}

impl Concealed {
    /// The payload, digests included.
    pub fn payload(&self) -> &Object {
        &self.payload
    }

    /// The disclosures as they go to the holder.
    pub fn disclosures(&self) -> &[String] {
        &self.disclosures
    }

    /// What the issuer signs. An SD-JWT VC gets its `typ` unless `header` has one.
    pub fn unsigned(&self, algorithm: SignatureAlgorithm, header: Object) -> UnsignedJws {
        let mut header = header;
        if !header.contains("typ") && self.payload.contains("vct") {
            header.insert("typ", "dc+sd-jwt");
        }
        UnsignedJws::new(algorithm, header, self.payload.to_string())
    }

    /// The compact form: `JWT~D1~…~Dn~`.
    pub fn with_signature(self, unsigned: UnsignedJws, signature: &[u8]) -> String {
        self.finish(unsigned.with_signature(signature))
    }

    /// Signs at once with a key in memory.
    pub fn sign(self, header: Object, key: &SigningKey) -> String {
        let jwt = self.unsigned(key.algorithm(), header).sign(key);
        self.finish(jwt)
    }

    /// As [`Concealed::sign`], in a JSON form (RFC 9901 §8).
    pub fn sign_json(self, header: Object, key: &SigningKey, form: JsonForm) -> Json {
        to_json_form(&self.sign(header, key), form)
    }

    fn finish(self, jwt: String) -> String {
        let mut text = jwt;
        text.reserve(self.disclosures.iter().map(|text| text.len() + 1).sum::<usize>() + 1);
        text.push('~');
        for disclosure in self.disclosures {
            text.push_str(&disclosure);
            text.push('~');
        }
        text
    }
}

impl std::fmt::Debug for Concealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Concealed({} disclosures)", self.disclosures.len())
    }
}
