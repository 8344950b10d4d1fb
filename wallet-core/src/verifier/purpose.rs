//! What the university may ask for, decided by purpose before anyone is asked (lessons S30).

use crate::credential::{ClaimPath, PathElement};
use crate::protocol::dcql::{CredentialQuery, Meta, Query};

/// A purpose, and the most that may be asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Purpose {
    /// What the values are for, as the citizen reads it.
    pub name: String,
    /// The most that may be asked for: formats, types and claims.
    pub most: Query,
}

impl Purpose {
    /// A purpose for which at most `most` may be asked.
    pub fn new(name: impl Into<String>, most: Query) -> Self {
        Self {
            name: name.into(),
            most,
        }
    }

    /// Whether `query` asks for nothing beyond this; if it does, what.
    pub(super) fn allows(&self, query: &Query) -> Result<(), &'static str> {
        let mut beyond = Ok(());
        for asked in query.credentials() {
            let fitting = self.most.credentials().iter().filter(|most| same_kind(asked, most));
            let mut kinds = 0;
            let covered = fitting.inspect(|_| kinds += 1).any(|most| covers(most, asked));
            if !covered {
                beyond = Err(if kinds == 0 { "a credential" } else { "a claim" });
            }
        }
        beyond
    }
}

fn same_kind(asked: &CredentialQuery, most: &CredentialQuery) -> bool {
    let typed = match (asked.meta(), most.meta()) {
        (_, Meta::Any) => true,
        (Meta::Vct(asked), Meta::Vct(most)) => asked.iter().all(|vct| most.contains(vct)),
        (asked, most) => asked == most,
    };
    typed && asked.format() == most.format() && (most.multiple() || !asked.multiple())
}

fn covers(most: &CredentialQuery, asked: &CredentialQuery) -> bool {
    let allowed = |path: &ClaimPath| most.claims().iter().any(|claim| lies_in(path, claim.path()));
    asked.claims().iter().all(|claim| allowed(claim.path()))
}

/// Whether all that `path` selects lies in what `allowed` selects: a wildcard is more than any index.
fn lies_in(path: &ClaimPath, allowed: &ClaimPath) -> bool {
    let (path, allowed) = (path.elements(), allowed.elements());
    let step = |(asked, allowed): (&PathElement, &PathElement)| {
        asked == allowed || matches!((asked, allowed), (PathElement::Index(_), PathElement::All))
    };
    path.len() >= allowed.len() && path.iter().zip(allowed).all(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Budget, Json};

    fn query(claims: &str) -> Query {
        let text = format!(
            r#"{{"credentials":[{{"id":"a","format":"dc+sd-jwt","meta":{{"vct_values":["t"]}},"claims":[{claims}]}}]}}"#
        );
        Query::parse(&Json::parse(text, &mut Budget::default()).expect("JSON")).expect("a query")
    }

    #[test]
    fn nothing_beyond_the_purpose_is_asked() {
        let most = query(r#"{"path":["name"]},{"path":["courses",0,"points"]},{"path":["marks",null,"value"]}"#);
        let purpose = Purpose::new("admission", most);
        let asks = |claims: &str| purpose.allows(&query(claims));
        assert_eq!(asks(r#"{"path":["name"]}"#), Ok(()));
        assert_eq!(asks(r#"{"path":["name","family"]}"#), Ok(()));
        assert_eq!(
            asks(r#"{"path":["marks",3,"value"]},{"path":["courses",0,"points"]}"#),
            Ok(())
        );
        assert_eq!(asks(r#"{"path":["courses",null,"points"]}"#), Err("a claim"));
        assert_eq!(asks(r#"{"path":["courses",0]}"#), Err("a claim"));
        assert_eq!(asks(r#"{"path":["birthdate"]}"#), Err("a claim"));
        let other = query(r#"{"path":["name"]}"#)
            .to_json()
            .to_string()
            .replace("[\"t\"]", "[\"t\",\"u\"]");
        let other = Query::parse(&Json::parse(other, &mut Budget::default()).expect("JSON")).expect("a query");
        assert_eq!(purpose.allows(&other), Err("a credential"));
    }
}
