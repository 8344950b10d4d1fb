//! What a query is asked over.

use crate::codec::Object;
use crate::codec::base64url;
use crate::credential::Format;
use crate::protocol::dcql::{CredentialQuery, Meta};

use super::WhyNot;

/// A credential as a query sees it. It borrows everything: making one costs nothing.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    id: &'a str,
    format: &'a str,
    types: Vec<&'a str>,
    claims: &'a Object,
    holder_bound: bool,
    key_taken: bool,
    authorities: Option<Vec<Authority<'a>>>,
}

/// An authority above the issuer of a credential (OpenID4VP 1.0 §6.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authority<'a> {
    /// The key identifier in the `AuthorityKeyIdentifier` of a certificate in the credential's chain.
    KeyIdentifier(&'a [u8]),
    /// One of another kind (`etsi_tl`, `openid_federation`), by kind and name; whoever makes the candidate knows.
    Named(&'a str, &'a str),
}

impl<'a> Candidate<'a> {
    /// A credential with these claims: the processed payload of an SD-JWT, the namespaces of an mdoc with their
    /// elements, the credential object of a W3C credential. It is not bound to a holder and has no type until said.
    pub fn new(id: &'a str, format: Format, claims: &'a Object) -> Self {
        Self::of_format(id, format.name(), claims)
    }

    pub(super) fn of_format(id: &'a str, format: &'a str, claims: &'a Object) -> Self {
        Self {
            id,
            format,
            types: Vec::new(),
            claims,
            holder_bound: false,
            key_taken: true,
            authorities: None,
        }
    }

    /// Says the types: `vct` and the types it inherits from, a document type, or the expanded types of a W3C credential.
    #[must_use]
    pub fn with_types(mut self, types: impl IntoIterator<Item = &'a str>) -> Self {
        self.types.extend(types);
        self
    }

    /// Says whether the credential is bound to a key of its holder; on the verifier's side, whether the proof of that
    /// came with it and was checked.
    #[must_use]
    pub fn with_holder_binding(mut self, bound: bool) -> Self {
        self.holder_bound = bound;
        self
    }

    /// Says whether the verifier takes signatures of the credential's key (`vp_formats_supported`); it does until said.
    #[must_use]
    pub fn with_key_taken(mut self, taken: bool) -> Self {
        self.key_taken = taken;
        self
    }

    /// Says which authorities stand above the issuer. A wallet's candidate without them matches no query that names
    /// authorities; a verifier's is then not asked, because trust was its own check to make (§6.1.1).
    #[must_use]
    pub fn with_authorities(mut self, authorities: impl IntoIterator<Item = Authority<'a>>) -> Self {
        self.authorities.get_or_insert_default().extend(authorities);
        self
    }

    /// The caller's name for the credential.
    pub fn id(&self) -> &'a str {
        self.id
    }

    /// The format's identifier.
    pub fn format(&self) -> &'a str {
        self.format
    }

    /// The types.
    pub fn types(&self) -> &[&'a str] {
        &self.types
    }

    /// The claims.
    pub fn claims(&self) -> &'a Object {
        self.claims
    }

    /// Whether it is bound to its holder.
    pub fn is_holder_bound(&self) -> bool {
        self.holder_bound
    }

    pub(super) fn knows_authorities(&self) -> bool {
        self.authorities.is_some()
    }

    /// How many comparisons the checks below take at most, the format aside.
    pub(super) fn cost(query: &CredentialQuery) -> usize {
        let types = match query.meta() {
            Meta::Any => 0,
            Meta::Vct(types) => types.len(),
            Meta::Doctype(_) => 1,
            Meta::Types(alternatives) => alternatives.iter().map(Vec::len).sum(),
        };
        types
            + query
                .authorities()
                .iter()
                .map(|authority| authority.values().len())
                .sum::<usize>()
    }

    /// Everything but claims and authorities (OpenID4VP 1.0 §6.1).
    pub(super) fn check_kind(&self, query: &CredentialQuery) -> Result<(), WhyNot> {
        if self.format != query.format() {
            return Err(WhyNot::Format);
        }
        let has = |wanted: &String| self.types.contains(&wanted.as_str());
        let typed = match query.meta() {
            Meta::Any => true,
            // §B.3.5: credentials that inherit from a type answer for it.
            Meta::Vct(types) => types.iter().any(has),
            Meta::Doctype(doctype) => has(doctype),
            // §B.1.1: all types of one alternative, whatever else there is.
            Meta::Types(alternatives) => alternatives.iter().any(|types| types.iter().all(has)),
        };
        if !typed {
            return Err(WhyNot::Type);
        }
        if query.requires_holder_binding() && !self.holder_bound {
            return Err(WhyNot::HolderBinding);
        }
        if !self.key_taken {
            return Err(WhyNot::Algorithm);
        }
        Ok(())
    }

    /// §6.1.1: one value of one entry is enough; a kind that is not known matches nothing.
    pub(super) fn check_authority(&self, query: &CredentialQuery) -> Result<(), WhyNot> {
        if query.authorities().is_empty() {
            return Ok(());
        }
        let mine = self.authorities.as_deref().unwrap_or_default();
        let under = |kind: &str, value: &str| {
            mine.iter().any(|authority| match authority {
                // The bytes must match; in base64url without padding one text stands for them.
                Authority::KeyIdentifier(bytes) => {
                    kind == "aki" && value.len() == (bytes.len() * 4).div_ceil(3) && base64url::encode(bytes) == value
                }
                Authority::Named(name, own) => kind == *name && value == *own,
            })
        };
        let mut wanted = query.authorities().iter();
        match wanted.any(|wanted| wanted.values().iter().any(|value| under(wanted.kind(), value))) {
            true => Ok(()),
            false => Err(WhyNot::Authority),
        }
    }
}
