//! A preview for people: labels and values, with a decimal comma for German readers.

use super::super::Language;
use super::super::codes::{Code, CodeList, Entry};
use super::super::decimal::Decimal;
use super::SchoolReport;
use super::model::*;

impl SchoolReport {
    /// Lines of label and value that show a person what the report says. Holds personal data: never log it.
    pub fn summary(&self, language: Language) -> Vec<(String, String)> {
        let mut lines = Lines {
            language,
            lines: Vec::new(),
        };
        let title = self.title.as_deref().unwrap_or_else(|| self.message.label(language));
        lines.add("Dokument", "Document", title);
        let pupil = &self.pupil;
        let names = [&pupil.given_name, &pupil.family_name].map(|name| name.as_deref().unwrap_or_default());
        lines.add("Name", "Name", names.join(" ").trim());
        lines.maybe(
            "Geboren am",
            "Born",
            pupil.birth_date.as_ref().map(|date| date.display(language)),
        );
        lines.maybe(
            "Geburtsort",
            "Place of birth",
            pupil.birth_place.as_ref().map(|place| place.locality.clone()),
        );
        if let Some(school) = &self.school {
            lines.maybe("Schule", "School", school.name.clone());
        }
        let state = self.state().and_then(|key| {
            let states = CodeList::named("bundesland")?.entries();
            states
                .iter()
                .find(|state| state.key() == Some(key))
                .map(|state| state.label(language))
        });
        lines.maybe("Land", "State", state);
        lines.maybe("Datum", "Date", self.date().map(|date| date.display(language)));
        if let Some(general) = &self.general {
            lines.code("Zeugnisart", "Kind of report", Some(&general.kind));
            lines.maybe("Klasse", "Class", general.class.clone());
            general
                .years
                .iter()
                .for_each(|year| lines.code("Jahrgangsstufe", "Year", Some(year)));
            for qualification in &general.qualifications {
                lines.code("Abschluss", "Qualification", Some(qualification));
            }
        }
        if let Some(abitur) = &self.abitur {
            lines.mark("Durchschnittsnote", "Final grade", Some(&abitur.average));
            lines.mark("Gesamtpunktzahl", "Total points", abitur.total.as_ref());
            lines.mark("Punkte Block I", "Points block I", abitur.block_1.as_ref());
            lines.mark("Punkte Block II", "Points block II", abitur.block_2.as_ref());
        }
        if let Some(attendance) = &self.attendance {
            lines.code("Jahrgangsstufe", "Year", attendance.year.as_ref());
            let end = attendance.period.as_ref().and_then(|period| period.end.as_ref());
            lines.maybe(
                "Schulbesuch bis",
                "Attends until",
                end.map(|date| date.display(language)),
            );
            lines.code(
                "Voraussichtlicher Abschluss",
                "Expected qualification",
                attendance.expected.as_ref(),
            );
        }
        for course in self.courses() {
            let marks: Vec<_> = course.marks.iter().filter_map(|mark| lines.text_of(mark)).collect();
            // A course without a mark still says whether it was passed.
            let status = || course.status.as_ref().map(|status| status.display(language).to_owned());
            let marks = if marks.is_empty() {
                status().into_iter().collect()
            } else {
                marks
            };
            let name = course_name(course, language);
            lines.add(&name, &name, &marks.join(", "));
        }
        for exam in self.exams() {
            let kind = exam.kind.display(language);
            let subject = exam.subjects.first().map(|subject| subject.display(language));
            let name = format!("{kind}: {}", subject.or(exam.name.as_deref()).unwrap_or_default());
            let mark = lines.text_of(&exam.mark).unwrap_or_default();
            lines.add(&name, &name, &mark);
        }
        for skill in &self.languages {
            let levels: Vec<_> = skill
                .levels
                .iter()
                .map(|code| code.entry().and_then(Entry::key).unwrap_or(code.short()))
                .collect();
            let text = format!("{} {}", skill.language.display(language), levels.join("–"));
            lines.add("Fremdsprache", "Foreign language", text.trim());
        }
        if let Some(absences) = &self.absences {
            lines.number("Fehltage", "Days absent", absences.days);
            lines.number("davon entschuldigt", "of these excused", absences.days_excused);
            lines.number("Fehlstunden", "Hours absent", absences.hours);
            lines.number("davon entschuldigt", "of these excused", absences.hours_excused);
        }
        for remark in &self.remarks {
            let kind = remark.kind.display(language).to_owned();
            lines.add(&kind, &kind, remark.text.as_deref().unwrap_or_default());
        }
        lines.lines
    }
}

fn course_name(course: &Course, language: Language) -> String {
    let subject = course.subjects.first().map(|subject| subject.display(language));
    let name = match language {
        Language::German => course.name.as_deref().or(subject),
        Language::English => subject.or(course.name.as_deref()),
    };
    let (year, half) = (course.year.display(language), course.half_year.display(language));
    format!("{} ({year}, {half})", name.unwrap_or_default())
}

struct Lines {
    language: Language,
    lines: Vec<(String, String)>,
}

impl Lines {
    fn add(&mut self, de: &str, en: &str, value: &str) {
        self.lines
            .push((self.language.pick(de, en).to_owned(), value.to_owned()));
    }

    fn maybe(&mut self, de: &str, en: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.add(de, en, value.as_ref());
        }
    }

    fn code(&mut self, de: &str, en: &str, code: Option<&Code>) {
        let language = self.language;
        self.maybe(de, en, code.map(|code| code.display(language)));
    }

    fn mark(&mut self, de: &str, en: &str, mark: Option<&Mark>) {
        let text = mark.and_then(|mark| self.text_of(mark));
        self.maybe(de, en, text);
    }

    fn number(&mut self, de: &str, en: &str, value: Option<Decimal>) {
        let text = value.map(|value| self.decimal(value));
        self.maybe(de, en, text);
    }

    fn decimal(&self, value: Decimal) -> String {
        match self.language {
            Language::German => value.to_german(),
            Language::English => value.to_string(),
        }
    }

    fn text_of(&self, mark: &Mark) -> Option<String> {
        let grade = mark.grade_value().map(|grade| self.decimal(grade));
        let grade = grade.or_else(|| mark.grade.clone()).or_else(|| mark.words.clone());
        let points = mark.points.map(|points| {
            let unit = self.language.pick("Punkte", "points");
            format!("{} {unit}", self.decimal(points))
        });
        match (grade, points) {
            (Some(grade), Some(points)) => Some(format!("{grade} ({points})")),
            (grade, points) => grade.or(points),
        }
    }
}
