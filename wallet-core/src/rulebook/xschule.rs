//! XSchule 1.2: German school records as XML, read strictly into a typed model.
//!
//! Reading runs through three gates: bounds before any parsing (no DTD, no entities, size, depth), the element
//! grammar of the XSDs (order, counts, attributes, value forms, closed code lists, scales of marks), and the typed
//! model. What the schema cannot say but a school office should know (sums that do not add up, codes outside
//! their list, a signature that nobody checked) comes as [`Finding`]s, never as silence.
//!
//! `alternativeRepraesentation` is never used in place of its element, and the identification numbers of pupils are
//! not read at all (no identifier that joins registers belongs into an education credential).

mod check;
mod claims;
mod error;
mod findings;
mod grammar;
mod guard;
mod model;
mod read;
mod summary;

pub use claims::{ClaimOptions, DocumentRole, Setting};
pub use error::{Rule, XSchuleError};
pub use findings::Finding;
pub use model::{
    Abitur, Absences, Attendance, CompulsorySchooling, Course, Exam, General, Internship, LanguageSkill, Mark, Message,
    Occasion, PartialDate, Period, Place, Pupil, Remark, School, Section,
};

use roxmltree::{Document, ParsingOptions};

use super::codes::Code;
use crate::codec::Budget;

/// One XSchule message: an Abitur certificate, a report, a certificate of attendance, or a change of school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchoolReport {
    message: Message,
    title: Option<String>,
    issued: Vec<Occasion>,
    valid_on: Option<PartialDate>,
    language: Code,
    pupil: Pupil,
    school: Option<School>,
    general: Option<General>,
    abitur: Option<Abitur>,
    attendance: Option<Attendance>,
    sections: Vec<Section>,
    languages: Vec<LanguageSkill>,
    internships: Vec<Internship>,
    absences: Option<Absences>,
    remarks: Vec<Remark>,
    findings: Vec<Finding>,
}

impl SchoolReport {
    /// Reads one message.
    ///
    /// # Errors
    /// The error names line, element and rule; see [`Rule`] for the rules.
    pub fn parse(xml: impl AsRef<[u8]>, budget: &mut Budget) -> Result<Self, XSchuleError> {
        let text = guard::guard(xml.as_ref(), budget)?;
        let document = Document::parse_with_options(text, options(text)).map_err(|error| syntax(&error))?;
        let root = document.root_element();
        let name = root.tag_name();
        let message = Message::ALL.into_iter().find(|message| message.name() == name.name());
        let Some(message) = message.filter(|_| name.namespace() == Some(grammar::XSCHULE)) else {
            let supported = "XSchule 1.2, messages 0001 to 0005";
            return Err(check::locate(XSchuleError::new(Rule::Unsupported { supported }), root));
        };
        check::check(root, message.name(), read::root_type(message))?;
        read::read(root, message)
    }

    /// Which message this is.
    pub fn message(&self) -> Message {
        self.message
    }

    /// The credential type that the message becomes.
    ///
    /// # Errors
    /// A change of school goes from school to school and holds health and family data: it becomes no credential.
    pub fn vct(&self) -> Result<&'static str, XSchuleError> {
        match self.message {
            Message::Abitur => Ok("urn:mappe:de:abitur:1"),
            Message::Attendance => Ok("urn:mappe:de:school-attendance:1"),
            Message::Report | Message::VocationalYear => Ok("urn:mappe:de:school-report:1"),
            Message::Transfer => {
                let supported = "as credentials, messages 0002, 0003, 0004 and 0005";
                Err(XSchuleError::new(Rule::Unsupported { supported }).within(self.message.name()))
            }
        }
    }

    /// The title of the document.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// When and where the document was issued.
    pub fn issued(&self) -> &[Occasion] {
        &self.issued
    }

    /// The date of the record: of issue, else from which it is valid, else of the qualification.
    pub fn date(&self) -> Option<&PartialDate> {
        let issued = self.issued.iter().find_map(|occasion| occasion.date.as_ref());
        let acquired = || self.general.as_ref()?.acquired.as_ref()?.date.as_ref();
        issued.or(self.valid_on.as_ref()).or_else(acquired)
    }

    /// The language of the document.
    pub fn language(&self) -> &Code {
        &self.language
    }

    /// The pupil.
    pub fn pupil(&self) -> &Pupil {
        &self.pupil
    }

    /// The school; of a change of school, the one that was attended.
    pub fn school(&self) -> Option<&School> {
        self.school.as_ref()
    }

    /// The kind of report and what else stands beside the marks.
    pub fn general(&self) -> Option<&General> {
        self.general.as_ref()
    }

    /// Blocks I to III of an Abitur.
    pub fn abitur(&self) -> Option<&Abitur> {
        self.abitur.as_ref()
    }

    /// What a certificate of school attendance says.
    pub fn attendance(&self) -> Option<&Attendance> {
        self.attendance.as_ref()
    }

    /// The parts of the report in order; of an Abitur, block I and block II.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// All courses in order.
    pub fn courses(&self) -> impl Iterator<Item = &Course> {
        self.sections.iter().flat_map(|section| &section.courses)
    }

    /// All examinations in order.
    pub fn exams(&self) -> impl Iterator<Item = &Exam> {
        self.sections.iter().flat_map(|section| &section.exams)
    }

    /// The foreign languages.
    pub fn languages(&self) -> &[LanguageSkill] {
        &self.languages
    }

    /// The internships.
    pub fn internships(&self) -> &[Internship] {
        &self.internships
    }

    /// The absences.
    pub fn absences(&self) -> Option<&Absences> {
        self.absences.as_ref()
    }

    /// The remarks.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// What the schema allows but a school office should look at.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

fn options(text: &str) -> ParsingOptions<'_> {
    ParsingOptions {
        // The guard has spent the values; text and comments between elements are nodes too, at most a
        // few for each. A node needs a byte at least.
        nodes_limit: u32::try_from(text.len()).unwrap_or(u32::MAX).max(16),
        ..ParsingOptions::default()
    }
}

/// Keeps where, drops what: the messages of the parser quote the document.
fn syntax(error: &roxmltree::Error) -> XSchuleError {
    use roxmltree::Error;
    let rule = match error {
        Error::DtdDetected => Rule::Doctype,
        Error::UnknownEntityReference(..) | Error::MalformedEntityReference(_) | Error::EntityReferenceLoop(_) => {
            Rule::Entity
        }
        _ => Rule::Syntax,
    };
    let at = error.pos();
    XSchuleError::new(rule).at(at.row, at.col)
}

#[cfg(test)]
mod tests;
