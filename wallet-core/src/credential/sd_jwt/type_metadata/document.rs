//! One document (SD-JWT VC §6.2).

use crate::codec::{Budget, Json, Object};
use crate::http::{HttpsUrl, LinkPolicy};

use super::{ClaimPath, Integrity, TypeMetadataError, TypeReference};

/// Type metadata as one document says it, its parents not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeMetadata {
    /// `vct`: the type it describes.
    pub vct: String,
    /// `name`, for developers.
    pub name: Option<String>,
    /// `description`, for developers.
    pub description: Option<String>,
    /// `extends` and `extends#integrity`: the parent.
    pub extends: Option<TypeReference>,
    /// `display`: what people see, by language.
    pub display: Vec<TypeDisplay>,
    /// `claims`.
    pub claims: Vec<ClaimMetadata>,
}

/// How a type is shown in one language (SD-JWT VC §8).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeDisplay {
    /// `locale`, a language tag.
    pub locale: String,
    /// `name`.
    pub name: String,
    /// `description`.
    pub description: Option<String>,
    /// `rendering.simple`.
    pub simple: Option<SimpleRendering>,
    /// `rendering.svg_templates`.
    pub svg_templates: Vec<SvgTemplate>,
}

/// A plain card (SD-JWT VC §8.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SimpleRendering {
    /// `logo`.
    pub logo: Option<Image>,
    /// `background_image`.
    pub background_image: Option<Image>,
    /// `background_color`, as CSS.
    pub background_color: Option<String>,
    /// `text_color`, as CSS.
    pub text_color: Option<String>,
}

/// An image by `https:` or `data:` link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Image {
    /// `uri`.
    pub uri: String,
    /// `uri#integrity`.
    pub integrity: Option<Integrity>,
    /// `alt_text`.
    pub alt_text: Option<String>,
}

/// A card as SVG with places for claims (SD-JWT VC §8.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SvgTemplate {
    /// `uri`.
    pub uri: String,
    /// `uri#integrity`.
    pub integrity: Option<Integrity>,
    /// `orientation`: `portrait` or `landscape`.
    pub orientation: Option<String>,
    /// `color_scheme`: `light` or `dark`.
    pub color_scheme: Option<String>,
    /// `contrast`: `normal` or `high`.
    pub contrast: Option<String>,
}

/// What a type says about a claim (SD-JWT VC §9).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimMetadata {
    /// `path`.
    pub path: ClaimPath,
    /// `display`, if the document has it.
    pub display: Option<Vec<ClaimDisplay>>,
    /// `mandatory`; absent means no.
    pub mandatory: Option<bool>,
    /// `sd`; absent means allowed.
    pub sd: Option<SdRule>,
    /// `svg_id`.
    pub svg_id: Option<String>,
}

/// How a claim is called in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimDisplay {
    /// `locale`, a language tag.
    pub locale: String,
    /// `label`.
    pub label: String,
    /// `description`.
    pub description: Option<String>,
}

/// Whether a claim is selectively disclosable (SD-JWT VC §9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "SD-JWT VC §9.3 has exactly these rules")]
pub enum SdRule {
    /// It must be.
    Always,
    /// As the issuer likes.
    Allowed,
    /// It must not be.
    Never,
}

impl TypeMetadata {
    /// Parses a document. Members that are not understood are ignored (SD-JWT VC §6.2).
    pub fn parse(document: &[u8], budget: &mut Budget) -> Result<Self, TypeMetadataError> {
        let json = Json::parse(document, budget)?;
        let object = json.as_object().ok_or(TypeMetadataError::BadMember("type metadata"))?;
        let vct = required(object, "vct")?;
        let integrity = integrity(object, "extends#integrity")?;
        let extends = text(object, "extends")?.map(|vct| TypeReference { vct, integrity });
        let metadata = Self {
            vct,
            name: text(object, "name")?,
            description: text(object, "description")?,
            extends,
            display: list(object, "display", TypeDisplay::read)?.unwrap_or_default(),
            claims: list(object, "claims", ClaimMetadata::read)?.unwrap_or_default(),
        };
        for (index, claim) in metadata.claims.iter().enumerate() {
            let earlier = &metadata.claims[..index];
            if earlier.iter().any(|other| other.path == claim.path) {
                return Err(TypeMetadataError::DuplicatePath(claim.path.clone()));
            }
            // SD-JWT VC §9: an id is unique in its type.
            if claim.svg_id.is_some() && earlier.iter().any(|other| other.svg_id == claim.svg_id) {
                return Err(TypeMetadataError::BadMember("svg_id"));
            }
        }
        Ok(metadata)
    }
}

impl TypeDisplay {
    fn read(object: &Object) -> Result<Self, TypeMetadataError> {
        let empty = Object::new();
        let rendering = member(object, "rendering")?.unwrap_or(&empty);
        let svg_templates = list(rendering, "svg_templates", SvgTemplate::read)?.unwrap_or_default();
        // SD-JWT VC §8.1.2: with several templates, properties tell them apart.
        let tells = |template: &SvgTemplate| {
            template.orientation.is_some() || template.color_scheme.is_some() || template.contrast.is_some()
        };
        if svg_templates.len() > 1 && !svg_templates.iter().all(tells) {
            return Err(TypeMetadataError::BadMember("properties"));
        }
        Ok(Self {
            locale: locale(object)?,
            name: required(object, "name")?,
            description: text(object, "description")?,
            simple: member(rendering, "simple")?.map(SimpleRendering::read).transpose()?,
            svg_templates,
        })
    }
}

impl SimpleRendering {
    fn read(object: &Object) -> Result<Self, TypeMetadataError> {
        let image = |name| member(object, name)?.map(Image::read).transpose();
        Ok(Self {
            logo: image("logo")?,
            background_image: image("background_image")?,
            background_color: text(object, "background_color")?,
            text_color: text(object, "text_color")?,
        })
    }
}

impl Image {
    fn read(object: &Object) -> Result<Self, TypeMetadataError> {
        Ok(Self {
            uri: link(object)?,
            integrity: integrity(object, "uri#integrity")?,
            alt_text: text(object, "alt_text")?,
        })
    }
}

impl SvgTemplate {
    fn read(object: &Object) -> Result<Self, TypeMetadataError> {
        let empty = Object::new();
        let properties = member(object, "properties")?.unwrap_or(&empty);
        let one_of = |name: &'static str, values: [&str; 2]| match text(properties, name)? {
            Some(value) if !values.contains(&value.as_str()) => Err(TypeMetadataError::BadMember(name)),
            value => Ok(value),
        };
        Ok(Self {
            uri: link(object)?,
            integrity: integrity(object, "uri#integrity")?,
            orientation: one_of("orientation", ["portrait", "landscape"])?,
            color_scheme: one_of("color_scheme", ["light", "dark"])?,
            contrast: one_of("contrast", ["normal", "high"])?,
        })
    }
}

impl ClaimMetadata {
    fn read(object: &Object) -> Result<Self, TypeMetadataError> {
        let path = object.get("path").ok_or(TypeMetadataError::BadMember("path"))?;
        let mandatory = object
            .get("mandatory")
            .map(|value| value.as_bool().ok_or(TypeMetadataError::BadMember("mandatory")));
        let sd = match object.get("sd").map(Json::as_str) {
            None => None,
            Some(Some("always")) => Some(SdRule::Always),
            Some(Some("allowed")) => Some(SdRule::Allowed),
            Some(Some("never")) => Some(SdRule::Never),
            Some(_) => return Err(TypeMetadataError::BadMember("sd")),
        };
        let svg_id = text(object, "svg_id")?;
        // SD-JWT VC §9: letters, digits and underscores, and no digit first.
        if svg_id.as_deref().is_some_and(|id| !is_svg_id(id)) {
            return Err(TypeMetadataError::BadMember("svg_id"));
        }
        Ok(Self {
            path: ClaimPath::parse(path)?,
            display: list(object, "display", ClaimDisplay::read)?,
            mandatory: mandatory.transpose()?,
            sd,
            svg_id,
        })
    }
}

impl ClaimDisplay {
    fn read(object: &Object) -> Result<Self, TypeMetadataError> {
        Ok(Self {
            locale: locale(object)?,
            label: required(object, "label")?,
            description: text(object, "description")?,
        })
    }
}

pub(super) fn is_svg_id(id: &str) -> bool {
    let mut bytes = id.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Since draft 12 the member is called `locale`; OpenID4VP 1.0 is pinned to draft 9, which calls it `lang`.
fn locale(object: &Object) -> Result<String, TypeMetadataError> {
    match text(object, "locale")? {
        Some(locale) => Ok(locale),
        None => text(object, "lang")?.ok_or(TypeMetadataError::BadMember("locale")),
    }
}

fn text(object: &Object, name: &'static str) -> Result<Option<String>, TypeMetadataError> {
    match object.get(name) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(TypeMetadataError::BadMember(name)),
    }
}

fn required(object: &Object, name: &'static str) -> Result<String, TypeMetadataError> {
    text(object, name)?
        .filter(|text| !text.is_empty())
        .ok_or(TypeMetadataError::BadMember(name))
}

fn member<'a>(object: &'a Object, name: &'static str) -> Result<Option<&'a Object>, TypeMetadataError> {
    let member = object
        .get(name)
        .map(|value| value.as_object().ok_or(TypeMetadataError::BadMember(name)));
    member.transpose()
}

fn list<T>(
    object: &Object,
    name: &'static str,
    read: impl Fn(&Object) -> Result<T, TypeMetadataError>,
) -> Result<Option<Vec<T>>, TypeMetadataError> {
    let Some(value) = object.get(name) else {
        return Ok(None);
    };
    let items = value.as_array().ok_or(TypeMetadataError::BadMember(name))?;
    let item = |item: &Json| read(item.as_object().ok_or(TypeMetadataError::BadMember(name))?);
    items.iter().map(item).collect::<Result<_, _>>().map(Some)
}

pub(super) fn integrity(object: &Object, name: &'static str) -> Result<Option<Integrity>, TypeMetadataError> {
    text(object, name)?.map(|value| Integrity::parse(&value)).transpose()
}

/// SD-JWT VC §8.1: `https:` and `data:` alone.
fn link(object: &Object) -> Result<String, TypeMetadataError> {
    let uri = required(object, "uri")?;
    let is_data = uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
    if is_data || HttpsUrl::parse(&uri, LinkPolicy::HttpsOnly).is_ok() {
        Ok(uri)
    } else {
        Err(TypeMetadataError::BadMember("uri"))
    }
}
