//! Which places of concrete claims are disclosed one by one.

use std::collections::BTreeSet;

use super::credential_type::{CredentialType, Sd};
use crate::codec::{Json, Object};
use crate::credential::{ClaimPath, PathElement};

impl CredentialType {
    /// The places of `claims` that are selectively disclosable, with concrete indexes, each parent before its
    /// children. Claims that the type does not describe are disclosable as a whole: what nobody described,
    /// nobody must be forced to show.
    pub fn disclosure_paths(&self, claims: &Object) -> Vec<ClaimPath> {
        let mut places = BTreeSet::new();
        for (name, _) in claims.iter() {
            let path = ClaimPath::of_keys(name, &[]);
            if self.claim(&path).is_none() {
                places.insert(path);
            }
        }
        for claim in self.claims().iter().filter(|claim| claim.sd() != Sd::Never) {
            for (elements, value) in expand(claims, claim.path().elements()) {
                if let (true, Json::Object(members)) = (claim.discloses_each_member(), value) {
                    for (name, _) in members.iter() {
                        let mut member = elements.clone();
                        member.push(PathElement::Key(name.to_owned()));
                        places.extend(ClaimPath::new(member).ok());
                    }
                }
                places.extend(ClaimPath::new(elements).ok());
            }
        }
        places.into_iter().collect()
    }
}

/// The concrete places that a path with wildcards selects; what does not fit selects nothing.
fn expand<'a>(claims: &'a Object, pattern: &[PathElement]) -> Vec<(Vec<PathElement>, &'a Json)> {
    let Some((PathElement::Key(first), rest)) = pattern.split_first() else {
        return Vec::new();
    };
    let start = claims
        .get(first)
        .map(|value| (vec![PathElement::Key(first.clone())], value));
    let mut found: Vec<_> = start.into_iter().collect();
    for element in rest {
        let mut next = Vec::new();
        for (path, value) in found {
            let mut step = |element: PathElement, value: &'a Json| {
                let mut path = path.clone();
                path.push(element);
                next.push((path, value));
            };
            match (element, value) {
                (PathElement::Key(key), Json::Object(object)) => {
                    if let Some(value) = object.get(key) {
                        step(PathElement::Key(key.clone()), value);
                    }
                }
                (PathElement::Index(index), Json::Array(items)) => {
                    if let Some(value) = items.get(*index) {
                        step(PathElement::Index(*index), value);
                    }
                }
                (PathElement::All, Json::Array(items)) => {
                    for (index, value) in items.iter().enumerate() {
                        step(PathElement::Index(index), value);
                    }
                }
                _ => {}
            }
        }
        found = next;
    }
    found
}
