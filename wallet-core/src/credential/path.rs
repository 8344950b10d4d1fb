//! Claim paths: which part of a credential is meant (OpenID4VP 1.0 §7, SD-JWT VC §4.6.1).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::codec::Json;

/// A non-empty claims path pointer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClaimPath(Vec<PathElement>);

/// One step of a [`ClaimPath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "OpenID4VP 1.0 §7 has exactly these steps")]
pub enum PathElement {
    /// The member of this name.
    Key(String),
    /// The array element at this index.
    Index(usize),
    /// All elements of an array.
    All,
}

impl ClaimPath {
    /// Makes a path; it must have at least one element.
    pub fn new(elements: Vec<PathElement>) -> Result<Self, PathError> {
        if elements.is_empty() {
            Err(PathError::Empty)
        } else {
            Ok(Self(elements))
        }
    }

    /// Makes a path of member names only.
    pub fn of_keys(first: &str, rest: &[&str]) -> Self {
        Self(
            std::iter::once(&first)
                .chain(rest)
                .map(|key| PathElement::Key((*key).to_owned()))
                .collect(),
        )
    }

    /// Parses the JSON form: strings, non-negative integers and `null`.
    pub fn parse(value: &Json) -> Result<Self, PathError> {
        let items = value.as_array().ok_or(PathError::NotAnArray)?;
        let element = |item: &Json| match item {
            Json::String(key) => Ok(PathElement::Key(key.clone())),
            Json::Null => Ok(PathElement::All),
            Json::Number(_) => {
                let index = item.as_u64().and_then(|index| usize::try_from(index).ok());
                index.map(PathElement::Index).ok_or(PathError::BadElement)
            }
            _ => Err(PathError::BadElement),
        };
        Self::new(items.iter().map(element).collect::<Result<_, _>>()?)
    }

    /// The JSON form.
    pub fn to_json(&self) -> Json {
        let element = |element: &PathElement| match element {
            PathElement::Key(key) => Json::from(key.as_str()),
            PathElement::Index(index) => Json::from(*index),
            PathElement::All => Json::Null,
        };
        Json::Array(self.0.iter().map(element).collect())
    }

    /// The steps.
    pub fn elements(&self) -> &[PathElement] {
        &self.0
    }

    /// The path one step deeper.
    #[must_use]
    pub fn then(&self, element: PathElement) -> Self {
        let mut elements = self.0.clone();
        elements.push(element);
        Self(elements)
    }

    /// Whether every place this path selects lies at or below `other`, or the reverse way round with wildcards
    /// matching any index.
    pub fn starts_with(&self, other: &Self) -> bool {
        other.0.len() <= self.0.len() && self.0.iter().zip(&other.0).all(|(mine, theirs)| mine.matches(theirs))
    }

    /// Selects the values the path points at (OpenID4VP 1.0 §7.1).
    ///
    /// # Errors
    /// A step into a value of the wrong kind is an error; selecting nothing gives an empty list.
    pub fn select<'a>(&self, root: &'a Json) -> Result<Vec<&'a Json>, PathError> {
        let mut selected = vec![root];
        for element in &self.0 {
            let mut next = Vec::new();
            for value in selected {
                match (element, value) {
                    (PathElement::Key(key), Json::Object(object)) => next.extend(object.get(key)),
                    (PathElement::Index(index), Json::Array(items)) => next.extend(items.get(*index)),
                    (PathElement::All, Json::Array(items)) => next.extend(items),
                    (PathElement::Key(_), _) => return Err(PathError::NotAnObject),
                    (PathElement::Index(_) | PathElement::All, _) => return Err(PathError::NotAnArray),
                }
            }
            selected = next;
        }
        Ok(selected)
    }
}

impl PathElement {
    /// Whether the two can select the same place.
    pub fn matches(&self, other: &Self) -> bool {
        self == other || matches!((self, other), (Self::All, Self::Index(_)) | (Self::Index(_), Self::All))
    }
}

impl fmt::Display for ClaimPath {
    /// Writes the path for people: `courses[0].grade`, `nationalities[*]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, element) in self.0.iter().enumerate() {
            match element {
                PathElement::Key(key) if position == 0 => f.write_str(key)?,
                PathElement::Key(key) => write!(f, ".{key}")?,
                PathElement::Index(index) => write!(f, "[{index}]")?,
                PathElement::All => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

impl Serialize for ClaimPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ClaimPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Json::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A claim path that is not one, or does not fit a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathError {
    /// An element is neither string, non-negative integer nor null.
    BadElement,
    /// The path has no elements.
    Empty,
    /// An index or wildcard meets a value that is no array.
    NotAnArray,
    /// A name meets a value that is no object.
    NotAnObject,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadElement => "a path element is neither string, non-negative integer nor null",
            Self::Empty => "the path is empty",
            Self::NotAnArray => "the path expects an array",
            Self::NotAnObject => "the path expects an object",
        })
    }
}

impl std::error::Error for PathError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Budget;

    fn json(text: &str) -> Json {
        Json::parse(text, &mut Budget::default()).expect("valid JSON")
    }

    #[test]
    fn selects_as_the_specification_shows() {
        let claims = json(r#"{"degrees":[{"type":"Bachelor"},{"type":"Master"}],"nationalities":["DE","FR"]}"#);
        let select = |path: &str| {
            ClaimPath::parse(&json(path))
                .and_then(|path| path.select(&claims).map(|found| found.into_iter().cloned().collect()))
        };
        assert_eq!(
            select(r#"["degrees",null,"type"]"#),
            Ok(vec![Json::from("Bachelor"), Json::from("Master")])
        );
        assert_eq!(select(r#"["nationalities",1]"#), Ok(vec![Json::from("FR")]));
        assert_eq!(select(r#"["nationalities",7]"#), Ok(vec![]));
        assert_eq!(select(r#"["nationalities","x"]"#), Err(PathError::NotAnObject));
        assert_eq!(select(r#"["degrees",0,0]"#), Err(PathError::NotAnArray));
    }

    #[test]
    fn refuses_what_is_no_path() {
        for (text, error) in [
            ("[]", PathError::Empty),
            ("[-1]", PathError::BadElement),
            ("[1.5]", PathError::BadElement),
            ("[true]", PathError::BadElement),
            ("\"a\"", PathError::NotAnArray),
        ] {
            assert_eq!(ClaimPath::parse(&json(text)), Err(error), "{text}");
        }
    }
}
