//! From JSON-LD to statements in one pass (JSON-LD 1.1 API §5.1 and §8), refusing whatever would be lost.

use std::collections::HashMap;
use std::sync::Arc;

use crate::codec::{Json, Object};

use super::super::contexts::Contexts;
use super::context::{Active, Definition, Scope, is_absolute, is_keyword};
use super::quad::{self, Quad, Term};
use super::{Limits, RdfError, XSD_STRING};

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const XSD: &str = "http://www.w3.org/2001/XMLSchema#";

/// How deep objects may stand in each other, as [`crate::codec::Budget`] allows by default.
const MOST_DEPTH: usize = 64;

/// The scoped contexts already applied: what was applied to what, and what came out.
type Memo = HashMap<(usize, usize, Scope), (Arc<Active>, Arc<Json>, Arc<Active>)>;

/// One transformation.
pub(in super::super) struct Run<'a> {
    pub(super) contexts: &'a Contexts,
    pub(super) memo: Memo,
    pub(super) nested: usize,
    limits: &'a Limits,
    steps: usize,
    quads: Vec<Quad>,
    labels: Vec<String>,
    known: HashMap<String, usize>,
    depth: usize,
    /// Whether the next object stands where only a node says anything.
    only_node: bool,
}

/// The name of the graph that a statement stands in, none for the default graph.
type Graph = Option<Term>;

impl<'a> Run<'a> {
    pub(in super::super) fn new(contexts: &'a Contexts, limits: &'a Limits) -> Self {
        Self {
            contexts,
            memo: HashMap::new(),
            nested: 0,
            limits,
            steps: 0,
            quads: Vec::new(),
            labels: Vec::new(),
            known: HashMap::new(),
            depth: 0,
            only_node: false,
        }
    }

    /// The statements of a document and the labels of its blank nodes.
    pub(super) fn transform(mut self, document: &Object) -> Result<(Vec<Quad>, Vec<String>), RdfError> {
        let active = Arc::clone(self.contexts.initial());
        let only_graph = document.iter().all(|(name, _)| matches!(name, "@context" | "@graph"));
        if only_graph && let Some(graph) = document.get("@graph") {
            let active = match document.get("@context") {
                Some(local) => self.process(&active, local, Scope::Local)?,
                None => active,
            };
            for item in items(graph) {
                let object = item
                    .as_object()
                    .ok_or_else(|| RdfError::LostValue("@graph".to_owned()))?;
                self.only_node = true;
                self.object(&active, None, object, &None)?;
            }
        } else {
            self.only_node = true;
            self.object(&active, None, document, &None)?;
        }
        Ok((self.quads, self.labels))
    }

    /// Contexts may be applied again and again by a small document: each definition is a step.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), RdfError> {
        self.steps += steps;
        if self.steps > self.limits.work {
            return Err(RdfError::TooMuchWork {
                limit: self.limits.work,
            });
        }
        Ok(())
    }

    fn blank(&mut self) -> Result<Term, RdfError> {
        let node = self.labels.len();
        self.labels.push(format!("b{node}"));
        self.limits.check(self.quads.len(), self.labels.len())?;
        Ok(Term::Blank(node))
    }

    /// An IRI or a blank node that the document names.
    fn reference(&mut self, iri: &str) -> Result<Term, RdfError> {
        if !is_absolute(iri) {
            return Err(RdfError::RelativeIri(iri.to_owned()));
        }
        let Some(label) = iri.strip_prefix("_:") else {
            return Ok(Term::Text(quad::iri(iri)));
        };
        if let Some(node) = self.known.get(label) {
            return Ok(Term::Blank(*node));
        }
        let node = self.blank()?;
        if let Term::Blank(number) = node {
            self.known.insert(label.to_owned(), number);
        }
        Ok(node)
    }

    fn state(&mut self, subject: &Term, predicate: &str, object: Term, graph: &Graph) -> Result<(), RdfError> {
        self.quads.push(Quad {
            subject: subject.clone(),
            predicate: quad::iri(predicate),
            object,
            graph: graph.clone(),
        });
        self.limits.check(self.quads.len(), self.labels.len())
    }

    /// An object: a value, a list, a set or a node; the terms it stands for.
    fn object(
        &mut self,
        active: &Arc<Active>,
        definition: Option<&Arc<Definition>>,
        object: &Object,
        graph: &Graph,
    ) -> Result<Vec<Term>, RdfError> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(RdfError::TooDeep { limit: MOST_DEPTH });
        }
        let terms = self.object_inside(active, definition, object, graph);
        self.depth -= 1;
        terms
    }

    fn object_inside(
        &mut self,
        active: &Arc<Active>,
        definition: Option<&Arc<Definition>>,
        object: &Object,
        graph: &Graph,
    ) -> Result<Vec<Term>, RdfError> {
        let only_node = std::mem::take(&mut self.only_node);
        let mut active = Arc::clone(active);
        // JSON-LD 1.1 API §5.1.2 step 7: the context of a type ends at the next node.
        if let Some(previous) = &active.previous {
            let is = |keyword| {
                object
                    .iter()
                    .any(|(name, _)| active.expand(name, true).as_deref() == Some(keyword))
            };
            let keeps = is("@value") || object.len() == 1 && is("@id");
            if !keeps {
                active = Arc::clone(previous);
            }
        }
        if let Some(context) = definition.and_then(|definition| definition.context.as_ref()) {
            active = self.process_scoped(&active, context, Scope::Property)?;
        }
        if let Some(local) = object.get("@context") {
            active = self.process(&active, local, Scope::Local)?;
        }
        let type_scoped = Arc::clone(&active);
        let mut typed: Vec<_> = object
            .iter()
            .filter(|(name, _)| active.expand(name, true).as_deref() == Some("@type"))
            .collect();
        typed.sort_by_key(|(name, _)| *name);
        for (_, types) in typed {
            let mut types: Vec<&str> = items(types).filter_map(Json::as_str).collect();
            types.sort_unstable();
            for name in types {
                if let Some(context) = type_scoped.get(name).and_then(|definition| definition.context.clone()) {
                    active = self.process_scoped(&active, &context, Scope::Type)?;
                }
            }
        }
        let mut keys: Vec<(String, &str, &Json)> = Vec::with_capacity(object.len());
        for (name, value) in object.iter().filter(|(name, _)| *name != "@context") {
            match active.expand(name, true) {
                Some(key) if is_keyword(&key) || is_absolute(&key) && !key.starts_with("_:") => {
                    keys.push((key, name, value));
                }
                _ => return Err(RdfError::UndefinedTerm(name.to_owned())),
            }
        }
        let find = |keyword: &str| {
            keys.iter()
                .find(|(key, _, _)| key == keyword)
                .map(|(_, _, value)| *value)
        };
        for (at, (key, name, _)) in keys.iter().enumerate() {
            if key.starts_with('@') && keys[..at].iter().any(|(other, _, _)| other == key) && key != "@type" {
                return Err(RdfError::BadValue((*name).to_owned()));
            }
        }
        // JSON-LD 1.1 API §5.1.2 step 18: what floats free is dropped.
        if only_node {
            let floating = ["@value", "@list", "@set"]
                .into_iter()
                .find(|keyword| find(keyword).is_some());
            let only_id = keys.len() == 1 && keys[0].0 == "@id";
            if let Some(keyword) = floating.or(only_id.then_some("@id")) {
                return Err(RdfError::LostValue(keyword.to_owned()));
            }
        }
        if let Some(value) = find("@value") {
            return Ok(vec![self.value_object(&active, value, &keys)?]);
        }
        for (keyword, is_list) in [("@list", true), ("@set", false)] {
            if let Some(value) = find(keyword) {
                if keys.len() > 1 {
                    return Err(RdfError::LostValue(keyword.to_owned()));
                }
                let terms = self.values(&active, definition, keyword, value, graph)?;
                return if is_list {
                    Ok(vec![self.list(terms, graph)?])
                } else {
                    Ok(terms)
                };
            }
        }
        let subject = match find("@id") {
            Some(Json::String(id)) => {
                let id = active
                    .expand(id, false)
                    .ok_or_else(|| RdfError::RelativeIri(id.clone()))?;
                self.reference(&id)?
            }
            Some(_) => return Err(RdfError::BadValue("@id".to_owned())),
            None => self.blank()?,
        };
        self.members(&active, &type_scoped, &subject, &keys, graph)?;
        Ok(vec![subject])
    }

    fn members(
        &mut self,
        active: &Arc<Active>,
        type_scoped: &Arc<Active>,
        subject: &Term,
        keys: &[(String, &str, &Json)],
        graph: &Graph,
    ) -> Result<(), RdfError> {
        for (key, name, value) in keys {
            match key.as_str() {
                "@id" => {}
                "@type" => {
                    for item in items(value) {
                        let item = item.as_str().ok_or_else(|| RdfError::BadValue((*name).to_owned()))?;
                        let iri = type_scoped.expand(item, true).filter(|iri| is_absolute(iri));
                        let iri = iri.ok_or_else(|| RdfError::UndefinedTerm(item.to_owned()))?;
                        let object = self.reference(&iri)?;
                        self.state(subject, &format!("{RDF}type"), object, graph)?;
                    }
                }
                "@graph" | "@included" => {
                    let inner = if key == "@graph" {
                        Some(subject.clone())
                    } else {
                        graph.clone()
                    };
                    for item in items(value) {
                        let object = item
                            .as_object()
                            .ok_or_else(|| RdfError::LostValue((*name).to_owned()))?;
                        self.only_node = true;
                        self.object(active, None, object, &inner)?;
                    }
                }
                "@reverse" => {
                    let object = value
                        .as_object()
                        .ok_or_else(|| RdfError::BadValue((*name).to_owned()))?;
                    for (name, value) in object.iter() {
                        let iri = active.expand(name, true).filter(|iri| is_absolute(iri));
                        let iri = iri.ok_or_else(|| RdfError::UndefinedTerm(name.to_owned()))?;
                        let definition = active.get(name).cloned();
                        self.reversed(active, definition.as_ref(), subject, &iri, name, value, graph)?;
                    }
                }
                key if key.starts_with('@') => return Err(RdfError::Unsupported((*name).to_owned())),
                iri => self.property(active, subject, iri, name, value, graph)?,
            }
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a statement and where it stands")]
    fn reversed(
        &mut self,
        active: &Arc<Active>,
        definition: Option<&Arc<Definition>>,
        subject: &Term,
        iri: &str,
        name: &str,
        value: &Json,
        graph: &Graph,
    ) -> Result<(), RdfError> {
        for term in self.values(active, definition, name, value, graph)? {
            if matches!(&term, Term::Text(text) if text.starts_with('"')) {
                return Err(RdfError::BadValue(name.to_owned()));
            }
            self.state(&term, iri, subject.clone(), graph)?;
        }
        Ok(())
    }

    fn property(
        &mut self,
        active: &Arc<Active>,
        subject: &Term,
        iri: &str,
        name: &str,
        value: &Json,
        graph: &Graph,
    ) -> Result<(), RdfError> {
        let definition = active.get(name).cloned();
        let definition = definition.as_ref();
        let has = |container: &str| {
            definition.is_some_and(|definition| definition.container.iter().any(|other| other == container))
        };
        if definition.is_some_and(|definition| definition.reverse) {
            if has("@index") {
                return Err(RdfError::Unsupported("@index".to_owned()));
            }
            return self.reversed(active, definition, subject, iri, name, value, graph);
        }
        if definition.is_some_and(|definition| definition.kind.as_deref() == Some("@json")) {
            let term = json_literal(value)?;
            return self.state(subject, iri, term, graph);
        }
        for container in ["@id", "@index", "@type"] {
            if has(container) && value.as_object().is_some() {
                return Err(RdfError::Unsupported(container.to_owned()));
            }
        }
        if has("@language")
            && let Some(map) = value.as_object()
        {
            return self.language_map(active, subject, iri, map, definition, graph);
        }
        if has("@graph") {
            for item in items(value) {
                let object = item.as_object().ok_or_else(|| RdfError::LostValue(name.to_owned()))?;
                let inner = self.blank()?;
                self.only_node = true;
                self.object(active, definition, object, &Some(inner.clone()))?;
                self.state(subject, iri, inner, graph)?;
            }
            return Ok(());
        }
        let is_list = value.as_object().is_some_and(|object| {
            object
                .iter()
                .any(|(name, _)| active.expand(name, true).as_deref() == Some("@list"))
        });
        let terms = self.values(active, definition, name, value, graph)?;
        if has("@list") && !is_list {
            let list = self.list(terms, graph)?;
            return self.state(subject, iri, list, graph);
        }
        for term in terms {
            self.state(subject, iri, term, graph)?;
        }
        Ok(())
    }

    fn language_map(
        &mut self,
        active: &Active,
        subject: &Term,
        iri: &str,
        map: &Object,
        definition: Option<&Arc<Definition>>,
        graph: &Graph,
    ) -> Result<(), RdfError> {
        if definition.is_some_and(|definition| definition.direction) {
            return Err(RdfError::LostValue("@direction".to_owned()));
        }
        for (language, texts) in map.iter() {
            let none = active.expand(language, true).as_deref() == Some("@none");
            for text in items(texts) {
                let text = text.as_str().ok_or_else(|| RdfError::BadValue(language.to_owned()))?;
                let language = if none { None } else { Some(checked_language(language)?) };
                self.state(subject, iri, Term::Text(quad::literal(text, None, language)), graph)?;
            }
        }
        Ok(())
    }

    /// The terms of a value or an array of values.
    fn values(
        &mut self,
        active: &Arc<Active>,
        definition: Option<&Arc<Definition>>,
        name: &str,
        value: &Json,
        graph: &Graph,
    ) -> Result<Vec<Term>, RdfError> {
        let in_list = definition.is_some_and(|definition| definition.container.iter().any(|other| other == "@list"))
            || name == "@list";
        let mut terms = Vec::new();
        for item in items(value) {
            match item {
                Json::Null => return Err(RdfError::LostValue(name.to_owned())),
                Json::Array(inner) => {
                    self.depth += 1;
                    if self.depth > MOST_DEPTH {
                        return Err(RdfError::TooDeep { limit: MOST_DEPTH });
                    }
                    let inner = self.values(active, definition, name, &Json::Array(inner.clone()), graph)?;
                    self.depth -= 1;
                    if in_list {
                        terms.push(self.list(inner, graph)?);
                    } else {
                        terms.extend(inner);
                    }
                }
                Json::Object(object) => terms.extend(self.object(active, definition, object, graph)?),
                scalar => {
                    let mut active = Arc::clone(active);
                    if let Some(context) = definition.and_then(|definition| definition.context.as_ref()) {
                        active = self.process_scoped(&active, context, Scope::Property)?;
                    }
                    terms.push(self.scalar(&active, definition, scalar)?);
                }
            }
        }
        Ok(terms)
    }

    fn scalar(
        &mut self,
        active: &Active,
        definition: Option<&Arc<Definition>>,
        value: &Json,
    ) -> Result<Term, RdfError> {
        let kind = definition.and_then(|definition| definition.kind.as_deref());
        match (kind, value) {
            (Some("@id" | "@vocab"), Json::String(text)) => {
                let iri = active.expand(text, kind == Some("@vocab"));
                self.reference(&iri.ok_or_else(|| RdfError::RelativeIri(text.clone()))?)
            }
            (Some("@id" | "@vocab" | "@none"), _) | (None, _) => {
                let Json::String(text) = value else {
                    return literal(value, None);
                };
                if kind.is_none() && definition.is_some_and(|definition| definition.direction) {
                    return Err(RdfError::LostValue("@direction".to_owned()));
                }
                let language = match definition.and_then(|definition| definition.language.as_ref()) {
                    Some(language) => language.as_deref(),
                    None => active.language.as_deref(),
                };
                let language = language.filter(|_| kind.is_none()).map(checked_language).transpose()?;
                Ok(Term::Text(quad::literal(text, None, language)))
            }
            (Some("@json"), _) => json_literal(value),
            (Some(datatype), _) => literal(value, Some(datatype)),
        }
    }

    fn value_object(
        &mut self,
        active: &Active,
        value: &Json,
        keys: &[(String, &str, &Json)],
    ) -> Result<Term, RdfError> {
        let (mut datatype, mut language) = (None, None);
        for (key, name, member) in keys {
            let text = || member.as_str().ok_or_else(|| RdfError::BadValue((*name).to_owned()));
            match key.as_str() {
                "@value" => {}
                "@type" => datatype = Some(active.expand(text()?, true).unwrap_or_default()),
                "@language" => language = Some(checked_language(text()?)?),
                // Neither has a place in a statement: it would not be signed.
                "@direction" | "@index" => return Err(RdfError::LostValue((*name).to_owned())),
                _ => return Err(RdfError::BadValue((*name).to_owned())),
            }
        }
        match (datatype.as_deref(), language, value) {
            (Some("@json"), None, _) => json_literal(value),
            (_, _, Json::Array(_) | Json::Object(_)) => Err(RdfError::BadValue("@value".to_owned())),
            (_, _, Json::Null) => Err(RdfError::LostValue("@value".to_owned())),
            (None, Some(language), Json::String(text)) => Ok(Term::Text(quad::literal(text, None, Some(language)))),
            (_, Some(_), _) => Err(RdfError::BadValue("@language".to_owned())),
            (Some(datatype), None, _) if !is_absolute(datatype) || datatype.starts_with("_:") => {
                Err(RdfError::UndefinedTerm(datatype.to_owned()))
            }
            (datatype, None, value) => literal(value, datatype),
        }
    }

    /// JSON-LD 1.1 API §8.3.
    fn list(&mut self, terms: Vec<Term>, graph: &Graph) -> Result<Term, RdfError> {
        let mut rest = Term::Text(quad::iri(&format!("{RDF}nil")));
        for term in terms.into_iter().rev() {
            let node = self.blank()?;
            self.state(&node, &format!("{RDF}first"), term, graph)?;
            self.state(&node, &format!("{RDF}rest"), rest, graph)?;
            rest = node;
        }
        Ok(rest)
    }
}

fn items(value: &Json) -> impl Iterator<Item = &Json> {
    match value {
        Json::Array(items) => items.iter(),
        other => std::slice::from_ref(other).iter(),
    }
}

/// RFC 5646 §2.1, as far as N-Quads asks.
fn checked_language(language: &str) -> Result<&str, RdfError> {
    let well_formed = language.split('-').enumerate().all(|(at, part)| {
        (1..=8).contains(&part.len())
            && part.bytes().all(|byte| {
                if at == 0 {
                    byte.is_ascii_alphabetic()
                } else {
                    byte.is_ascii_alphanumeric()
                }
            })
    });
    if well_formed {
        Ok(language)
    } else {
        Err(RdfError::BadValue("@language".to_owned()))
    }
}

fn json_literal(value: &Json) -> Result<Term, RdfError> {
    let text = value.to_canonical().map_err(|_| RdfError::NumberRange)?;
    Ok(Term::Text(quad::literal(&text, Some(&format!("{RDF}JSON")), None)))
}

/// JSON-LD 1.1 API §8.2.2.
fn literal(value: &Json, datatype: Option<&str>) -> Result<Term, RdfError> {
    let (text, default) = match value {
        Json::String(text) => {
            return Ok(Term::Text(quad::literal(
                text,
                Some(datatype.unwrap_or(XSD_STRING)),
                None,
            )));
        }
        Json::Bool(value) => (value.to_string(), "boolean"),
        Json::Number(number) => {
            let double: f64 = number.as_str().parse().map_err(|_| RdfError::NumberRange)?;
            if !double.is_finite() {
                return Err(RdfError::NumberRange);
            }
            let whole = double.fract() == 0.0 && double.abs() < 1e21;
            if whole && datatype.and_then(|datatype| datatype.strip_prefix(XSD)) != Some("double") {
                // Beyond 2^53 a double holds another number than the one written: two readers would sign two.
                if double.abs() > 9_007_199_254_740_991.0 {
                    return Err(RdfError::NumberRange);
                }
                (
                    if double == 0.0 {
                        "0".to_owned()
                    } else {
                        format!("{double:.0}")
                    },
                    "integer",
                )
            } else {
                (canonical_double(double), "double")
            }
        }
        _ => return Err(RdfError::BadValue("@value".to_owned())),
    };
    let default = format!("{XSD}{default}");
    Ok(Term::Text(quad::literal(
        &text,
        Some(datatype.unwrap_or(&default)),
        None,
    )))
}

/// `xsd:double` in canonical form, 15 digits after the point (JSON-LD 1.1 API §8.6).
fn canonical_double(double: f64) -> String {
    let text = format!("{double:.15e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = mantissa.trim_end_matches('0');
    let zero = if mantissa.ends_with('.') { "0" } else { "" };
    format!("{mantissa}{zero}E{exponent}")
}
