//! Contexts: what a term of a document means (JSON-LD 1.1 API §4).

use std::collections::HashMap;
use std::sync::Arc;

use crate::codec::{Json, Object};

use super::{RdfError, Run};

/// How deep contexts may name contexts, so that one that names itself ends.
const MOST_NESTED: usize = 8;

const KEYWORDS: &[&str] = &[
    "@base",
    "@container",
    "@context",
    "@default",
    "@direction",
    "@graph",
    "@id",
    "@import",
    "@included",
    "@index",
    "@json",
    "@language",
    "@list",
    "@nest",
    "@none",
    "@prefix",
    "@propagate",
    "@protected",
    "@reverse",
    "@set",
    "@type",
    "@value",
    "@version",
    "@vocab",
];

pub(super) fn is_keyword(text: &str) -> bool {
    text.starts_with('@') && KEYWORDS.contains(&text)
}

/// `@` and letters: reserved for keywords to come (JSON-LD 1.1 §3.3).
fn looks_like_keyword(text: &str) -> bool {
    text.len() > 1 && text.starts_with('@') && text.bytes().skip(1).all(|byte| byte.is_ascii_alphabetic())
}

/// Whether the text is an IRI with a scheme, or a blank node, that N-Quads can hold.
pub(super) fn is_absolute(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    let mut bytes = scheme.bytes();
    let scheme = scheme == "_"
        || bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    scheme
        && !text
            .chars()
            .any(|c| c <= ' ' || matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '^' | '`' | '\\'))
}

/// A layer of definitions over those of the contexts before. Never changed once made, hence shared.
#[derive(Debug, Default)]
pub(in super::super) struct Active {
    parent: Option<Arc<Self>>,
    terms: HashMap<String, Arc<Definition>>,
    pub(super) vocab: Option<String>,
    pub(super) language: Option<String>,
    pub(super) previous: Option<Arc<Self>>,
    any_protected: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Definition {
    /// None if the term was taken away (`null`).
    pub(super) iri: Option<String>,
    prefix: bool,
    protected: bool,
    pub(super) reverse: bool,
    pub(super) kind: Option<String>,
    pub(super) context: Option<Arc<Json>>,
    pub(super) container: Vec<String>,
    pub(super) language: Option<Option<String>>,
    pub(super) direction: bool,
}

impl Active {
    pub(super) fn get(&self, term: &str) -> Option<&Arc<Definition>> {
        let mut layer = Some(self);
        while let Some(active) = layer {
            if let Some(definition) = active.terms.get(term) {
                return Some(definition);
            }
            layer = active.parent.as_deref();
        }
        None
    }

    /// JSON-LD 1.1 API §5.2 without a base: a relative reference comes back as it is, `None` is a term taken away.
    pub(super) fn expand(&self, value: &str, vocab: bool) -> Option<String> {
        if is_keyword(value) {
            return Some(value.to_owned());
        }
        if looks_like_keyword(value) {
            return None;
        }
        if let Some(definition) = self.get(value)
            && (vocab || definition.iri.as_deref().is_some_and(is_keyword))
        {
            return definition.iri.clone();
        }
        if let Some(colon) = value.find(':').filter(|colon| *colon > 0) {
            let (prefix, suffix) = (&value[..colon], &value[colon + 1..]);
            if prefix == "_" || suffix.starts_with("//") {
                return Some(value.to_owned());
            }
            if let Some(Definition {
                iri: Some(iri),
                prefix: true,
                ..
            }) = self.get(prefix).map(Arc::as_ref)
            {
                return Some(format!("{iri}{suffix}"));
            }
            if is_absolute(value) {
                return Some(value.to_owned());
            }
        }
        match &self.vocab {
            Some(base) if vocab => Some(format!("{base}{value}")),
            _ => Some(value.to_owned()),
        }
    }
}

/// How a context is applied (JSON-LD 1.1 API §4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    /// Written in the document.
    Local,
    /// Of a property: it may define protected terms anew.
    Property,
    /// Of a type: it does not reach the objects below.
    Type,
}

impl Run<'_> {
    /// Applies the context of `url` to `active`.
    pub(in super::super) fn process_url(&mut self, active: &Arc<Active>, url: &str) -> Result<Arc<Active>, RdfError> {
        self.process(active, &Json::from(url), Scope::Local)
    }

    /// Applies a context that a definition carries; each pair is worked out once in a run.
    pub(super) fn process_scoped(
        &mut self,
        active: &Arc<Active>,
        context: &Arc<Json>,
        scope: Scope,
    ) -> Result<Arc<Active>, RdfError> {
        let key = (Arc::as_ptr(active) as usize, Arc::as_ptr(context) as usize, scope);
        if let Some((_, _, made)) = self.memo.get(&key) {
            return Ok(Arc::clone(made));
        }
        let made = self.process(active, context, scope)?;
        // The key holds addresses: what they point at lives as long as the entry.
        self.memo
            .insert(key, (Arc::clone(active), Arc::clone(context), Arc::clone(&made)));
        Ok(made)
    }

    pub(super) fn process(
        &mut self,
        active: &Arc<Active>,
        local: &Json,
        scope: Scope,
    ) -> Result<Arc<Active>, RdfError> {
        let propagate = match local.get("@propagate") {
            None => scope != Scope::Type,
            Some(Json::Bool(propagate)) => *propagate,
            Some(_) => return Err(RdfError::BadContext("@propagate".to_owned())),
        };
        let mut result = Arc::clone(active);
        let single = [local];
        let items: Vec<&Json> = match local {
            Json::Array(items) => items.iter().collect(),
            _ => single.to_vec(),
        };
        let previous = (!propagate).then(|| active.previous.clone().unwrap_or_else(|| Arc::clone(active)));
        for item in items {
            result = match item {
                Json::Null => {
                    if scope != Scope::Property && result.any_protected {
                        return Err(RdfError::ProtectedTerm("@context".to_owned()));
                    }
                    match &previous {
                        None => Arc::clone(self.contexts.initial()),
                        Some(_) => Arc::new(Active {
                            previous: previous.clone(),
                            ..Active::default()
                        }),
                    }
                }
                Json::String(url) => self.process_document(&result, url, scope)?,
                Json::Object(object) => self.process_object(&result, object, scope, previous.clone())?,
                _ => return Err(RdfError::BadContext("@context".to_owned())),
            };
        }
        Ok(result)
    }

    fn process_document(&mut self, active: &Arc<Active>, url: &str, scope: Scope) -> Result<Arc<Active>, RdfError> {
        if let Some(made) = self.contexts.prepared(active, url) {
            return Ok(made);
        }
        let contexts = self.contexts;
        let document = contexts
            .document(url)
            .ok_or_else(|| RdfError::UnknownContext(url.to_owned()))?;
        if self.nested >= MOST_NESTED {
            return Err(RdfError::BadContext(url.to_owned()));
        }
        self.nested += 1;
        let made = self.process(active, document, scope);
        self.nested -= 1;
        made
    }

    fn process_object(
        &mut self,
        active: &Arc<Active>,
        local: &Object,
        scope: Scope,
        previous: Option<Arc<Active>>,
    ) -> Result<Arc<Active>, RdfError> {
        let bad = |name: &str| RdfError::BadContext(name.to_owned());
        self.spend(local.len())?;
        let mut layer = Active {
            parent: Some(Arc::clone(active)),
            terms: HashMap::with_capacity(local.len()),
            vocab: active.vocab.clone(),
            language: active.language.clone(),
            previous: previous.or_else(|| active.previous.clone()),
            any_protected: active.any_protected,
        };
        match local.get("@version") {
            None => {}
            Some(Json::Number(version)) if version.as_str() == "1.1" => {}
            Some(_) => return Err(bad("@version")),
        }
        for name in ["@import", "@base", "@direction"] {
            match local.get(name) {
                None => {}
                Some(Json::Null) if name != "@import" => {}
                Some(_) => return Err(RdfError::Unsupported(name.to_owned())),
            }
        }
        match local.get("@vocab") {
            None => {}
            Some(Json::Null) => layer.vocab = None,
            Some(Json::String(vocab)) => {
                let vocab = layer
                    .expand(vocab, true)
                    .filter(|iri| is_absolute(iri))
                    .ok_or_else(|| bad("@vocab"))?;
                layer.vocab = Some(vocab);
            }
            Some(_) => return Err(bad("@vocab")),
        }
        match local.get("@language") {
            None => {}
            Some(Json::Null) => layer.language = None,
            Some(Json::String(language)) => layer.language = Some(language.to_ascii_lowercase()),
            Some(_) => return Err(bad("@language")),
        }
        let protected = match local.get("@protected") {
            None => false,
            Some(Json::Bool(protected)) => *protected,
            Some(_) => return Err(bad("@protected")),
        };
        let mut definer = Definer {
            layer,
            local,
            defined: HashMap::new(),
            protected,
            may_override: scope == Scope::Property,
        };
        for (term, _) in local.iter() {
            if !matches!(
                term,
                "@version" | "@import" | "@base" | "@direction" | "@vocab" | "@language" | "@protected" | "@propagate"
            ) {
                definer.define(term, 0)?;
            }
        }
        Ok(Arc::new(definer.layer))
    }
}

/// Makes the definitions of one context object (JSON-LD 1.1 API §4.2).
struct Definer<'a> {
    layer: Active,
    local: &'a Object,
    defined: HashMap<&'a str, bool>,
    protected: bool,
    may_override: bool,
}

impl<'a> Definer<'a> {
    fn define(&mut self, term: &'a str, depth: usize) -> Result<(), RdfError> {
        let bad = || RdfError::BadContext(term.to_owned());
        match self.defined.get(term) {
            Some(true) => return Ok(()),
            Some(false) => return Err(bad()),
            None => {}
        }
        if depth > 16 || term.is_empty() {
            return Err(bad());
        }
        self.defined.insert(term, false);
        let definition = self.definition(term, depth)?;
        self.defined.insert(term, true);
        let previous = self.layer.get(term).cloned();
        let definition = match previous {
            Some(previous) if previous.protected && !self.may_override => {
                let alike = Definition {
                    protected: true,
                    ..definition
                };
                if *previous != alike {
                    return Err(RdfError::ProtectedTerm(term.to_owned()));
                }
                previous
            }
            _ => Arc::new(definition),
        };
        self.layer.any_protected |= definition.protected;
        self.layer.terms.insert(term.to_owned(), definition);
        Ok(())
    }

    fn definition(&mut self, term: &'a str, depth: usize) -> Result<Definition, RdfError> {
        let bad = || RdfError::BadContext(term.to_owned());
        let local = self.local;
        let value = local.get(term).ok_or_else(bad)?;
        let mut made = Definition {
            protected: self.protected,
            ..Definition::default()
        };
        if term == "@type" {
            let object = value.as_object().filter(|object| !object.is_empty()).ok_or_else(bad)?;
            if object
                .iter()
                .any(|(name, _)| !matches!(name, "@container" | "@protected"))
                || object
                    .get("@container")
                    .is_some_and(|container| container.as_str() != Some("@set"))
            {
                return Err(bad());
            }
            made.iri = Some("@type".to_owned());
            made.protected = object
                .get("@protected")
                .and_then(Json::as_bool)
                .unwrap_or(made.protected);
            made.container
                .extend(object.get("@container").and_then(Json::as_str).map(str::to_owned));
            return Ok(made);
        }
        if is_keyword(term) || looks_like_keyword(term) {
            return Err(bad());
        }
        let (id, object) = match value {
            Json::Null => (Some(&Json::Null), None),
            Json::String(_) => (Some(value), None),
            Json::Object(object) => (object.get("@id"), Some(object)),
            _ => return Err(bad()),
        };
        let member = |name| object.and_then(|object| object.get(name));
        for (name, _) in object.into_iter().flat_map(Object::iter) {
            if !matches!(
                name,
                "@id"
                    | "@reverse"
                    | "@container"
                    | "@context"
                    | "@direction"
                    | "@index"
                    | "@language"
                    | "@nest"
                    | "@prefix"
                    | "@protected"
                    | "@type"
            ) {
                return Err(bad());
            }
        }
        if let Some(protected) = member("@protected") {
            made.protected = protected.as_bool().ok_or_else(bad)?;
        }
        if let Some(kind) = member("@type") {
            let kind = self.expand(kind.as_str().ok_or_else(bad)?, depth)?.ok_or_else(bad)?;
            let known = matches!(kind.as_str(), "@id" | "@vocab" | "@json" | "@none");
            if !known && (!is_absolute(&kind) || kind.starts_with("_:")) {
                return Err(bad());
            }
            made.kind = Some(kind);
        }
        made.container = match member("@container") {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::String(one)) => vec![one.clone()],
            Some(Json::Array(items)) => {
                let mut items: Vec<String> = items
                    .iter()
                    .map(|item| item.as_str().map(str::to_owned))
                    .collect::<Option<_>>()
                    .ok_or_else(bad)?;
                items.sort_unstable();
                items
            }
            Some(_) => return Err(bad()),
        };
        let containers = ["@graph", "@id", "@index", "@language", "@list", "@set", "@type"];
        if made
            .container
            .iter()
            .any(|container| !containers.contains(&container.as_str()))
        {
            return Err(bad());
        }
        if let Some(reverse) = member("@reverse") {
            if member("@id").is_some() || member("@nest").is_some() {
                return Err(bad());
            }
            made.reverse = true;
            let iri = self.expand(reverse.as_str().ok_or_else(bad)?, depth)?;
            made.iri = Some(iri.filter(|iri| is_absolute(iri)).ok_or_else(bad)?);
            if made
                .container
                .iter()
                .any(|container| container != "@set" && container != "@index")
            {
                return Err(bad());
            }
            return Ok(made);
        }
        let middle = term.find(':').filter(|colon| *colon > 0);
        match id {
            Some(Json::Null) => {}
            Some(Json::String(id)) if id != term => {
                let iri = self.expand(id, depth)?.ok_or_else(bad)?;
                if iri == "@context" || !(is_keyword(&iri) || is_absolute(&iri)) {
                    return Err(bad());
                }
                let ends = iri.ends_with([':', '/', '?', '#', '[', ']', '@']) || iri.starts_with("_:");
                made.prefix = middle.is_none() && !term.contains('/') && object.is_none() && ends;
                made.iri = Some(iri);
            }
            None | Some(Json::String(_)) => {
                let iri = match middle {
                    Some(colon) => Some(self.compact(term, colon, depth)?),
                    None => self.layer.vocab.as_ref().map(|vocab| format!("{vocab}{term}")),
                };
                made.iri = Some(iri.filter(|iri| is_absolute(iri)).ok_or_else(bad)?);
            }
            Some(_) => return Err(bad()),
        }
        // JSON-LD 1.1 API §4.2.2 step 14.2.5: a term that reads as an IRI means that IRI.
        if let Some(iri) = &made.iri {
            let own = match middle {
                Some(colon) => Some(self.compact(term, colon, depth)?),
                None if term.contains('/') => self.layer.vocab.as_ref().map(|vocab| format!("{vocab}{term}")),
                None => Some(iri.clone()),
            };
            if own.as_ref() != Some(iri) {
                return Err(bad());
            }
        }
        if let Some(index) = member("@index")
            && (index.as_str().is_none() || !made.container.iter().any(|container| container == "@index"))
        {
            return Err(bad());
        }
        if let Some(prefix) = member("@prefix") {
            if middle.is_some() || term.contains('/') {
                return Err(bad());
            }
            made.prefix = prefix.as_bool().ok_or_else(bad)?;
        }
        made.context = member("@context").map(|context| Arc::new(context.clone()));
        if made.kind.is_none() {
            made.language = match member("@language") {
                None => None,
                Some(Json::Null) => Some(None),
                Some(language) => Some(Some(language.as_str().ok_or_else(bad)?.to_ascii_lowercase())),
            };
        }
        made.direction = member("@direction").is_some_and(|direction| *direction != Json::Null);
        Ok(made)
    }

    /// What a term means that is written `prefix:suffix`.
    fn compact(&mut self, term: &str, colon: usize, depth: usize) -> Result<String, RdfError> {
        let (prefix, suffix) = (&term[..colon], &term[colon + 1..]);
        let local = self.local;
        if let Some((name, _)) = local.iter().find(|(name, _)| *name == prefix) {
            self.define(name, depth + 1)?;
        }
        match self.layer.get(prefix).and_then(|definition| definition.iri.as_ref()) {
            Some(iri) if !suffix.starts_with("//") => Ok(format!("{iri}{suffix}")),
            _ => Ok(term.to_owned()),
        }
    }

    /// Expands an IRI within the context being made: what it refers to is defined first.
    fn expand(&mut self, value: &str, depth: usize) -> Result<Option<String>, RdfError> {
        let local = self.local;
        let prefix = value.split_once(':').map(|(prefix, _)| prefix);
        for name in [Some(value), prefix].into_iter().flatten() {
            if let Some((name, _)) = local.iter().find(|(other, _)| *other == name)
                && !is_keyword(name)
                && self.defined.get(name) != Some(&true)
                // `"ex:a": {"@id": "ex:a"}` refers to itself, and means the prefix.
                && !(self.defined.get(name) == Some(&false) && name == value && name.contains(':'))
            {
                self.define(name, depth + 1)?;
            }
        }
        Ok(self.layer.expand(value, true))
    }
}
