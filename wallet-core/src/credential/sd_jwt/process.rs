//! Putting the disclosures back into the payload (RFC 9901 §7.1, steps 2 to 5).

use crate::codec::base64url;
use crate::codec::{Budget, Json, Object};
use crate::crypto::HashAlgorithm;

use super::{ClaimPath, PathElement, SdJwtError};

/// SD-JWT VC §2.2.2.2: what must never be selectively disclosed, at any depth.
pub(super) const NEVER_SELECTIVE: [&str; 8] =
    ["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"];

/// RFC 9901 §4.1: names that have a meaning of their own in an SD-JWT.
pub(super) fn is_reserved(name: &str) -> bool {
    matches!(name, "_sd" | "..." | "_sd_alg")
}

/// The disclosures that came, decoded, with their digests (RFC 9901 §4.2).
#[derive(Debug, Default)]
pub(super) struct Disclosures {
    bodies: Vec<Body>,
    /// The digests as they stand in `_sd`, one after the other: all have one length.
    digests: Vec<u8>,
    length: usize,
}

#[derive(Debug)]
enum Body {
    /// `[salt, name, value]`.
    Member(String, Json),
    /// `[salt, value]`.
    Element(Json),
    /// Put in its place.
    Placed,
}

impl Disclosures {
    pub(super) fn with_capacity(count: usize, hash: HashAlgorithm) -> Self {
        let length = digest_length(hash);
        Self {
            bodies: Vec::with_capacity(count),
            digests: Vec::with_capacity(count * length),
            length,
        }
    }

    /// Decodes a disclosure and hashes its text as received; nothing is encoded again.
    pub(super) fn push(
        &mut self,
        text: &str,
        hash: HashAlgorithm,
        scratch: &mut Scratch<'_>,
    ) -> Result<(), SdJwtError> {
        base64url::decode_into(text, &mut scratch.decoded).map_err(SdJwtError::DisclosureEncoding)?;
        let parsed = Json::parse_after_string(&scratch.decoded, scratch.budget).map_err(SdJwtError::DisclosureJson)?;
        self.bodies.push(match parsed {
            Some((Json::String(name), Some(value))) => Body::Member(name, value),
            Some((value, None)) => Body::Element(value),
            _ => {
                // Not JSON at all, or JSON of another shape.
                Json::parse(&scratch.decoded, scratch.budget).map_err(SdJwtError::DisclosureJson)?;
                return Err(SdJwtError::DisclosureShape);
            }
        });
        let digest = Digest::new(hash, text);
        self.digests.extend_from_slice(digest.bytes());
        Ok(())
    }

    fn digest(&self, index: usize) -> &[u8] {
        &self.digests[index * self.length..][..self.length]
    }
}

fn digest_length(hash: HashAlgorithm) -> usize {
    (hash.length() * 4).div_ceil(3)
}

/// What decoding needs again and again.
pub(super) struct Scratch<'a> {
    pub(super) decoded: Vec<u8>,
    pub(super) budget: &'a mut Budget,
}

/// The base64url text of a digest, as it stands in `_sd` (RFC 9901 §4.2.3).
pub(super) struct Digest {
    text: [u8; 86],
    length: usize,
}

impl Digest {
    pub(super) fn new(hash: HashAlgorithm, text: &str) -> Self {
        let mut digest = [0; 64];
        let length = hash.digest_into(text.as_bytes(), &mut digest);
        let mut text = [0; 86];
        let length = base64url::encode_into(&digest[..length], &mut text);
        Self { text, length }
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(self.bytes()).expect("base64url is ASCII")
    }

    fn bytes(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

/// The first bytes of a digest, to sort and search by; 48 bits of it.
fn prefix(digest: &[u8]) -> u64 {
    digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

/// Follows the walk; the unit type follows nothing, and costs nothing.
pub(super) trait Follow {
    fn enter(&mut self, step: impl FnOnce() -> PathElement);
    fn leave(&mut self);
    /// The place just entered holds the disclosure of this index.
    fn disclosed(&mut self, index: usize);
}

impl Follow for () {
    fn enter(&mut self, _: impl FnOnce() -> PathElement) {}
    fn leave(&mut self) {}
    fn disclosed(&mut self, _: usize) {}
}

/// Remembers where each disclosure went.
#[derive(Debug, Default)]
pub(super) struct Places {
    path: Vec<PathElement>,
    found: Vec<(usize, ClaimPath)>,
}

impl Places {
    /// Index of the disclosure and path in the processed payload, in the order of the walk.
    pub(super) fn into_found(self) -> Vec<(usize, ClaimPath)> {
        self.found
    }
}

impl Follow for Places {
    fn enter(&mut self, step: impl FnOnce() -> PathElement) {
        self.path.push(step());
    }

    fn leave(&mut self) {
        self.path.pop();
    }

    fn disclosed(&mut self, index: usize) {
        let path = ClaimPath::new(self.path.clone()).expect("a disclosure is below the root");
        self.found.push((index, path));
    }
}

/// What becomes of array elements that were not disclosed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Slots {
    /// They are removed (RFC 9901 §7.1 step 3.d).
    Remove,
    /// They stay, so that indexes count them (SD-JWT VC §4.6.1).
    Keep,
}

/// The processed payload.
#[derive(Debug)]
pub(super) struct Processed {
    pub(super) claims: Object,
    /// The first claim that was selectively disclosable and must not be so in an SD-JWT VC.
    pub(super) never_selective: Option<&'static str>,
}

/// The hash that the payload names (RFC 9901 §4.1.1).
pub(super) fn hash_of(payload: &Object) -> Result<HashAlgorithm, SdJwtError> {
    match payload.get("_sd_alg") {
        None => Ok(HashAlgorithm::Sha256),
        Some(name) => name
            .as_str()
            .and_then(HashAlgorithm::from_name)
            .ok_or(SdJwtError::UnsupportedHash),
    }
}

/// Processes a payload with its disclosures.
pub(super) fn process(
    mut payload: Object,
    disclosures: Disclosures,
    depth: usize,
    slots: Slots,
    follow: &mut impl Follow,
) -> Result<Processed, SdJwtError> {
    let mut order: Vec<(u64, usize)> = Vec::with_capacity(disclosures.bodies.len());
    order.extend((0..disclosures.bodies.len()).map(|index| (prefix(disclosures.digest(index)), index)));
    order.sort_unstable();
    let digest = |entry: &(u64, usize)| disclosures.digest(entry.1);
    if order.chunk_by(|a, b| a.0 == b.0).any(|same| has_equal(same, digest)) {
        return Err(SdJwtError::DisclosureRepeated);
    }
    payload.remove("_sd_alg");
    let mut walk = Walk {
        disclosures,
        order,
        closed: Vec::new(),
        lists: 0,
        placed: 0,
        depth,
        slots,
        never_selective: None,
        follow,
    };
    walk.object(&mut payload, 1)?;
    // RFC 9901 §7.1 step 4: a digest occurs once, in the payload and in all disclosures together. Those that were
    // opened twice did not come so far.
    walk.closed.sort_unstable();
    if walk.closed.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(SdJwtError::DuplicateDigest);
    }
    // RFC 9901 §7.1 step 5: a disclosure that no digest stands for.
    if walk.placed != walk.disclosures.bodies.len() {
        return Err(SdJwtError::DisclosureUnreferenced);
    }
    Ok(Processed {
        claims: payload,
        never_selective: walk.never_selective,
    })
}

fn has_equal<'a>(entries: &[(u64, usize)], digest: impl Fn(&(u64, usize)) -> &'a [u8]) -> bool {
    let mut rest = entries;
    while let Some((first, others)) = rest.split_first() {
        if others.iter().any(|other| digest(other) == digest(first)) {
            return true;
        }
        rest = others;
    }
    false
}

struct Walk<'f, F> {
    disclosures: Disclosures,
    /// First bytes of the digests with the index in `disclosures`, sorted.
    order: Vec<(u64, usize)>,
    /// The digests that nothing opens.
    closed: Vec<String>,
    /// How many `_sd` lists and array slots were met.
    lists: usize,
    placed: usize,
    depth: usize,
    slots: Slots,
    never_selective: Option<&'static str>,
    follow: &'f mut F,
}

impl<F: Follow> Walk<'_, F> {
    fn value(&mut self, value: &mut Json, depth: usize) -> Result<(), SdJwtError> {
        match value {
            Json::Object(object) => self.object(object, depth),
            Json::Array(items) => self.array(items, depth),
            _ => Ok(()),
        }
    }

    // RFC 9901 §7.1 step 3.c.ii.
    fn object(&mut self, object: &mut Object, depth: usize) -> Result<(), SdJwtError> {
        self.check_depth(depth)?;
        let digests = object.remove("_sd");
        for (name, value) in object.iter_mut() {
            // RFC 9901 §4.1, §4.1.1: the names have no other use, and the hash is named at the top only.
            if is_reserved(name) {
                return Err(SdJwtError::ReservedName);
            }
            if !matches!(value, Json::Object(_) | Json::Array(_)) {
                continue;
            }
            let lists = self.lists;
            self.follow.enter(|| PathElement::Key(name.to_owned()));
            self.value(value, depth + 1)?;
            self.follow.leave();
            if depth == 1 && self.lists != lists {
                self.note_selective(name);
            }
        }
        match digests {
            Some(digests) => self.members(object, digests, depth),
            None => Ok(()),
        }
    }

    fn members(&mut self, object: &mut Object, digests: Json, depth: usize) -> Result<(), SdJwtError> {
        self.lists += 1;
        let Json::Array(digests) = digests else {
            return Err(SdJwtError::BadDigestList);
        };
        let mut added = Vec::with_capacity(digests.len().min(self.disclosures.bodies.len()));
        for digest in digests {
            let Json::String(digest) = digest else {
                return Err(SdJwtError::BadDigestList);
            };
            if let Some((index, body)) = self.take(&digest)? {
                // RFC 9901 §7.1 step 3.c.ii.1: not an array of three.
                let Body::Member(name, mut value) = body else {
                    return Err(SdJwtError::DisclosureKind);
                };
                // RFC 9901 §7.1 step 3.c.ii.2.
                if is_reserved(&name) {
                    return Err(SdJwtError::ReservedName);
                }
                if depth == 1 {
                    self.note_selective(&name);
                }
                self.follow.enter(|| PathElement::Key(name.clone()));
                self.follow.disclosed(index);
                self.value(&mut value, depth + 1)?;
                self.follow.leave();
                added.push((name, value));
            } else {
                self.closed.push(digest);
            }
        }
        // RFC 9901 §7.1 step 3.c.ii.3: the name exists at this level.
        object.append_unique(added).map_err(|_| SdJwtError::NameClash)
    }

    // RFC 9901 §7.1 step 3.c.iii and 3.d.
    fn array(&mut self, items: &mut Vec<Json>, depth: usize) -> Result<(), SdJwtError> {
        self.check_depth(depth)?;
        let mut kept = 0;
        for at in 0..items.len() {
            let mut keep = true;
            if let Json::Object(object) = &mut items[at]
                && let Some(digest) = object.get("...")
            {
                // RFC 9901 §4.2.4.2: no other member, and the value is a string.
                if object.len() != 1 || digest.as_str().is_none() {
                    return Err(SdJwtError::BadArraySlot);
                }
                self.lists += 1;
                let Some(Json::String(digest)) = object.get_mut("...").map(|digest| match self.slots {
                    Slots::Remove => std::mem::replace(digest, Json::Null),
                    Slots::Keep => digest.clone(),
                }) else {
                    return Err(SdJwtError::BadArraySlot);
                };
                match self.take(&digest)? {
                    Some((index, body)) => {
                        // RFC 9901 §7.1 step 3.c.iii.1: not an array of two.
                        let Body::Element(mut value) = body else {
                            return Err(SdJwtError::DisclosureKind);
                        };
                        self.follow.enter(|| PathElement::Index(kept));
                        self.follow.disclosed(index);
                        self.value(&mut value, depth + 1)?;
                        self.follow.leave();
                        items[at] = value;
                    }
                    None => {
                        keep = self.slots == Slots::Keep;
                        self.closed.push(digest);
                    }
                }
            } else if matches!(items[at], Json::Object(_) | Json::Array(_)) {
                self.follow.enter(|| PathElement::Index(kept));
                self.value(&mut items[at], depth + 1)?;
                self.follow.leave();
            }
            if keep {
                items.swap(kept, at);
                kept += 1;
            }
        }
        items.truncate(kept);
        Ok(())
    }

    /// The disclosure of a digest, which may be taken once.
    fn take(&mut self, digest: &str) -> Result<Option<(usize, Body)>, SdJwtError> {
        let wanted = prefix(digest.as_bytes());
        let start = self.order.partition_point(|entry| entry.0 < wanted);
        let alike = self.order[start..].iter().take_while(|entry| entry.0 == wanted);
        let mut alike = alike.map(|entry| entry.1);
        let Some(index) = alike.find(|index| self.disclosures.digest(*index) == digest.as_bytes()) else {
            return Ok(None);
        };
        match std::mem::replace(&mut self.disclosures.bodies[index], Body::Placed) {
            Body::Placed => Err(SdJwtError::DuplicateDigest),
            body => {
                self.placed += 1;
                Ok(Some((index, body)))
            }
        }
    }

    fn note_selective(&mut self, name: &str) {
        if self.never_selective.is_none() {
            self.never_selective = NEVER_SELECTIVE.into_iter().find(|never| *never == name);
        }
    }

    /// Disclosures can nest deeper than any one of them does.
    fn check_depth(&self, depth: usize) -> Result<(), SdJwtError> {
        if depth > self.depth {
            return Err(SdJwtError::TooDeep {
                depth,
                limit: self.depth,
            });
        }
        Ok(())
    }
}
