//! The typed view of the messages. Text is as in the document; codes carry their labels.

use super::super::Language;
use super::super::codes::Code;
use super::super::decimal::Decimal;

/// The XSchule 1.2 messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Message {
    /// `schueler.abiturzeugnis.0002`.
    Abitur,
    /// `schueler.schulbescheinigung.0004`.
    Attendance,
    /// `schueler.zeugnis.0003`.
    Report,
    /// `schueler.wechsel.0001`: a change of school, which goes from school to school and is no credential.
    Transfer,
    /// `schueler.bvjzeugnis.0005`: report of a pre-vocational training year.
    VocationalYear,
}

impl Message {
    /// The name of the root element.
    pub fn name(self) -> &'static str {
        match self {
            Self::Abitur => "schueler.abiturzeugnis.0002",
            Self::Attendance => "schueler.schulbescheinigung.0004",
            Self::Report => "schueler.zeugnis.0003",
            Self::Transfer => "schueler.wechsel.0001",
            Self::VocationalYear => "schueler.bvjzeugnis.0005",
        }
    }

    /// The message for people.
    pub fn label(self, language: Language) -> &'static str {
        let (de, en) = match self {
            Self::Abitur => ("Abiturzeugnis", "Abitur certificate"),
            Self::Attendance => ("Schulbescheinigung", "Certificate of school attendance"),
            Self::Report => ("Schulzeugnis", "School report"),
            Self::Transfer => ("Schulwechsel", "Change of school"),
            Self::VocationalYear => (
                "Zeugnis des Berufsvorbereitungsjahrs",
                "Report of a pre-vocational training year",
            ),
        };
        language.pick(de, en)
    }

    pub(super) const ALL: [Self; 5] = [
        Self::Transfer,
        Self::Abitur,
        Self::Report,
        Self::Attendance,
        Self::VocationalYear,
    ];
}

/// A date of which the day or the month may be unknown: `2008-09-01`, `2008-09`, `2008`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialDate(pub(super) String);

impl PartialDate {
    /// The date as in ISO 8601.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The date for people: `01.09.2008` in German.
    pub fn display(&self, language: Language) -> String {
        match language {
            Language::German => self.0.rsplit('-').collect::<Vec<_>>().join("."),
            Language::English => self.0.clone(),
        }
    }
}

/// A place, with its country where the document gives one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The town.
    pub locality: String,
    /// The country by the key of the German statistical office (`000` is Germany), with its name.
    pub country: Option<Code>,
}

/// When and where a document was issued, or a qualification acquired.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Occasion {
    /// The date.
    pub date: Option<PartialDate>,
    /// The place.
    pub place: Option<Place>,
}

/// From when to when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Period {
    /// The first day.
    pub start: Option<PartialDate>,
    /// The last day.
    pub end: Option<PartialDate>,
}

/// The pupil. Numbers that identify the pupil across registers are not read (S27).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pupil {
    /// The family name; `None` where the person has none.
    pub family_name: Option<String>,
    /// The given names; `None` where the person has none.
    pub given_name: Option<String>,
    /// The family name at birth.
    pub birth_family_name: Option<String>,
    /// The date of birth.
    pub birth_date: Option<PartialDate>,
    /// The place of birth.
    pub birth_place: Option<Place>,
    /// The course of education the pupil attends.
    pub course_of_education: Option<String>,
}

/// The school.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct School {
    /// The name; only a message of transfer may leave it out.
    pub name: Option<String>,
    /// The short name.
    pub short_name: Option<String>,
    /// The numbers of the school, such as `NW_168890`.
    pub ids: Vec<String>,
    /// The town.
    pub locality: Option<String>,
    /// The types of school.
    pub types: Vec<Code>,
    /// Who maintains the school.
    pub sponsor: Option<Code>,
}

/// A mark: a grade, points, or both, each with its scale.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mark {
    /// The grade as written: `2`, `1.3`, `2+`.
    pub grade: Option<String>,
    /// The grade in words.
    pub words: Option<String>,
    /// The points.
    pub points: Option<Decimal>,
    /// The scale of the grade.
    pub grade_scale: Option<Code>,
    /// The scale of the points.
    pub points_scale: Option<Code>,
    /// A description.
    pub description: Option<String>,
}

impl Mark {
    /// The grade as an exact number, if it is one.
    pub fn grade_value(&self) -> Option<Decimal> {
        Decimal::parse_grade(self.grade.as_deref()?).ok()
    }
}

/// One course of one half-year or year.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Course {
    /// The name of the course in this school.
    pub name: Option<String>,
    /// The subjects.
    pub subjects: Vec<Code>,
    /// The level.
    pub level: Option<Code>,
    /// Whether the course is compulsory.
    pub obligation: Option<Code>,
    /// The field of subjects.
    pub field: Option<Code>,
    /// The year.
    pub year: Code,
    /// The half of the year.
    pub half_year: Code,
    /// The marks; a course may have none, or one for each level.
    pub marks: Vec<Mark>,
    /// Whether the course was passed.
    pub status: Option<Code>,
    /// Whether the marks count towards the total.
    pub counts: Option<bool>,
    /// Hours a week.
    pub hours: Option<Decimal>,
}

/// The result of an examination, or of a further achievement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exam {
    /// The mark.
    pub mark: Mark,
    /// The kind of examination.
    pub kind: Code,
    /// The kind in words, where the list has none.
    pub other_kind: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The subjects.
    pub subjects: Vec<Code>,
    /// The level.
    pub level: Option<Code>,
    /// Whether the mark counts towards the total.
    pub counts: Option<bool>,
}

/// A foreign language.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LanguageSkill {
    /// The language.
    pub language: Code,
    /// First, second or third foreign language.
    pub order: Option<Code>,
    /// The first year.
    pub start: Option<Code>,
    /// The last year.
    pub end: Option<Code>,
    /// Levels of the Common European Framework of Reference; two are a range.
    pub levels: Vec<Code>,
    /// A qualification such as the Latinum.
    pub qualification: Option<Code>,
}

/// A remark.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remark {
    /// The kind.
    pub kind: Code,
    /// The text.
    pub text: Option<String>,
}

/// Absences: sensitive, never asked for by default.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Absences {
    /// Days, all.
    pub days: Option<Decimal>,
    /// Days, excused.
    pub days_excused: Option<Decimal>,
    /// Hours, all.
    pub hours: Option<Decimal>,
    /// Hours, excused.
    pub hours_excused: Option<Decimal>,
}

/// An internship.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Internship {
    /// Where.
    pub name: Option<String>,
    /// When.
    pub period: Option<Period>,
    /// The place.
    pub place: Option<Place>,
}

/// Whether compulsory schooling is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompulsorySchooling {
    /// Exempted.
    Exempt,
    /// Fulfilled.
    Fulfilled,
    /// Not yet fulfilled.
    Open,
}

/// What reports say beside the marks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct General {
    /// The kind of report.
    pub kind: Code,
    /// The federal state.
    pub state: Option<Code>,
    /// The level in the European Qualifications Framework.
    pub eqf: Option<Code>,
    /// The entitlements to study.
    pub entitlements: Vec<Code>,
    /// The school leaving qualifications.
    pub qualifications: Vec<Code>,
    /// When and where the qualification was acquired.
    pub acquired: Option<Occasion>,
    /// The years.
    pub years: Vec<Code>,
    /// The class.
    pub class: Option<String>,
    /// The kind of period the report covers.
    pub period_kind: Option<Code>,
    /// The period the report covers.
    pub period: Option<Period>,
    /// Compulsory schooling.
    pub schooling: Option<CompulsorySchooling>,
    /// Focus subjects.
    pub focus: Vec<String>,
    /// The course of education.
    pub course_of_education: Option<String>,
    /// The occupational maturity that was reached.
    pub occupational_maturity: Option<String>,
}

/// A part of a report: courses and examinations under one heading.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Section {
    /// The heading.
    pub title: Option<String>,
    /// A description.
    pub description: Option<String>,
    /// The marks of the whole section.
    pub marks: Vec<Mark>,
    /// The courses.
    pub courses: Vec<Course>,
    /// The examinations.
    pub exams: Vec<Exam>,
}

/// The Abitur: blocks I to III.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Abitur {
    /// Further achievements in block I.
    pub further: Vec<Exam>,
    /// The final grade.
    pub average: Mark,
    /// The total number of points.
    pub total: Option<Mark>,
    /// The points of block I.
    pub block_1: Option<Mark>,
    /// The points of block II.
    pub block_2: Option<Mark>,
    /// Further language qualifications, such as the Latinum.
    pub language_qualifications: Vec<Code>,
}

/// What a certificate of school attendance says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attendance {
    /// The year.
    pub year: Option<Code>,
    /// The school year.
    pub school_year: Option<Period>,
    /// From when to when the school is attended.
    pub period: Option<Period>,
    /// The qualification that is expected.
    pub expected: Option<Code>,
}
