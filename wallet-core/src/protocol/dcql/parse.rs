//! Reading a query: the grammar of OpenID4VP 1.0 §6, one function a production.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt;

use crate::codec::Json;
use crate::codec::Object;
use crate::credential::ClaimPath;
use crate::credential::Format;

use super::{
    ClaimQuery, ClaimValue, CredentialQuery, CredentialSet, Limited, Meta, Query, QueryError, TrustedAuthority,
};

/// How much a query may ask for. The verifier of a query is a stranger (OpenID4VP 1.1 draft §6: DCQL is hostile input).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Credential queries; a person has to agree to each.
    pub credentials: usize,
    /// Claims of one credential query.
    pub claims: usize,
    /// Elements of a path.
    pub path: usize,
    /// Elements of any other array: sets, options, ids, values, types, authorities.
    pub elements: usize,
    /// Elements of all arrays together.
    pub total: usize,
    /// Bytes of an id, a name or a value.
    pub bytes: usize,
}

impl Default for Limits {
    /// 64 credentials of 1,000 claims (a school record with all courses and their parts has about 600), paths as deep
    /// as JSON may nest by default, 20,000 elements in all: some 300 KiB of query.
    fn default() -> Self {
        Self {
            credentials: 64,
            claims: 1_000,
            path: 64,
            elements: 256,
            total: 20_000,
            bytes: 4_096,
        }
    }
}

pub(super) fn query(value: &Json, limits: &Limits) -> Result<Query, QueryError> {
    let mut reader = Reader { limits, total: 0 };
    let root = Place::Root;
    let query = object(value, &root)?;

    let place = Place::Member(&root, "credentials");
    let items = reader.items(required(query, &place)?, &place, limits.credentials)?;
    let mut credentials = Vec::with_capacity(items.len());
    let mut ids = HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let place = Place::Index(&place, index);
        let credential = reader.credential(item, &place)?;
        // §6.1: the same id must not be present more than once.
        if !ids.insert(credential.id.clone()) {
            let place = Place::Member(&place, "id").to_string();
            return Err(QueryError::DuplicateId { place });
        }
        credentials.push(credential);
    }

    let place = Place::Member(&root, "credential_sets");
    let sets = reader.optional_items(query, &place, |reader, item, place| {
        reader.credential_set(item, place, &ids)
    })?;
    Ok(Query { credentials, sets })
}

struct Reader<'a> {
    limits: &'a Limits,
    total: usize,
}

impl Reader<'_> {
    fn credential(&mut self, value: &Json, place: &Place<'_>) -> Result<CredentialQuery, QueryError> {
        let query = object(value, place)?;
        let id = self.id(
            required(query, &Place::Member(place, "id"))?,
            &Place::Member(place, "id"),
        )?;
        let format_place = Place::Member(place, "format");
        let format = self.string(required(query, &format_place)?, &format_place)?;
        let meta = match query.get("meta") {
            Some(meta) => self.meta(meta, &format, &Place::Member(place, "meta"))?,
            None => Meta::Any,
        };
        let multiple = boolean(query, &Place::Member(place, "multiple"))?.unwrap_or(false);
        let holder_binding =
            boolean(query, &Place::Member(place, "require_cryptographic_holder_binding"))?.unwrap_or(true);
        let authorities_place = Place::Member(place, "trusted_authorities");
        let authorities = self.optional_items(query, &authorities_place, Self::authority)?;
        let (claims, claim_sets) = self.claims(query, &format, place)?;
        Ok(CredentialQuery {
            id,
            format,
            meta,
            multiple,
            holder_binding,
            authorities,
            claims,
            claim_sets,
        })
    }

    fn meta(&mut self, value: &Json, format: &str, place: &Place<'_>) -> Result<Meta, QueryError> {
        let meta = object(value, place)?;
        let (vct, doctype, types) = (
            Place::Member(place, "vct_values"),
            Place::Member(place, "doctype_value"),
            Place::Member(place, "type_values"),
        );
        let known = Format::from_name(format);
        let before_1_0 = format == "vc+sd-jwt";
        let w3c = matches!(known, Some(Format::JwtVcJson | Format::LdpVc)) || before_1_0;
        // §6.1: an empty `meta` constrains nothing; parameters of other formats are unknown members.
        Ok(match () {
            () if w3c && meta.contains("type_values") => {
                Meta::Types(self.optional_items(meta, &types, |reader, item, place| reader.strings(item, place))?)
            }
            () if (known == Some(Format::DcSdJwt) || before_1_0) && meta.contains("vct_values") => {
                Meta::Vct(self.strings(required(meta, &vct)?, &vct)?)
            }
            () if known == Some(Format::MsoMdoc) && meta.contains("doctype_value") => {
                Meta::Doctype(self.string(required(meta, &doctype)?, &doctype)?)
            }
            () => Meta::Any,
        })
    }

    fn authority(&mut self, value: &Json, place: &Place<'_>) -> Result<TrustedAuthority, QueryError> {
        let authority = object(value, place)?;
        let (kind, values) = (Place::Member(place, "type"), Place::Member(place, "values"));
        Ok(TrustedAuthority {
            kind: self.string(required(authority, &kind)?, &kind)?,
            values: self.strings(required(authority, &values)?, &values)?,
        })
    }

    /// Reads `claims` and `claim_sets` of a credential query.
    fn claims(
        &mut self,
        query: &Object,
        format: &str,
        place: &Place<'_>,
    ) -> Result<(Vec<ClaimQuery>, Vec<Vec<usize>>), QueryError> {
        let sets_place = Place::Member(place, "claim_sets");
        let place = Place::Member(place, "claims");
        let Some(claims) = query.get("claims") else {
            // §6.4.1: `claim_sets` must not be present if `claims` is absent.
            return match query.get("claim_sets") {
                Some(_) => Err(QueryError::ClaimSetsWithoutClaims {
                    place: sets_place.to_string(),
                }),
                None => Ok((Vec::new(), Vec::new())),
            };
        };
        let items = self.items(claims, &place, self.limits.claims)?;
        let mut claims = Vec::with_capacity(items.len());
        let mut ids = HashMap::new();
        for (index, item) in items.iter().enumerate() {
            let place = Place::Index(&place, index);
            let claim = self.claim(item, format, &place)?;
            let id_place = Place::Member(&place, "id");
            match &claim.id {
                Some(id) if ids.insert(id.clone(), index).is_some() => {
                    return Err(QueryError::DuplicateId {
                        place: id_place.to_string(),
                    });
                }
                // §6.3: the id is required if `claim_sets` is present.
                None if query.contains("claim_sets") => {
                    return Err(QueryError::Missing {
                        place: id_place.to_string(),
                    });
                }
                _ => {}
            }
            claims.push(claim);
        }
        let sets = self.optional_items(query, &sets_place, |reader, item, place| {
            let set = reader.items(item, place, reader.limits.elements)?;
            set.iter()
                .enumerate()
                .map(|(index, id)| {
                    let place = Place::Index(place, index);
                    let id = string(id, &place)?;
                    ids.get(id).copied().ok_or_else(|| QueryError::UnknownId {
                        place: place.to_string(),
                    })
                })
                .collect::<Result<Vec<usize>, _>>()
        })?;
        Ok((claims, sets))
    }

    fn claim(&mut self, value: &Json, format: &str, place: &Place<'_>) -> Result<ClaimQuery, QueryError> {
        let claim = object(value, place)?;
        let id = match claim.get("id") {
            Some(id) => Some(self.id(id, &Place::Member(place, "id"))?),
            None => None,
        };
        let values = self.optional_items(
            claim,
            &Place::Member(place, "values"),
            |reader, item, place| match item {
                Json::Bool(value) => Ok(ClaimValue::Bool(*value)),
                Json::String(_) => reader.string(item, place).map(ClaimValue::String),
                _ => integer(item)
                    .map(ClaimValue::Integer)
                    .ok_or_else(|| QueryError::WrongType {
                        place: place.to_string(),
                        expected: "a string, an integer of 64 bits or a boolean",
                    }),
            },
        )?;
        let mdoc = format == Format::MsoMdoc.name();
        Ok(ClaimQuery {
            id,
            path: self.path(claim, mdoc, place)?,
            values,
            intent_to_retain: if mdoc {
                boolean(claim, &Place::Member(place, "intent_to_retain"))?
            } else {
                None
            },
        })
    }

    fn path(&mut self, claim: &Object, mdoc: bool, place: &Place<'_>) -> Result<ClaimPath, QueryError> {
        let path_place = Place::Member(place, "path");
        let Some(path) = claim.get("path") else {
            // Drafts before 24 named the two parts of an mdoc's path.
            if mdoc && claim.contains("namespace") {
                let (namespace, name) = (Place::Member(place, "namespace"), Place::Member(place, "claim_name"));
                let namespace = self.string(required(claim, &namespace)?, &namespace)?;
                let name = self.string(required(claim, &name)?, &name)?;
                return Ok(ClaimPath::of_keys(&namespace, &[&name]));
            }
            return Err(QueryError::Missing {
                place: path_place.to_string(),
            });
        };
        for (index, element) in self.items(path, &path_place, self.limits.path)?.iter().enumerate() {
            if element.as_str().is_some() {
                self.string(element, &Place::Index(&path_place, index))?;
            }
        }
        ClaimPath::parse(path).map_err(|error| QueryError::BadPath {
            place: path_place.to_string(),
            error,
        })
    }

    fn credential_set(
        &mut self,
        value: &Json,
        place: &Place<'_>,
        ids: &HashSet<String>,
    ) -> Result<CredentialSet, QueryError> {
        let set = object(value, place)?;
        let options_place = Place::Member(place, "options");
        required(set, &options_place)?;
        let options = self.optional_items(set, &options_place, |reader, item, place| {
            let option = reader.strings(item, place)?;
            match option.iter().position(|id| !ids.contains(id)) {
                Some(index) => Err(QueryError::UnknownId {
                    place: Place::Index(place, index).to_string(),
                }),
                None => Ok(option),
            }
        })?;
        Ok(CredentialSet {
            options,
            required: boolean(set, &Place::Member(place, "required"))?.unwrap_or(true),
        })
    }

    /// The elements of an array that must have some, and not too many.
    fn items<'v>(&mut self, value: &'v Json, place: &Place<'_>, allowed: usize) -> Result<&'v [Json], QueryError> {
        let items = value.as_array().ok_or_else(|| QueryError::WrongType {
            place: place.to_string(),
            expected: "an array",
        })?;
        if items.is_empty() {
            return Err(QueryError::Empty {
                place: place.to_string(),
            });
        }
        limit(place, Limited::Elements, items.len(), allowed)?;
        self.total += items.len();
        limit(place, Limited::Total, self.total, self.limits.total)?;
        Ok(items)
    }

    /// Reads every element of the array at `place`, if it is there.
    fn optional_items<T>(
        &mut self,
        object: &Object,
        place: &Place<'_>,
        mut read: impl FnMut(&mut Self, &Json, &Place<'_>) -> Result<T, QueryError>,
    ) -> Result<Vec<T>, QueryError> {
        let Some(value) = object.get(place.name()) else {
            return Ok(Vec::new());
        };
        let items = self.items(value, place, self.limits.elements)?;
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            out.push(read(self, item, &Place::Index(place, index))?);
        }
        Ok(out)
    }

    fn strings(&mut self, value: &Json, place: &Place<'_>) -> Result<Vec<String>, QueryError> {
        let items = self.items(value, place, self.limits.elements)?;
        let string = |(index, item)| self.string(item, &Place::Index(place, index));
        items.iter().enumerate().map(string).collect()
    }

    fn string(&self, value: &Json, place: &Place<'_>) -> Result<String, QueryError> {
        let text = string(value, place)?;
        limit(place, Limited::Bytes, text.len(), self.limits.bytes)?;
        Ok(text.to_owned())
    }

    fn id(&self, value: &Json, place: &Place<'_>) -> Result<String, QueryError> {
        let id = self.string(value, place)?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if id.is_empty() || !id.bytes().all(allowed) {
            return Err(QueryError::BadId {
                place: place.to_string(),
            });
        }
        Ok(id)
    }
}

/// The integer that a number is; `2.0` is 2 within the exact range of a double.
pub(super) fn integer(value: &Json) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Some(integer) = value.as_i64() {
        return Some(integer);
    }
    let Json::Number(number) = value else { return None };
    let number: f64 = number.as_str().parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "an integer within 53 bits")]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

fn limit(place: &Place<'_>, what: Limited, required: usize, allowed: usize) -> Result<(), QueryError> {
    if required <= allowed {
        return Ok(());
    }
    Err(QueryError::Limit {
        place: place.to_string(),
        what,
        required,
        allowed,
    })
}

fn object<'v>(value: &'v Json, place: &Place<'_>) -> Result<&'v Object, QueryError> {
    value.as_object().ok_or_else(|| QueryError::WrongType {
        place: place.to_string(),
        expected: "an object",
    })
}

fn string<'v>(value: &'v Json, place: &Place<'_>) -> Result<&'v str, QueryError> {
    value.as_str().ok_or_else(|| QueryError::WrongType {
        place: place.to_string(),
        expected: "a string",
    })
}

fn boolean(object: &Object, place: &Place<'_>) -> Result<Option<bool>, QueryError> {
    let Some(value) = object.get(place.name()) else {
        return Ok(None);
    };
    let value = value.as_bool().ok_or_else(|| QueryError::WrongType {
        place: place.to_string(),
        expected: "a boolean",
    })?;
    Ok(Some(value))
}

/// The member that `place` names.
fn required<'v>(object: &'v Object, place: &Place<'_>) -> Result<&'v Json, QueryError> {
    object.get(place.name()).ok_or_else(|| QueryError::Missing {
        place: place.to_string(),
    })
}

/// A place in the query, written out only when something is wrong there.
enum Place<'a> {
    Root,
    Member(&'a Self, &'static str),
    Index(&'a Self, usize),
}

impl Place<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Member(_, name) => name,
            Self::Root | Self::Index(..) => "",
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Self::Root, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
