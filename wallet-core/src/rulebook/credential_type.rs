//! One credential type: what its data file says.

use super::codes;
use super::{Language, RulebookError};
use crate::codec::{Budget, Json, Object};
use crate::credential::{ClaimPath, PathElement};

/// A credential type: ids, claims with labels, and how they are disclosed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialType {
    vct: String,
    mdoc_only: bool,
    extends: Vec<String>,
    mdoc: Option<MdocIds>,
    name: Labels,
    description: Labels,
    version: String,
    source: String,
    legal_category: String,
    mark: Mark,
    binding: Binding,
    claims: Vec<ClaimInfo>,
}

/// The ids of a type in ISO mdoc.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MdocIds {
    /// The document type.
    pub doctype: String,
    /// The name space of its elements.
    pub namespace: String,
}

/// Whether a type is agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mark {
    /// Ours, or not yet settled.
    Draft,
    /// Published by the body in charge.
    Official,
}

/// Whether a credential is bound to a key of its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Binding {
    /// Whoever has it may show it.
    Bearer,
    /// The holder proves a key.
    Key,
}

/// Whether a claim is selectively disclosable (SD-JWT VC type metadata, `sd`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sd {
    /// The issuer may choose.
    Allowed,
    /// It must be.
    Always,
    /// It must not be: it is always visible.
    Never,
}

/// One claim of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimInfo {
    path: ClaimPath,
    labels: Labels,
    sd: Sd,
    mandatory: bool,
    default: bool,
    sensitive: bool,
    each_member: bool,
    mdoc: Option<ElementInfo>,
    list: Option<String>,
}

/// Where a claim stands in ISO mdoc, and how it is written there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ElementInfo {
    /// The name space.
    pub namespace: String,
    /// The element identifier.
    pub identifier: String,
    /// How its value is written.
    pub encoding: Encoding,
}

/// How a claim of JSON is written in CBOR where the two differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// A byte string; base64url in JSON.
    Bytes,
    /// `full-date` (tag 1004), or `tdate` (tag 0) where the value has a time; the day alone in JSON.
    Date,
    /// As it is, but each text in it that is a day is a `full-date`.
    Dated,
    /// `full-date` (tag 1004).
    FullDate,
    /// A JPEG as byte string; a data URL in JSON.
    Jpeg,
    /// As it is: text, whole number, truth value, array, map.
    #[default]
    Plain,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Labels {
    de: String,
    en: String,
}

impl CredentialType {
    /// The `vct` of the SD-JWT VC; of a type that exists in mdoc alone, its document type.
    pub fn vct(&self) -> &str {
        &self.vct
    }

    /// Whether there is no SD-JWT VC of this type: the mDL rulebook forbids it.
    pub fn is_mdoc_only(&self) -> bool {
        self.mdoc_only
    }

    /// The types that this one extends, the nearest first.
    pub fn extends(&self) -> &[String] {
        &self.extends
    }

    /// The ids in ISO mdoc, if the type exists there.
    pub fn mdoc(&self) -> Option<&MdocIds> {
        self.mdoc.as_ref()
    }

    /// The name for people.
    pub fn name(&self, language: Language) -> &str {
        self.name.get(language)
    }

    /// The description for people.
    pub fn description(&self, language: Language) -> &str {
        self.description.get(language)
    }

    /// The version of the source.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the description comes from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The legal category of the attestation (ARF Topic 12, ARB_25): `PID`, `PuB-EAA`, `EAA`.
    pub fn legal_category(&self) -> &str {
        &self.legal_category
    }

    /// Whether the type is agreed on.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// Whether it is bound to a key of the holder.
    pub fn binding(&self) -> Binding {
        self.binding
    }

    /// All claims, those of extended types first.
    pub fn claims(&self) -> &[ClaimInfo] {
        &self.claims
    }

    /// What is known about a claim; an index in `path` is any element of the array.
    pub fn claim(&self, path: &ClaimPath) -> Option<&ClaimInfo> {
        self.claims
            .iter()
            .find(|claim| claim.path.elements().len() == path.elements().len() && path.starts_with(&claim.path))
    }

    /// What is known about an element of the mdoc.
    pub fn element(&self, namespace: &str, identifier: &str) -> Option<&ClaimInfo> {
        self.claims.iter().find(|claim| {
            claim
                .element()
                .is_some_and(|element| element.namespace == namespace && element.identifier == identifier)
        })
    }

    /// The label of a claim for people; `path` may also be name space and identifier of an mdoc element.
    pub fn label(&self, path: &ClaimPath, language: Language) -> Option<&str> {
        if let Some(claim) = self.claim(path) {
            return Some(claim.label(language));
        }
        if let [PathElement::Key(namespace), PathElement::Key(identifier)] = path.elements()
            && let Some(claim) = self.element(namespace, identifier)
        {
            return Some(claim.label(language));
        }
        // A member of `subjects` is named by its key.
        match path.elements() {
            [parents @ .., PathElement::Key(key)] if !parents.is_empty() => {
                let parent = ClaimPath::new(parents.to_vec()).ok()?;
                let parent = self.claim(&parent)?;
                parent.each_member.then(|| codes::subject_label(key, language))?
            }
            _ => None,
        }
    }

    /// The claims that a verifier asks for if it says nothing else. Sensitive claims are never among them.
    pub fn default_request(&self) -> Vec<ClaimPath> {
        let default = self.claims.iter().filter(|claim| claim.default && !claim.sensitive);
        default.map(|claim| claim.path.clone()).collect()
    }
}

impl ClaimInfo {
    /// Where the claim stands.
    pub fn path(&self) -> &ClaimPath {
        &self.path
    }

    /// The label for people.
    pub fn label(&self, language: Language) -> &str {
        self.labels.get(language)
    }

    /// Whether it is selectively disclosable.
    pub fn sd(&self) -> Sd {
        self.sd
    }

    /// Whether every credential of the type has it.
    pub fn is_mandatory(&self) -> bool {
        self.mandatory
    }

    /// Whether people should think twice before they show it.
    pub fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// Whether every member of this object is disclosed on its own, whatever its name.
    pub fn discloses_each_member(&self) -> bool {
        self.each_member
    }

    /// The identifier of the element in ISO mdoc.
    pub fn mdoc_element(&self) -> Option<&str> {
        self.mdoc.as_ref().map(|element| element.identifier.as_str())
    }

    /// The element in ISO mdoc.
    pub fn element(&self) -> Option<&ElementInfo> {
        self.mdoc.as_ref()
    }

    /// The code list that its values come from.
    pub fn code_list(&self) -> Option<&str> {
        self.list.as_deref()
    }

    /// The label of one of its values, if they come from a code list.
    pub fn value_label(&self, value: &str, language: Language) -> Option<&'static str> {
        let name = self.list.as_deref()?;
        let mut lists = codes::CodeList::all().iter().filter(|list| list.name() == name);
        lists
            .find_map(|list| list.entry(value))
            .map(|entry| entry.label(language))
    }
}

impl Labels {
    pub(super) fn get(&self, language: Language) -> &str {
        language.pick(&self.de, &self.en)
    }

    fn parse(value: &Json, member: &'static str) -> Result<Self, RulebookError> {
        let text = |name| value.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        match (text("de"), text("en")) {
            (Some(de), Some(en)) => Ok(Self {
                de: de.to_owned(),
                en: en.to_owned(),
            }),
            _ => Err(RulebookError::Member(member)),
        }
    }
}

/// Reads one data file; `parent` finds a type that it extends.
pub(super) fn parse<'a>(
    text: &str,
    parent: impl Fn(&str) -> Option<&'a CredentialType>,
) -> Result<CredentialType, RulebookError> {
    let json = Json::parse(text, &mut Budget::default())?;
    let object = json.as_object().ok_or(RulebookError::Member("(root)"))?;
    let mut extends = Vec::new();
    let mut claims: Vec<ClaimInfo> = Vec::new();
    if let Some(base) = optional_text(object, "extends")? {
        let base = parent(base).ok_or(RulebookError::UnknownParent)?;
        extends.push(base.vct.clone());
        extends.extend_from_slice(&base.extends);
        claims.clone_from(&base.claims);
    }
    let inherited = claims.len();
    let mdoc = match object.get("mdoc") {
        None => None,
        Some(ids) => {
            let ids = ids.as_object().ok_or(RulebookError::Member("mdoc"))?;
            Some(MdocIds {
                doctype: text_of(ids, "doctype")?.to_owned(),
                namespace: text_of(ids, "namespace")?.to_owned(),
            })
        }
    };
    let namespace = mdoc.as_ref().map(|ids| ids.namespace.as_str());
    let entries = object
        .get("claims")
        .and_then(Json::as_array)
        .ok_or(RulebookError::Member("claims"))?;
    for entry in entries {
        let claim = ClaimInfo::parse(entry, namespace)?;
        match claims.iter().position(|known| known.path == claim.path) {
            Some(index) if index < inherited => {
                // SD-JWT VC, type metadata: a child may tighten `allowed` and `false`, and loosen nothing.
                let base = &claims[index];
                if (base.sd != Sd::Allowed && claim.sd != base.sd) || (base.mandatory && !claim.mandatory) {
                    return Err(RulebookError::Loosened);
                }
                claims[index] = claim;
            }
            Some(_) => return Err(RulebookError::Duplicate),
            None => claims.push(claim),
        }
    }
    let vct = optional_text(object, "vct")?;
    let id = vct.or(mdoc.as_ref().map(|ids| ids.doctype.as_str()));
    let labels = |member| Labels::parse(object.get(member).unwrap_or(&Json::Null), member);
    Ok(CredentialType {
        vct: id.ok_or(RulebookError::Member("vct"))?.to_owned(),
        mdoc_only: vct.is_none(),
        extends,
        mdoc,
        name: labels("name")?,
        description: labels("description")?,
        version: text_of(object, "version")?.to_owned(),
        source: text_of(object, "source")?.to_owned(),
        legal_category: text_of(object, "legal_category")?.to_owned(),
        mark: match text_of(object, "mark")? {
            "draft" => Mark::Draft,
            "official" => Mark::Official,
            _ => return Err(RulebookError::Member("mark")),
        },
        binding: match text_of(object, "binding")? {
            "bearer" => Binding::Bearer,
            "key" => Binding::Key,
            _ => return Err(RulebookError::Member("binding")),
        },
        claims,
    })
}

impl ClaimInfo {
    fn parse(entry: &Json, namespace: Option<&str>) -> Result<Self, RulebookError> {
        let object = entry.as_object().ok_or(RulebookError::Member("claims"))?;
        let path = ClaimPath::parse(object.get("path").unwrap_or(&Json::Null));
        let flag = |name: &'static str| match object.get(name) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or(RulebookError::Member(name)),
        };
        let claim = Self {
            path: path.map_err(|_| RulebookError::Member("path"))?,
            labels: Labels::parse(entry, "de, en")?,
            sd: match optional_text(object, "sd")? {
                // Unlike type metadata, our files mean `always` where they say nothing: PID_21 and S28.
                None | Some("always") => Sd::Always,
                Some("allowed") => Sd::Allowed,
                Some("never") => Sd::Never,
                Some(_) => return Err(RulebookError::Member("sd")),
            },
            mandatory: flag("mandatory")?,
            default: flag("default")?,
            sensitive: flag("sensitive")?,
            each_member: match optional_text(object, "members")? {
                None => false,
                Some("subject") => true,
                Some(_) => return Err(RulebookError::Member("members")),
            },
            mdoc: ElementInfo::parse(object, namespace)?,
            list: optional_text(object, "list")?.map(str::to_owned),
        };
        if claim.default && claim.sensitive {
            return Err(RulebookError::SensitiveByDefault);
        }
        Ok(claim)
    }
}

impl ElementInfo {
    /// Reads where a claim stands in mdoc: an identifier in the name space of the type, or both.
    fn parse(claim: &Object, namespace: Option<&str>) -> Result<Option<Self>, RulebookError> {
        let (namespace, identifier) = match claim.get("mdoc") {
            None => return Ok(None),
            Some(Json::String(identifier)) => (namespace, Some(identifier.as_str())),
            Some(Json::Array(both)) => match both.as_slice() {
                [namespace, identifier] => (namespace.as_str(), identifier.as_str()),
                _ => (None, None),
            },
            Some(_) => (None, None),
        };
        let (Some(namespace), Some(identifier)) = (namespace, identifier) else {
            return Err(RulebookError::Member("mdoc"));
        };
        let encoding = match optional_text(claim, "encoding")? {
            None => Encoding::Plain,
            Some("bytes") => Encoding::Bytes,
            Some("date") => Encoding::Date,
            Some("dated") => Encoding::Dated,
            Some("full-date") => Encoding::FullDate,
            Some("jpeg") => Encoding::Jpeg,
            Some(_) => return Err(RulebookError::Member("encoding")),
        };
        Ok(Some(Self {
            namespace: namespace.to_owned(),
            identifier: identifier.to_owned(),
            encoding,
        }))
    }
}

fn text_of<'a>(object: &'a Object, name: &'static str) -> Result<&'a str, RulebookError> {
    optional_text(object, name)?.ok_or(RulebookError::Member(name))
}

fn optional_text<'a>(object: &'a Object, name: &'static str) -> Result<Option<&'a str>, RulebookError> {
    match object.get(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(RulebookError::Member(name)),
    }
}
