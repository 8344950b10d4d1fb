//! From the typed model to the claims of a credential.
//!
//! Marks are JSON strings with a decimal point (`"1.3"`): most readers turn JSON numbers into doubles, which cannot
//! hold 1.3, and DCQL `values` compares strings, integers and booleans only (OpenID4VP 1.0 §6.3).
//! Codes are the last part of their URI; the label of the subject stands beside its code, so that a reader without
//! the lists can still show it. Addresses, health, religion, nationality, guardians and pupil numbers never become
//! claims.

use std::collections::BTreeMap;

use super::super::Language;
use super::super::codes::{self, Code, CodeList, Entry};
use super::super::text::collapse;
use super::SchoolReport;
use super::model::*;
use crate::codec::{Json, Object};

/// What the issuer adds that the message cannot say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClaimOptions {
    /// The legal role of the document (S9).
    pub role: DocumentRole,
    /// Production, or a test that no production verifier may accept (S36).
    pub setting: Setting,
}

impl ClaimOptions {
    /// An original in this setting.
    pub fn original(setting: Setting) -> Self {
        Self {
            role: DocumentRole::Original,
            setting,
        }
    }

    /// The same with another role.
    #[must_use]
    pub fn with_role(self, role: DocumentRole) -> Self {
        Self { role, ..self }
    }
}

/// The legal role of a document, as on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentRole {
    /// A certified copy.
    Copy,
    /// A duplicate, issued because the original was lost.
    Duplicate,
    /// The original.
    Original,
}

/// Whether a credential counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// It counts.
    Production,
    /// It is for tests and demonstrations and says so.
    Test,
}

impl SchoolReport {
    /// The claims of the credential, without the technical ones (`iss`, `vct`, `cnf`, `status`, …) that the issuer adds.
    ///
    /// The type's description says which of them are disclosed one by one
    /// ([`CredentialType::disclosure_paths`](super::super::CredentialType::disclosure_paths)).
    pub fn to_claims(&self, options: &ClaimOptions) -> Object {
        let mut claims = Object::new();
        self.put_document(&mut claims, options);
        self.put_pupil(&mut claims);
        if let Some(school) = &self.school {
            claims.insert("school", school_claim(school, self.state()));
        }
        if let Some(general) = &self.general {
            put_general(&mut claims, general);
        }
        if let Some(abitur) = &self.abitur {
            put_abitur(&mut claims, abitur);
        }
        if let Some(attendance) = &self.attendance {
            put_attendance(&mut claims, attendance);
        }
        self.put_marks(&mut claims);
        put_list(&mut claims, "languages", self.languages.iter().map(language_claim));
        let internships = self.internships.iter().filter(|_| self.message != Message::Transfer);
        put_list(&mut claims, "internships", internships.map(internship_claim));
        if let Some(absences) = &self.absences {
            put_list(&mut claims, "absences", absence_claims(absences).into_iter());
        }
        put_list(&mut claims, "remarks", self.remarks.iter().map(remark_claim));
        claims
    }

    fn put_document(&self, claims: &mut Object, options: &ClaimOptions) {
        put(claims, "document_title", self.title.clone());
        let role = match options.role {
            DocumentRole::Copy => "copy",
            DocumentRole::Duplicate => "duplicate",
            DocumentRole::Original => "original",
        };
        put(claims, "document_role", Some(role));
        if options.setting == Setting::Test {
            claims.insert("test", true);
        }
        let date = self.date().map(|date| date.as_str().to_owned());
        put(claims, "date_of_issuance", date.clone());
        let place = self.issued.iter().find_map(|occasion| occasion.place.as_ref());
        put(claims, "place_of_issuance", place.map(|place| place.locality.clone()));
        put(claims, "issuing_country", Some("DE"));
        put(claims, "issuing_jurisdiction", self.state());
        let language = self.language.entry().and_then(Entry::key);
        put(claims, "document_language", language);
        // S25: where each value comes from, and of when it is.
        let mut source = Object::new();
        put(&mut source, "kind", Some("school_record"));
        put(&mut source, "standard", Some("XSchule 1.2"));
        put(&mut source, "message", Some(self.message.name()));
        put(&mut source, "date", date);
        claims.insert("source", source);
    }

    fn put_pupil(&self, claims: &mut Object) {
        let pupil = &self.pupil;
        put(claims, "family_name", pupil.family_name.clone());
        put(claims, "given_name", pupil.given_name.clone());
        put(claims, "birth_family_name", pupil.birth_family_name.clone());
        put(claims, "birthdate", pupil.birth_date.as_ref().map(PartialDate::as_str));
        if let Some(place) = &pupil.birth_place {
            let mut claim = Object::new();
            put(&mut claim, "locality", Some(place.locality.clone()));
            put(&mut claim, "country", place.country.as_ref().and_then(country));
            claims.insert("place_of_birth", claim);
        }
    }

    fn put_marks(&self, claims: &mut Object) {
        let courses = self.sections.iter().flat_map(|section| {
            section
                .courses
                .iter()
                .map(|course| course_claim(course, section.title.as_deref()))
        });
        put_list(claims, "courses", courses);
        let further = self.abitur.iter().flat_map(|abitur| &abitur.further);
        put_list(claims, "exams", self.exams().map(exam_claim));
        put_list(claims, "further_achievements", further.map(exam_claim));
        let combined = self.sections.iter().flat_map(|section| {
            section.marks.iter().map(|mark| {
                let mut claim = Object::new();
                put(&mut claim, "section", section.title.clone());
                put_mark(&mut claim, mark);
                claim
            })
        });
        put_list(claims, "combined_marks", combined);
        let subjects = self.subjects();
        if !subjects.is_empty() {
            claims.insert("subjects", subjects);
        }
    }

    /// The courses once more, by subject: a verifier can ask for `["subjects", "mathematics"]`, but cannot know the
    /// index of a course. Derived from `courses`, signed with it, each subject disclosed on its own.
    fn subjects(&self) -> Object {
        let mut subjects: BTreeMap<String, Object> = BTreeMap::new();
        for course in self.courses() {
            for (key, name) in subject_keys(course) {
                let subject = subjects
                    .entry(key)
                    .or_insert_with(|| Object::new().with("name", Json::from(name)));
                if let Some(level) = &course.level {
                    subject.insert("level", level.short());
                }
                for mark in &course.marks {
                    let result = mark_text(mark);
                    let Some((kind, value)) = result else { continue };
                    match subject.get_mut(kind) {
                        Some(Json::Array(values)) => values.push(Json::from(value)),
                        _ => {
                            subject.insert(kind, vec![Json::from(value)]);
                        }
                    }
                }
            }
        }
        subjects
            .into_iter()
            .map(|(key, subject)| (key, Json::from(subject)))
            .collect()
    }

    /// The federal state as ISO 3166-2, from the report or from the number of the school.
    pub(super) fn state(&self) -> Option<&'static str> {
        let stated = self
            .general
            .as_ref()
            .and_then(|general| general.state.as_ref()?.entry()?.key());
        stated.or_else(|| {
            let ids = self
                .school
                .as_ref()
                .map(|school| school.ids.as_slice())
                .unwrap_or_default();
            ids.iter().find_map(|id| {
                let (state, _) = id.split_once('_')?;
                let states = CodeList::named("bundesland")?.entries();
                states
                    .iter()
                    .filter_map(Entry::key)
                    .find(|key| key.strip_prefix("DE-") == Some(state))
            })
        })
    }
}

fn put(object: &mut Object, name: &str, value: Option<impl Into<Json>>) {
    if let Some(value) = value {
        object.insert(name, value);
    }
}

fn put_list(object: &mut Object, name: &str, items: impl Iterator<Item = Object>) {
    let items: Vec<Json> = items.map(Json::from).collect();
    if !items.is_empty() {
        object.insert(name, items);
    }
}

fn short(code: Option<&Code>) -> Option<&str> {
    code.map(Code::short)
}

fn short_codes(codes: &[Code]) -> Option<Vec<Json>> {
    (!codes.is_empty()).then(|| codes.iter().map(|code| Json::from(code.short())).collect())
}

/// ISO 3166-1 for Germany; other countries by the name that the document gives.
fn country(code: &Code) -> Option<String> {
    match code.as_str() {
        "000" => Some("DE".to_owned()),
        _ => code.label(Language::German).map(str::to_owned),
    }
}

fn school_claim(school: &School, state: Option<&str>) -> Object {
    let mut claim = Object::new();
    put(&mut claim, "name", school.name.clone());
    put(&mut claim, "id", school.ids.first().cloned());
    put(&mut claim, "locality", school.locality.clone());
    put(&mut claim, "state", state);
    put(&mut claim, "types", short_codes(&school.types));
    put(&mut claim, "sponsor", short(school.sponsor.as_ref()));
    claim
}

fn put_period(claims: &mut Object, name: &str, period: Option<&Period>) {
    let Some(period) = period else { return };
    let mut claim = Object::new();
    put(&mut claim, "start", period.start.as_ref().map(PartialDate::as_str));
    put(&mut claim, "end", period.end.as_ref().map(PartialDate::as_str));
    if !claim.is_empty() {
        claims.insert(name, claim);
    }
}

fn put_general(claims: &mut Object, general: &General) {
    put(claims, "report_type", Some(general.kind.short()));
    put(claims, "eqf_level", short(general.eqf.as_ref()));
    put(claims, "entitlements", short_codes(&general.entitlements));
    let qualifications = general.qualifications.iter().map(|code| match code.list() {
        Some(_) => code.short(),
        None => code.display(Language::German),
    });
    let qualifications: Vec<Json> = qualifications.map(Json::from).collect();
    put(
        claims,
        "qualifications",
        (!qualifications.is_empty()).then_some(qualifications),
    );
    let acquired = general.acquired.as_ref().and_then(|acquired| acquired.date.as_ref());
    put(claims, "qualification_date", acquired.map(PartialDate::as_str));
    put(claims, "years", short_codes(&general.years));
    put(claims, "class", general.class.clone());
    put_period(claims, "report_period", general.period.as_ref());
    put(claims, "period_kind", short(general.period_kind.as_ref()));
    let schooling = general.schooling.map(|schooling| match schooling {
        CompulsorySchooling::Exempt => "exempt",
        CompulsorySchooling::Fulfilled => "fulfilled",
        CompulsorySchooling::Open => "open",
    });
    put(claims, "compulsory_schooling", schooling);
    put(claims, "course_of_education", general.course_of_education.clone());
    put(claims, "occupational_maturity", general.occupational_maturity.clone());
    let focus: Vec<Json> = general.focus.iter().cloned().map(Json::from).collect();
    put(claims, "focus", (!focus.is_empty()).then_some(focus));
}

fn put_abitur(claims: &mut Object, abitur: &Abitur) {
    put(
        claims,
        "final_grade",
        abitur.average.grade_value().map(|grade| grade.to_string()),
    );
    put(claims, "final_grade_words", abitur.average.words.clone());
    for (name, mark) in [
        ("total_points", &abitur.total),
        ("block_1_points", &abitur.block_1),
        ("block_2_points", &abitur.block_2),
    ] {
        let points = mark.as_ref().and_then(|mark| mark.points);
        put(claims, name, points.map(|points| points.to_string()));
    }
    put(
        claims,
        "language_qualifications",
        short_codes(&abitur.language_qualifications),
    );
}

fn put_attendance(claims: &mut Object, attendance: &Attendance) {
    put(claims, "year", short(attendance.year.as_ref()));
    put_period(claims, "school_year", attendance.school_year.as_ref());
    put_period(claims, "attendance_period", attendance.period.as_ref());
    put(claims, "expected_qualification", short(attendance.expected.as_ref()));
}

fn put_mark(claim: &mut Object, mark: &Mark) {
    let grade = mark
        .grade_value()
        .map(|grade| grade.to_string())
        .or_else(|| mark.grade.clone());
    put(claim, "grade", grade);
    put(claim, "grade_words", mark.words.clone());
    put(claim, "points", mark.points.map(|points| points.to_string()));
    let scale = mark
        .points_scale
        .as_ref()
        .filter(|_| mark.points.is_some())
        .or(mark.grade_scale.as_ref());
    put(claim, "scale", short(scale));
}

/// Points where there are some, else the grade.
fn mark_text(mark: &Mark) -> Option<(&'static str, String)> {
    match mark.points {
        Some(points) => Some(("points", points.to_string())),
        None => {
            let grade = mark
                .grade_value()
                .map(|grade| grade.to_string())
                .or_else(|| mark.grade.clone());
            Some(("grades", grade.or_else(|| mark.words.clone())?))
        }
    }
}

fn subject_keys(course: &Course) -> Vec<(String, String)> {
    let name = |code: &Code| {
        course
            .name
            .clone()
            .unwrap_or_else(|| code.display(Language::German).to_owned())
    };
    let known = course.subjects.iter().filter_map(|code| {
        let key = code.entry()?.key()?;
        Some((key.to_owned(), name(code)))
    });
    let known: Vec<_> = known.filter(|(key, _)| key != "other_subject").collect();
    if !known.is_empty() {
        return known;
    }
    let key = |name: &str| codes::subject_key(name).map_or_else(|| slug(name), str::to_owned);
    let named = course.name.iter().map(|name| (key(name), name.clone()));
    named.collect()
}

/// A key for a subject that no list knows: its name in lower case, with `_` for what is no letter or digit.
fn slug(name: &str) -> String {
    let lower = name.to_lowercase();
    let spaced: String = lower
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    collapse(&spaced).replace(' ', "_")
}

fn course_claim(course: &Course, section: Option<&str>) -> Object {
    let mut claim = Object::new();
    put_subjects(&mut claim, course.name.as_deref(), &course.subjects);
    put(&mut claim, "section", section);
    put(&mut claim, "level", short(course.level.as_ref()));
    put(&mut claim, "obligation", short(course.obligation.as_ref()));
    put(&mut claim, "field", short(course.field.as_ref()));
    put(&mut claim, "year", Some(course.year.short()));
    put(&mut claim, "half_year", Some(course.half_year.short()));
    match course.marks.as_slice() {
        [] => {}
        [mark] => put_mark(&mut claim, mark),
        marks => put_list(
            &mut claim,
            "marks",
            marks.iter().map(|mark| {
                let mut claim = Object::new();
                put_mark(&mut claim, mark);
                put(&mut claim, "description", mark.description.clone());
                claim
            }),
        ),
    }
    put(&mut claim, "status", short(course.status.as_ref()));
    put(&mut claim, "counts", course.counts);
    claim
}

fn put_subjects(claim: &mut Object, name: Option<&str>, subjects: &[Code]) {
    let label = subjects.first().map(|code| code.display(Language::German));
    put(claim, "subject", name.or(label));
    let full = |code: &Code| match code.list() {
        Some(list) => format!("{}/{}", list.name(), code.short()),
        None => code.as_str().to_owned(),
    };
    match subjects {
        [] => {}
        [one] => put(claim, "subject_code", Some(full(one))),
        many => put(
            claim,
            "subject_code",
            Some(many.iter().map(|code| Json::from(full(code))).collect::<Vec<_>>()),
        ),
    }
}

fn exam_claim(exam: &Exam) -> Object {
    let mut claim = Object::new();
    put_subjects(&mut claim, exam.name.as_deref(), &exam.subjects);
    let kind = exam.other_kind.as_deref().unwrap_or_else(|| exam.kind.short());
    put(&mut claim, "kind", Some(kind));
    put(&mut claim, "level", short(exam.level.as_ref()));
    put_mark(&mut claim, &exam.mark);
    put(&mut claim, "counts", exam.counts);
    claim
}

fn language_claim(skill: &LanguageSkill) -> Object {
    let mut claim = Object::new();
    let key = skill.language.entry().and_then(Entry::key);
    put(
        &mut claim,
        "language",
        Some(key.unwrap_or_else(|| skill.language.short())),
    );
    put(&mut claim, "order", short(skill.order.as_ref()));
    put(&mut claim, "start", short(skill.start.as_ref()));
    put(&mut claim, "end", short(skill.end.as_ref()));
    let level = |code: &Code| Json::from(code.entry().and_then(Entry::key).unwrap_or_else(|| code.short()));
    let levels: Vec<Json> = skill.levels.iter().map(level).collect();
    put(&mut claim, "cefr", (!levels.is_empty()).then_some(levels));
    put(&mut claim, "qualification", short(skill.qualification.as_ref()));
    claim
}

fn internship_claim(internship: &Internship) -> Object {
    let mut claim = Object::new();
    put(&mut claim, "name", internship.name.clone());
    put(
        &mut claim,
        "locality",
        internship.place.as_ref().map(|place| place.locality.clone()),
    );
    put_period(&mut claim, "period", internship.period.as_ref());
    claim
}

/// One entry for days and one for hours, so that each is disclosed on its own.
fn absence_claims(absences: &Absences) -> Vec<Object> {
    let entry = |unit: &str, total: Option<_>, excused: Option<_>| {
        let text = |value: super::super::decimal::Decimal| value.to_string();
        let mut claim = Object::new();
        put(&mut claim, "unit", Some(unit));
        put(&mut claim, "total", total.map(text));
        put(&mut claim, "excused", excused.map(text));
        (total.is_some() || excused.is_some()).then_some(claim)
    };
    let days = entry("days", absences.days, absences.days_excused);
    let hours = entry("hours", absences.hours, absences.hours_excused);
    days.into_iter().chain(hours).collect()
}

fn remark_claim(remark: &Remark) -> Object {
    let mut claim = Object::new();
    put(&mut claim, "kind", Some(remark.kind.short()));
    put(&mut claim, "text", remark.text.clone());
    claim
}
