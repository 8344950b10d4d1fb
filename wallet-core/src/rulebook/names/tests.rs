use super::NameMatch::{Different, Likely, Same};
use super::*;

/// Names as they stand in the two documents, and what a clerk would say.
const TABLE: &[(&str, &str, NameMatch)] = &[
    // Case, as the German PID writes it.
    ("MUSTERMANN", "Mustermann", Same),
    ("STRAẞENBERG", "Straßenberg", Same),
    ("STRASSENBERG", "Straßenberg", Same),
    ("STRASSENBERG", "STRAẞENBERG", Same),
    ("Weiß", "Weiss", Likely),
    ("WEISS", "Weiss", Same),
    ("WEISS", "Weiß", Same),
    ("von der Heide", "VON DER HEIDE", Same),
    ("McDonald", "MCDONALD", Same),
    // Encoding: NFC and NFD, signs that look alike, white space.
    ("Müller", "Mu\u{308}ller", Same),
    ("D’Angelo", "D'Angelo", Same),
    ("Müller\u{2010}Lüdenscheidt", "Müller-Lüdenscheidt", Same),
    ("Müller - Lüdenscheidt", "Müller-Lüdenscheidt", Same),
    ("  Anna \t Maria ", "Anna Maria", Same),
    ("Mül\u{ad}ler", "Müller", Same),
    // Umlauts written out or left out.
    ("Müller", "Mueller", Likely),
    ("MUELLER", "Müller", Likely),
    ("Müller", "Muller", Likely),
    ("Jörg", "Joerg", Likely),
    ("Schäfer-Möller", "SCHAEFER-MOELLER", Likely),
    ("Schäfer-Möller", "SCHAEFER MOLLER", Likely),
    ("Größl", "GROESSL", Likely),
    ("Müller", "Möller", Different),
    ("Mueller", "Muller", Different),
    // Joints.
    ("Anna-Lena", "Anna Lena", Likely),
    ("Anna-Lena", "Annalena", Likely),
    ("O’Brien", "OBRIEN", Likely),
    ("von der Heide", "Vonderheide", Likely),
    // Several given names; a married name.
    ("Erika", "ERIKA MARIA", Likely),
    ("Maria", "Erika Maria", Likely),
    ("Maria Erika", "Erika Maria", Likely),
    ("Gabler", "Gabler-Mustermann", Likely),
    ("Erika", "Maria", Different),
    ("Erika Luise", "Erika Maria", Different),
    ("von Berg", "von Tal", Different),
    ("von", "von Berg", Different),
    // Doctoral degrees.
    ("DR. MUSTERMANN", "Mustermann", Same),
    ("Dr. med. dent. Mustermann", "Mustermann", Same),
    ("Prof. Dr.-Ing. Mustermann", "MUSTERMANN", Same),
    ("Dr. h.c. Müller", "Mueller", Likely),
    ("Med", "Dr. Med", Same),
    ("Professor", "Mustermann", Different),
    // Turkish.
    ("IŞIK", "Işık", Same),
    ("İSMAİL", "İsmail", Same),
    ("ISMAIL", "İsmail", Same),
    ("Yıldız", "YILDIZ", Same),
    ("Öztürk", "OZTURK", Likely),
    ("Öztürk", "OEZTUERK", Likely),
    ("Çağlar Şahin", "Caglar Sahin", Likely),
    ("Gökçe", "Gülçe", Different),
    // Polish, Czech, Croatian, Hungarian.
    ("Łukasz Wójcik", "ŁUKASZ WÓJCIK", Same),
    ("Łukasz", "Lukasz", Likely),
    ("Wójcik", "WOJCIK", Likely),
    ("Żółć", "ŻÓŁĆ", Same),
    ("Kowalski", "Kowalska", Different),
    ("Dvořák", "Dvorak", Likely),
    ("Đorđević", "Dordevic", Likely),
    ("Erdős", "Erdos", Likely),
    // Vietnamese.
    ("Nguyễn", "NGUYỄN", Same),
    ("Nguyễn", "Nguye\u{302}\u{303}n", Same),
    ("Nguyễn", "Nguyen", Likely),
    ("Đặng Thị Ánh", "DANG THI ANH", Likely),
    ("Thị Ánh", "Ánh", Likely),
    ("Thị", "Thị Ánh", Different),
    // Nordic, Icelandic, French, Romanian, Lithuanian.
    ("Søren", "Soeren", Likely),
    ("Søren", "Soren", Likely),
    ("Þórðarson", "Thordarson", Likely),
    ("Ångström", "A\u{30a}ngstro\u{308}m", Same),
    ("d’Œuvre", "D'OEUVRE", Likely),
    ("Zoë", "Zoe", Likely),
    ("Țepeș", "Tepes", Likely),
    ("Žemaitė", "ŽEMAITĖ", Same),
    // Nothing, and other scripts.
    ("", "", Same),
    ("", "Erika", Different),
    ("-", "Erika", Different),
    ("ΣΊΣΥΦΟΣ", "Σίσυφος", Same),
    ("Иванов", "Ivanov", Different),
    ("Иванов", "ИВАНОВ", Same),
];

#[test]
fn names_are_compared_as_a_clerk_would() {
    for (a, b, expected) in TABLE {
        assert_eq!(compare(a, b), *expected, "{a:?} and {b:?}");
    }
}

#[test]
fn the_order_does_not_matter_and_a_name_is_itself() {
    for (a, b, expected) in TABLE {
        assert_eq!(compare(b, a), *expected, "{b:?} and {a:?}");
        assert_eq!(compare(a, a), Same, "{a:?}");
    }
}

/// PID checklist §3: never a rejection for case alone.
#[test]
fn case_alone_never_makes_names_different() {
    for (a, _, _) in TABLE {
        assert_eq!(compare(a, &a.to_uppercase()), Same, "{a:?}");
        assert_ne!(compare(a, &a.to_lowercase()), Different, "{a:?}");
    }
}

#[test]
fn the_worst_of_several_fields_counts() {
    assert_eq!(Same.min(Likely), Likely);
    assert_eq!(Likely.min(Different), Different);
}

#[test]
fn what_is_too_long_for_a_name_is_compared_as_written() {
    let long = "ä".repeat(LONGEST);
    assert_eq!(compare(&long, &long), Same);
    assert_eq!(compare(&long, &long.to_uppercase()), Different);
}
