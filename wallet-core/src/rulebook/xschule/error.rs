//! What is wrong with an XSchule message, and where.

use std::fmt;

use crate::codec::BudgetExceeded;

/// An XSchule message that was refused: the line, the element and the rule it breaks.
///
/// Names of elements are shown only if the schema knows them; values are never repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XSchuleError {
    position: Option<(u32, u32)>,
    element: Option<&'static str>,
    rule: Rule,
}

/// The rule that a message breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// A required attribute is missing.
    AttributeMissing(&'static str),
    /// An attribute that the schema does not know here.
    AttributeUnexpected,
    /// An attribute whose value the schema fixes has another value.
    AttributeValue {
        /// The attribute.
        attribute: &'static str,
        /// The value the schema fixes.
        expected: &'static str,
    },
    /// The message is larger, deeper or has more parts than allowed.
    Budget(BudgetExceeded),
    /// A character that DIN 91379 does not admit in this place.
    Character,
    /// None, or more than one, of the elements of which the schema demands exactly one.
    Choice,
    /// A code that the closed list does not hold.
    CodeUnknown {
        /// The URI of the list.
        list: &'static str,
    },
    /// A document type declaration: XÖV messages have none, and it is a door for attacks.
    Doctype,
    /// A required element is missing.
    ElementMissing(&'static str),
    /// An element that is known here but stands in the wrong place.
    ElementOrder,
    /// An element that stands more often than allowed.
    ElementRepeated {
        /// How often it may stand.
        allowed: u32,
    },
    /// An element that the schema does not know here.
    ElementUnexpected,
    /// Not UTF-8, or declared as something else.
    Encoding,
    /// A reference to an entity other than the five of XML.
    Entity,
    /// The value is not of the form that the schema demands.
    Form {
        /// What was expected.
        expected: &'static str,
    },
    /// The element is in the wrong namespace.
    Namespace {
        /// The namespace it must be in.
        expected: &'static str,
    },
    /// A name that is not in Unicode NFC, as DIN 91379 demands.
    NotNormalised,
    /// A grade or number of points outside its scale.
    OutOfScale {
        /// The lowest value of the scale.
        least: u32,
        /// The highest value of the scale.
        most: u32,
    },
    /// Not well-formed XML; says what was expected.
    Syntax,
    /// Text where only elements may stand.
    Text,
    /// The root element is no XSchule message known here, or of another version of the standard.
    Unsupported {
        /// What is supported.
        supported: &'static str,
    },
}

impl XSchuleError {
    pub(super) fn new(rule: Rule) -> Self {
        Self {
            position: None,
            element: None,
            rule,
        }
    }

    pub(super) fn at(mut self, line: u32, column: u32) -> Self {
        self.position.get_or_insert((line, column));
        self
    }

    pub(super) fn within(mut self, element: &'static str) -> Self {
        self.element.get_or_insert(element);
        self
    }

    /// The line, counted from 1.
    pub fn line(&self) -> Option<u32> {
        self.position.map(|(line, _)| line)
    }

    /// The column in characters, counted from 1.
    pub fn column(&self) -> Option<u32> {
        self.position.map(|(_, column)| column)
    }

    /// The element that breaks the rule, or the one around it where the schema does not know the element.
    pub fn element(&self) -> Option<&'static str> {
        self.element
    }

    /// The rule that is broken.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self.rule {
            Rule::AttributeMissing(_) => "xschule.attribute_missing",
            Rule::AttributeUnexpected => "xschule.attribute_unexpected",
            Rule::AttributeValue { .. } => "xschule.attribute_value",
            Rule::Budget(_) => "xschule.budget",
            Rule::Character => "xschule.character",
            Rule::Choice => "xschule.choice",
            Rule::CodeUnknown { .. } => "xschule.code_unknown",
            Rule::Doctype => "xschule.doctype",
            Rule::ElementMissing(_) => "xschule.element_missing",
            Rule::ElementOrder => "xschule.element_order",
            Rule::ElementRepeated { .. } => "xschule.element_repeated",
            Rule::ElementUnexpected => "xschule.element_unexpected",
            Rule::Encoding => "xschule.encoding",
            Rule::Entity => "xschule.entity",
            Rule::Form { .. } => "xschule.form",
            Rule::Namespace { .. } => "xschule.namespace",
            Rule::NotNormalised => "xschule.not_normalised",
            Rule::OutOfScale { .. } => "xschule.out_of_scale",
            Rule::Syntax => "xschule.syntax",
            Rule::Text => "xschule.text",
            Rule::Unsupported { .. } => "xschule.unsupported",
        }
    }
}

impl From<BudgetExceeded> for XSchuleError {
    fn from(exceeded: BudgetExceeded) -> Self {
        Self::new(Rule::Budget(exceeded))
    }
}

impl fmt::Display for XSchuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.position {
            write!(f, "line {line}, column {column}: ")?;
        }
        if let Some(element) = self.element {
            write!(f, "element {element}: ")?;
        }
        self.rule.fmt(f)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AttributeMissing(name) => write!(f, "the attribute {name} is missing"),
            Self::AttributeUnexpected => f.write_str("the schema knows no such attribute here"),
            Self::AttributeValue { attribute, expected } => write!(f, "the attribute {attribute} must be {expected}"),
            Self::Budget(exceeded) => exceeded.fmt(f),
            Self::Character => f.write_str("a character that DIN 91379 does not admit here"),
            Self::Choice => f.write_str("exactly one of the elements of the choice must stand here"),
            Self::CodeUnknown { list } => write!(f, "the code is not in the list {list}"),
            Self::Doctype => f.write_str("a document type declaration is not allowed"),
            Self::ElementMissing(name) => write!(f, "the element {name} is missing"),
            Self::ElementOrder => f.write_str("the element stands in the wrong place"),
            Self::ElementRepeated { allowed } => write!(f, "the element may stand at most {allowed} times"),
            Self::ElementUnexpected => f.write_str("the schema knows no such element here"),
            Self::Encoding => f.write_str("the message must be UTF-8"),
            Self::Entity => f.write_str("entities are not allowed"),
            Self::Form { expected } => write!(f, "the value must be {expected}"),
            Self::Namespace { expected } => write!(f, "the element must be in the namespace {expected}"),
            Self::NotNormalised => f.write_str("the text must be in Unicode NFC (DIN 91379)"),
            Self::OutOfScale { least, most } => write!(f, "the value is outside its scale of {least} to {most}"),
            Self::Syntax => f.write_str("not well-formed XML"),
            Self::Text => f.write_str("text where only elements may stand"),
            Self::Unsupported { supported } => write!(f, "the message is not supported; supported: {supported}"),
        }
    }
}

impl std::error::Error for XSchuleError {}
