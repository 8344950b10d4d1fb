//! From a checked element tree to the typed model. The check has run, so what is required is there.

use roxmltree::Node;

use super::super::codes::{Code, CodeList};
use super::super::decimal::Decimal;
use super::SchoolReport;
use super::check::{locate, raw_text, text_of, without_zone};
use super::error::{Rule, XSchuleError};
use super::findings::{self, Finding};
use super::model::*;

/// The type of the root element in the grammar.
pub(super) fn root_type(message: Message) -> &'static str {
    match message {
        Message::Abitur => "xsc:schueler.abiturzeugnis.0002",
        Message::Attendance => "xsc:schueler.schulbescheinigung.0004",
        Message::Report => "xsc:schueler.zeugnis.0003",
        Message::Transfer => "xsc:schueler.wechsel.0001",
        Message::VocationalYear => "xsc:schueler.bvjzeugnis.0005",
    }
}

type Read<T> = Result<T, XSchuleError>;

/// A checked element.
#[derive(Clone, Copy)]
struct Element<'a, 'input>(Node<'a, 'input>);

pub(super) fn read(root: Node<'_, '_>, message: Message) -> Read<SchoolReport> {
    let element = Element(root);
    let block_1 = element.child("block-i");
    let block_2 = element.child("block-ii");
    let language_box = element.child("fremdsprachen").unwrap_or(element);
    let school = element.child("schule").or(element.child("besuchteSchule"));
    let mut report = SchoolReport {
        message,
        title: element.text("titel"),
        issued: element.each("ausstellung", Element::occasion)?,
        valid_on: element.date("gueltigkeitsdatum"),
        language: element.required("sprache")?.code(),
        pupil: element.required("schueler")?.pupil()?,
        school: school.map(Element::school).transpose()?,
        general: element.child("allgemeineAngaben").map(Element::general).transpose()?,
        abitur: match message {
            Message::Abitur => Some(element.abitur()?),
            _ => None,
        },
        attendance: element.child("schulbesuch").map(Element::attendance),
        sections: Vec::new(),
        languages: language_box.each("fremdsprache", Element::language_skill)?,
        internships: element.each("praktikum", |internship| Ok(internship.internship()))?,
        absences: element
            .child("fehlzeiten")
            .or(school.and_then(|school| school.child("fehlzeiten")))
            .map(Element::absences),
        remarks: element.each("bemerkung", Element::remark)?,
        findings: Vec::new(),
    };
    for part in block_1.into_iter().chain(block_2).chain(element.children("leistungen")) {
        report.sections.push(part.section()?);
    }
    for part in element
        .children("kombinierteBewertung")
        .chain(element.children("lernbereich"))
    {
        report.sections.push(part.section()?);
    }
    if let Some(overall) = element.child("gesamtnote") {
        let mut section = element.section_of(&[])?;
        section.marks = vec![overall.mark()];
        report.sections.insert(0, section);
    }
    if message == Message::Transfer {
        let elective = school.into_iter().flat_map(|school| school.children("wahpflichtkurs"));
        let overview = element
            .children("notenuebersichtUndZeugnis")
            .flat_map(|overview| overview.children("notenuebersichtUnterjaehrigerWechsel"));
        let courses: Vec<_> = elective.chain(overview).collect();
        report.sections.push(element.section_of(&courses)?);
    }
    report.findings = in_document(root);
    report.findings.extend(findings::of_marks(&report));
    Ok(report)
}

/// Fields of education: not kept here, because no claim carries them.
const ISCED_F: &str = "http://data.europa.eu/snb/isced-f/";

/// Findings that have a place in the document.
fn in_document(root: Node<'_, '_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for node in root.descendants().filter(Node::is_element) {
        let line = || node.document().text_pos_at(node.range().start).row;
        match node.tag_name().name() {
            "Signature" => found.push(Finding::SignatureNotChecked { line: line() }),
            "alternativeRepraesentation" => found.push(Finding::AlternativeIgnored { line: line() }),
            "code" if node.tag_name().namespace().is_none() => {
                let code = node.parent().map(|parent| Element(parent).code());
                let unlisted = code.filter(|code| {
                    code.list().is_some() || code.as_str().contains("://") && !code.as_str().starts_with(ISCED_F)
                });
                if unlisted.is_some_and(|code| !code.entry().is_some_and(|entry| entry.is_listed())) {
                    found.push(Finding::CodeNotListed { line: line() });
                }
            }
            _ => {}
        }
        // A hostile message could be all findings; a person reads the first few.
        if found.len() >= 100 {
            break;
        }
    }
    found
}

impl<'a, 'input> Element<'a, 'input> {
    fn children(self, name: &'static str) -> impl Iterator<Item = Self> {
        self.0
            .children()
            .filter(move |child| child.is_element() && child.tag_name().name() == name)
            .map(Self)
    }

    fn child(self, name: &'static str) -> Option<Self> {
        self.children(name).next()
    }

    fn each<T>(self, name: &'static str, read: impl Fn(Self) -> Read<T>) -> Read<Vec<T>> {
        self.children(name).map(read).collect()
    }

    /// A child that the schema requires; should the check ever let its absence pass, this still is an error.
    fn required(self, name: &'static str) -> Read<Self> {
        self.child(name)
            .ok_or_else(|| locate(XSchuleError::new(Rule::ElementMissing(name)), self.0))
    }

    /// The text of a child, white space collapsed; `None` if empty.
    fn text(self, name: &'static str) -> Option<String> {
        self.child(name)
            .map(|child| text_of(child.0))
            .filter(|text| !text.is_empty())
    }

    /// The text of a name, unchanged but for outer white space (DIN 91379).
    fn name_text(self, name: &'static str) -> Option<String> {
        self.child(name)
            .map(|child| raw_text(child.0))
            .filter(|text| !text.is_empty())
    }

    fn date(self, name: &'static str) -> Option<PartialDate> {
        self.text(name).map(|text| PartialDate(without_zone(&text).to_owned()))
    }

    fn partial_date(self, name: &'static str) -> Option<PartialDate> {
        let inner = self.child(name)?.0.children().find(Node::is_element)?;
        Some(PartialDate(without_zone(&text_of(inner)).to_owned()))
    }

    fn decimal(self, name: &'static str) -> Option<Decimal> {
        Decimal::parse(&self.text(name)?).ok()
    }

    fn boolean(self, name: &'static str) -> Option<bool> {
        self.text(name).map(|text| matches!(text.as_str(), "true" | "1"))
    }

    /// This element as a code.
    fn code(self) -> Code {
        let text = self.text("code").unwrap_or_default();
        let named_list = self.0.attribute("listURI").and_then(CodeList::with_uri);
        let list = match CodeList::of_uri(&text) {
            None if !text.contains('/') && self.0.tag_name().name() == "bundesland" => CodeList::named("bundesland"),
            None if !text.contains('/') => named_list,
            found => found,
        };
        Code::in_list(&text, list, self.text("name"))
    }

    fn code_of(self, name: &'static str) -> Option<Code> {
        self.child(name).map(Self::code)
    }

    fn codes_of(self, name: &'static str) -> Vec<Code> {
        self.children(name).map(Self::code).collect()
    }

    /// A code in the form `code` + `nichtGelisteterWert`: the unlisted value becomes the label.
    fn wrapped(self) -> Option<Code> {
        let code = self.code_of("code")?;
        match self.text("nichtGelisteterWert") {
            Some(value) => Some(Code::in_list(code.as_str(), None, Some(value))),
            None => Some(code),
        }
    }

    fn wrapped_of(self, name: &'static str) -> Option<Code> {
        self.child(name)?.wrapped()
    }

    fn wrapped_codes(self, name: &'static str) -> Vec<Code> {
        self.children(name).filter_map(Self::wrapped).collect()
    }

    fn place(self) -> Place {
        Place {
            locality: self.name_text("ort").unwrap_or_default(),
            country: self.code_of("staat"),
        }
    }

    fn occasion(self) -> Read<Occasion> {
        Ok(Occasion {
            date: self.date("datum"),
            place: self.child("ort").map(Self::place),
        })
    }

    fn period(self) -> Period {
        Period {
            start: self.date("beginn"),
            end: self.date("ende"),
        }
    }

    fn pupil(self) -> Read<Pupil> {
        let name = self.required("nameNatuerlichePerson")?;
        let part = |part| name.child(part).and_then(|part| part.name_text("name"));
        let birth = self.child("geburt");
        Ok(Pupil {
            family_name: part("familienname"),
            given_name: part("vorname"),
            birth_family_name: part("geburtsname"),
            birth_date: birth.and_then(|birth| birth.partial_date("datum")),
            birth_place: birth.and_then(|birth| birth.child("geburtsort")).map(Self::place),
            course_of_education: self.text("bildungsgang"),
        })
    }

    fn school(self) -> Read<School> {
        let name = self.child("name");
        Ok(School {
            name: name.and_then(|name| name.name_text("name")),
            short_name: name.and_then(|name| name.name_text("kurzbezeichnung")),
            ids: self.children("identifikation").filter_map(|id| id.text("id")).collect(),
            locality: self.children("anschrift").find_map(|address| address.name_text("ort")),
            types: self.wrapped_codes("schulform"),
            sponsor: self.code_of("artDerTraegerschaft"),
        })
    }

    fn general(self) -> Read<General> {
        let schooling = self
            .child("schulpflicht")
            .map(|schooling| match schooling.boolean("erfuellt") {
                Some(true) => CompulsorySchooling::Fulfilled,
                Some(false) => CompulsorySchooling::Open,
                None => CompulsorySchooling::Exempt,
            });
        // In message 0005 `nachweisperiode` is the code itself, in 0003 it wraps one.
        let period_kind = self.child("nachweisperiode").map(|kind| kind.wrapped_or_code());
        Ok(General {
            kind: self.required("artDesZeugnisses")?.code(),
            state: self.code_of("bundesland"),
            eqf: self.code_of("niveauEQR"),
            entitlements: self.codes_of("artDerHZB"),
            qualifications: self.wrapped_codes("artDesSchulabschlusses"),
            acquired: self.child("erwerb").map(Self::occasion).transpose()?,
            years: self.codes_of("jahrgangsstufe"),
            class: self.text("klasse"),
            period_kind,
            period: self.child("nachweiszeitraum").map(Self::period),
            schooling,
            focus: self.children("schwerpunkt").map(|focus| text_of(focus.0)).collect(),
            course_of_education: self.text("bildungsgang"),
            occupational_maturity: self.text("artDerBerufsreife"),
        })
    }

    fn wrapped_or_code(self) -> Code {
        let wraps = self.child("code").is_some_and(|inner| inner.child("code").is_some());
        wraps.then(|| self.wrapped()).flatten().unwrap_or_else(|| self.code())
    }

    fn mark(self) -> Mark {
        let scale = |name| {
            let uri = self.child(name)?.text("schemaURI")?;
            Some(Code::from_uri(&uri))
        };
        Mark {
            grade: self.text("note"),
            words: self.text("wortbezeichnung"),
            points: self.decimal("punkte"),
            grade_scale: scale("bewertungsschemaNote"),
            points_scale: scale("bewertungsschemaPunkte"),
            description: self.text("beschreibung"),
        }
    }

    fn course(self) -> Read<Course> {
        Ok(Course {
            name: self.text("bezeichnung"),
            subjects: self.codes_of("fach"),
            level: self.code_of("anforderungsniveau"),
            obligation: self.wrapped_of("verpflichtungsgrad"),
            field: self.wrapped_of("aufgabenfeld"),
            year: self.required("jahrgangsstufe")?.code(),
            half_year: self.required("halbjahr")?.code(),
            marks: self.children("note").map(Self::mark).collect(),
            status: self.code_of("status"),
            counts: self.boolean("berechnungsgrundlage"),
            hours: self.decimal("stunden"),
        })
    }

    fn exam(self) -> Read<Exam> {
        let kind = self.required("artDerPruefung")?;
        Ok(Exam {
            mark: self.required("note")?.mark(),
            kind: kind.required("code")?.code(),
            other_kind: kind.text("nichtGelisteterWert"),
            name: self.text("bezeichnung"),
            subjects: self.codes_of("fach"),
            level: self.code_of("anforderungsniveau"),
            counts: self.boolean("berechnungsgrundlage"),
        })
    }

    fn section(self) -> Read<Section> {
        let mut exams = self.each("pruefung", Self::exam)?;
        exams.append(&mut self.each("pruefungsergebnis", Self::exam)?);
        Ok(Section {
            title: self.text("bezeichnung"),
            description: self.text("beschreibung"),
            marks: self
                .children("gesamtnote")
                .chain(self.children("note"))
                .map(Self::mark)
                .collect(),
            courses: self.each("kurs", Self::course)?,
            exams,
        })
    }

    fn section_of(self, courses: &[Self]) -> Read<Section> {
        Ok(Section {
            title: None,
            description: None,
            marks: Vec::new(),
            courses: courses.iter().map(|course| course.course()).collect::<Read<_>>()?,
            exams: Vec::new(),
        })
    }

    fn abitur(self) -> Read<Abitur> {
        let block_3 = self.required("block-iii")?;
        let languages = self.child("fremdsprachen");
        Ok(Abitur {
            further: self.required("block-i")?.each("weitereLeistung", Self::exam)?,
            average: block_3.required("durchschnittsnote")?.mark(),
            total: block_3.child("gesamtpunktzahl").map(Self::mark),
            block_1: block_3.child("punktsummeBlockI").map(Self::mark),
            block_2: block_3.child("punktsummeBlockII").map(Self::mark),
            language_qualifications: languages
                .map(|languages| languages.codes_of("weitereSprachkenntnisse"))
                .unwrap_or_default(),
        })
    }

    fn attendance(self) -> Attendance {
        Attendance {
            year: self.code_of("jahrgangsstufe"),
            school_year: self.child("schuljahr").map(|year| Period {
                start: year.partial_date("beginn"),
                end: year.partial_date("ende"),
            }),
            period: self.child("zeitraum").map(Self::period),
            expected: self.wrapped_of("voraussichtlicherAbschluss"),
        }
    }

    fn language_skill(self) -> Read<LanguageSkill> {
        Ok(LanguageSkill {
            language: self.required("sprache")?.code(),
            order: self.wrapped_of("abfolge"),
            start: self.code_of("beginn"),
            end: self.code_of("ende"),
            levels: self.codes_of("ger"),
            qualification: self.code_of("erreichterAbschluss"),
        })
    }

    fn internship(self) -> Internship {
        Internship {
            name: self.text("namePraktikumsstelle"),
            period: self.child("zeitraum").map(Self::period),
            place: self.child("ort").map(Self::place),
        }
    }

    fn absences(self) -> Absences {
        Absences {
            days: self.decimal("tageGesamt"),
            days_excused: self.decimal("tageEntschuldigt"),
            hours: self.decimal("stundenGesamt"),
            hours_excused: self.decimal("stundenEntschuldigt"),
        }
    }

    fn remark(self) -> Read<Remark> {
        Ok(Remark {
            kind: self.required("art")?.code(),
            text: self.text("beschreibung"),
        })
    }
}
