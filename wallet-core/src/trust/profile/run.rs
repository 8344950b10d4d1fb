//! The profiles: which rules apply to which certificate of a path.

use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Encode as _, Tag};
use x509_cert::ext::pkix::{KeyUsage, KeyUsages};

use super::super::certificate::AlternativeName;
use super::{Certificate, CertificateProfile, ProfileRule, purpose};
use crate::crypto::Curve;
use crate::time::{OutsideValidity, Timestamp};

/// What the leaf signed, as far as rules depend on it.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::trust) struct Subject<'a> {
    pub(in crate::trust) signed: Option<Timestamp>,
    pub(in crate::trust) country: Option<&'a str>,
    pub(in crate::trust) state: Option<&'a str>,
    pub(in crate::trust) valid_until: Option<Timestamp>,
}

/// Takes in a rule, the position of the certificate, whether the rule is met, and what stands there instead.
pub(in crate::trust) type Report<'a> = dyn FnMut(ProfileRule, usize, bool, &dyn Fn() -> Option<String>) + 'a;

const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
const KEY_USAGE: &str = "2.5.29.15";
const NO_REVOCATION: &str = "2.5.29.56";
const OCSP: &str = "1.3.6.1.5.5.7.48.1";

/// ETSI EN 319 412-5 §4.2.1 and §4.2.3: `QcCompliance` and `QcType`.
const QC_COMPLIANCE: &str = "0.4.0.1862.1.1";
const QC_TYPE: &str = "0.4.0.1862.1.6";
/// `id-etsi-qct-pid` (ETSI TS 119 412-6 PID-4.5-01).
const QC_TYPE_PID: &str = "0.4.0.194126.1.1";

const DAY: i64 = 86_400;
/// ISO 18013-5 Annex B.1.2: 20 years; leap days are given.
const IACA_DAYS: i64 = 20 * 366;
/// ISO 18013-5 Annex B.1.4.
const DOCUMENT_SIGNER_DAYS: i64 = 457;
/// ISO 18013-5 Annex B.1.7.
const READER_DAYS: i64 = 1187;
/// ETSI EN 319 412-1 §5.2: short-term.
const SHORT_TERM_DAYS: i64 = 7;

/// The policies of access certificates (ETSI TS 119 411-8 §5.3).
const POLICIES: [(&str, Person, Grade); 4] = [
    ("0.4.0.194118.1.1", Person::Natural, Grade::Normalised),
    ("0.4.0.194118.1.2", Person::Legal, Grade::Normalised),
    ("0.4.0.194118.1.3", Person::Natural, Grade::Qualified),
    ("0.4.0.194118.1.4", Person::Legal, Grade::Qualified),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Person {
    Legal,
    Natural,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Grade {
    Normalised,
    Qualified,
}

/// Runs every rule of the profile over a path; `below` is the path from the leaf up to the anchor, without it.
pub(in crate::trust) fn run(
    profile: CertificateProfile,
    below: &[Certificate],
    anchor: Option<&Certificate>,
    subject: &Subject<'_>,
    report: &mut Report<'_>,
) {
    let Some(leaf) = below.first() else {
        return;
    };
    let above = below.get(1).or(anchor);
    match profile {
        CertificateProfile::Iaca => {
            Look::new(leaf, 0, report).iaca();
            return;
        }
        CertificateProfile::Access => Look::new(leaf, 0, report).access(),
        CertificateProfile::PidProvider => Look::new(leaf, 0, report).pid_provider(),
        _ => Look::new(leaf, 0, report).iso_leaf(profile),
    }
    leaf_of_any(leaf, profile, subject, report);
    let path: Vec<&Certificate> = below.iter().chain(anchor).collect();
    for (position, pair) in path.windows(2).enumerate() {
        let mut look = Look::new(pair[0], position, report);
        look.under(pair[1], profile);
    }
    let Some(above) = above else {
        return;
    };
    let mut look = Look::new(leaf, 0, report);
    match profile {
        CertificateProfile::Access | CertificateProfile::PidProvider => {}
        // ISO 18013-5 Annex B.1.7: readers have authorities of any shape above them, and as many as they like.
        CertificateProfile::Reader => look.states(above),
        _ => {
            let direct = below.len() == 1;
            look.rule(ProfileRule::DirectlyBelowAnchor, direct);
            look.states(above);
            if let (CertificateProfile::DocumentSigner, Some(anchor)) = (profile, anchor) {
                Look::new(anchor, below.len(), report).iaca();
            }
        }
    }
}

/// Rules that every profile of an end entity has, with its relation to the document.
fn leaf_of_any(leaf: &Certificate, profile: CertificateProfile, subject: &Subject<'_>, report: &mut Report<'_>) {
    let mut look = Look::new(leaf, 0, report);
    look.rule(ProfileRule::EndEntity, !leaf.is_ca());
    if let Some(signed) = subject.signed {
        // ISO 18013-5 §9.3.1: the document was signed while the certificate was valid.
        let inside = leaf.check_validity(signed).is_ok();
        look.found(ProfileRule::SignedWithinValidity, inside, &|| Some(signed.to_string()));
    }
    if let Some(until) = subject.valid_until {
        // ISO 18013-5 second edition §9.1.2.4: the document does not outlast the certificate.
        let outlasts = matches!(leaf.check_validity(until), Err(OutsideValidity::Expired { .. }));
        look.found(ProfileRule::UntilWithinValidity, !outlasts, &|| Some(until.to_string()));
    }
    if let Some(country) = subject.country
        && let Some(own) = leaf.country()
    {
        look.found(
            ProfileRule::CountryOfDocument,
            own.eq_ignore_ascii_case(country),
            &|| Some(own.to_owned()),
        );
    }
    if let Some(state) = subject.state
        && let Some(own) = leaf.state_or_province()
    {
        look.found(
            ProfileRule::StateOfDocument,
            subdivision(own) == subdivision(state),
            &|| Some(own.to_owned()),
        );
    }
    let purposes = leaf.extended_key_usage();
    look.found(ProfileRule::ExtendedKeyUsagePurpose, fits(profile, purposes), &|| {
        Some(purposes.join(", "))
    });
}

/// A subdivision without its country: ISO 3166-2 writes `DE-BE`, certificates also `BE`.
fn subdivision(text: &str) -> &str {
    match text.split_once('-') {
        Some((country, rest)) if country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()) => rest,
        _ => text,
    }
}

/// Whether key purposes, where there are any, allow what the profile is for.
fn fits(profile: CertificateProfile, purposes: &[String]) -> bool {
    let is = |purpose: &String, lists: &[&[&str]]| lists.iter().any(|list| list.contains(&purpose.as_str()));
    let has = |wanted: &[&str]| purposes.iter().any(|purpose| is(purpose, &[wanted]));
    if purposes.is_empty() || has(&[purpose::ANY]) {
        return true;
    }
    // Where the profile names no purpose, or drafts disagree about its number, one that is known to be something else
    // does not do.
    let other_than = |lists: &[&[&str]]| !purposes.iter().all(|purpose| is(purpose, lists));
    match profile {
        CertificateProfile::DocumentSigner => has(purpose::DOCUMENT_SIGNER),
        CertificateProfile::Reader => has(purpose::READER),
        CertificateProfile::VicalSigner => has(purpose::VICAL_SIGNER),
        CertificateProfile::PidProvider => other_than(&[purpose::FOREIGN, purpose::READER, purpose::VICAL_SIGNER]),
        // Document signers sign the lists of their own documents.
        CertificateProfile::RevocationListSigner => {
            other_than(&[purpose::FOREIGN, purpose::READER, purpose::VICAL_SIGNER])
        }
        CertificateProfile::Access => {
            let signers = [purpose::FOREIGN, purpose::DOCUMENT_SIGNER, purpose::VICAL_SIGNER];
            has(purpose::READER) || other_than(&signers)
        }
        CertificateProfile::Iaca => false,
    }
}

/// Whether a certificate says that it is for providing PIDs.
pub(super) fn says_pid(certificate: &Certificate) -> bool {
    let statements = certificate.details().qualified_statements.as_ref();
    statements.is_some_and(|found| names_oid(found, QC_TYPE_PID))
}

/// Whether a certificate names a policy of access certificates.
pub(super) fn says_access(certificate: &Certificate) -> bool {
    let known = |id: &str| POLICIES.iter().any(|(known, ..)| *known == id);
    certificate.details().policies.iter().any(|(id, _)| known(id))
}

/// Whether the DER of an extension has this identifier somewhere in it.
fn names_oid(der: &[u8], id: &str) -> bool {
    let id = ObjectIdentifier::new(id).ok().and_then(|id| id.to_der().ok());
    id.is_some_and(|id| der.windows(id.len()).any(|window| window == id))
}

/// ETSI EN 319 412-1 §5.1.3 and §5.1.4: three letters of a scheme, or two and a colon, a country, a hyphen.
fn says_scheme(identifier: &str) -> bool {
    let Some((prefix, rest)) = identifier.split_once('-') else {
        return false;
    };
    let upper = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase());
    let shaped = prefix.len() == 5 && prefix.is_ascii() && upper(&prefix[3..]);
    shaped && !rest.is_empty() && (upper(&prefix[..3]) || prefix[..3].ends_with(':'))
}

/// One certificate of the path, under the eye of its rules.
struct Look<'a, 'b> {
    certificate: &'a Certificate,
    position: usize,
    report: &'a mut Report<'b>,
}

impl<'a, 'b> Look<'a, 'b> {
    fn new(certificate: &'a Certificate, position: usize, report: &'a mut Report<'b>) -> Self {
        Self {
            certificate,
            position,
            report,
        }
    }

    fn rule(&mut self, rule: ProfileRule, holds: bool) {
        (self.report)(rule, self.position, holds, &|| None);
    }

    fn found(&mut self, rule: ProfileRule, holds: bool, found: &dyn Fn() -> Option<String>) {
        (self.report)(rule, self.position, holds, found);
    }

    /// ISO 18013-5 Annex B.1.2.
    fn iaca(&mut self) {
        let certificate = self.certificate;
        self.rule(ProfileRule::IsAuthority, certificate.is_ca());
        self.rule(ProfileRule::SelfIssued, certificate.issuer() == certificate.subject());
        self.serial();
        self.country(true);
        self.rule(ProfileRule::CommonName, certificate.details().common_names == 1);
        self.key_form();
        self.subject_key_id(true);
        self.key_usage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
        let constraints = certificate.details().basic_constraints.as_ref();
        self.rule(ProfileRule::BasicConstraints, constraints.is_some());
        if let Some((critical, constraints)) = constraints {
            self.rule(ProfileRule::BasicConstraintsCritical, *critical);
            let length = constraints.path_len_constraint;
            self.found(ProfileRule::PathLengthZero, length == Some(0), &|| {
                length.map(|length| length.to_string())
            });
        }
        self.rule(
            ProfileRule::ExtendedKeyUsageNone,
            certificate.extended_key_usage().is_empty(),
        );
        self.issuer_alternative_name(true);
        self.crl(false);
        self.validity(IACA_DAYS);
        self.critical(&[BASIC_CONSTRAINTS, KEY_USAGE]);
    }

    /// ISO 18013-5 Annex B.1.4 (document signer), B.1.7 (reader), Annex C (VICAL signer).
    fn iso_leaf(&mut self, profile: CertificateProfile) {
        let certificate = self.certificate;
        self.serial();
        let of_country = profile == CertificateProfile::DocumentSigner;
        self.country(of_country);
        self.rule(ProfileRule::CommonName, certificate.details().common_names == 1);
        self.key_form();
        self.subject_key_id(true);
        self.key_usage(KeyUsages::DigitalSignature.into());
        let purposes = !certificate.extended_key_usage().is_empty();
        let needed = profile != CertificateProfile::RevocationListSigner;
        if needed {
            self.rule(ProfileRule::ExtendedKeyUsage, purposes);
        }
        if purposes && needed {
            let critical = certificate.details().extension(EXTENDED_KEY_USAGE) == Some(true);
            self.rule(ProfileRule::ExtendedKeyUsageCritical, critical);
        }
        self.issuer_alternative_name(of_country);
        let listed = matches!(profile, CertificateProfile::DocumentSigner | CertificateProfile::Reader);
        self.crl(listed);
        self.validity(match profile {
            CertificateProfile::DocumentSigner => DOCUMENT_SIGNER_DAYS,
            _ => READER_DAYS,
        });
        self.critical(&[BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE]);
    }

    /// ETSI TS 119 412-6, as the EU's reference code reads it.
    fn pid_provider(&mut self) {
        let certificate = self.certificate;
        let details = certificate.details();
        self.eudi_leaf();
        self.subject_key_id(false);
        self.rule(ProfileRule::Policy, !details.policies.is_empty());
        let says = |id: &str| {
            details
                .qualified_statements
                .as_ref()
                .is_some_and(|found| names_oid(found, id))
        };
        self.rule(ProfileRule::PidStatement, says(QC_COMPLIANCE) && says(QC_TYPE_PID));
        self.crl(false);
    }

    /// ETSI TS 119 411-8, as the EU's reference code reads it (trust.md §2).
    fn access(&mut self) {
        let certificate = self.certificate;
        let details = certificate.details();
        self.eudi_leaf();
        self.rule(ProfileRule::SelfSigned, certificate.issuer() != certificate.subject());
        let contact = details.subject_alternative.as_ref().is_some_and(|names| {
            let names = names.as_deref().unwrap_or_default();
            names.iter().any(|name| *name != AlternativeName::Other)
        });
        self.rule(ProfileRule::Contact, contact);
        self.crl(false);
        let lives = certificate.not_after().since(certificate.not_before());
        let short = lives <= SHORT_TERM_DAYS * DAY && details.extension(NO_REVOCATION).is_some();
        let revocable = details.crl.is_some() || details.information_access.iter().any(|method| method == OCSP);
        self.rule(ProfileRule::RevocationInformation, revocable || short);
        self.policies();
    }

    /// What the EUDI profiles of signers have in common (ETSI EN 319 412-1 to -3).
    fn eudi_leaf(&mut self) {
        let certificate = self.certificate;
        let details = certificate.details();
        self.serial();
        self.country(true);
        self.rule(ProfileRule::CommonName, details.common_names == 1);
        let identifier = certificate.organization_identifier().or(details.person.as_deref());
        self.rule(ProfileRule::Identifier, identifier.is_some());
        if let Some(identifier) = identifier {
            self.rule(ProfileRule::IdentifierForm, says_scheme(identifier));
        }
        self.key_form();
        self.key_usage(KeyUsages::DigitalSignature.into());
        if let Some((critical, _)) = &details.basic_constraints {
            self.rule(ProfileRule::BasicConstraintsCritical, *critical);
        }
        // A certificate that vouches for itself has nobody above it to be fetched.
        if certificate.issuer() != certificate.subject() {
            let access = !details.information_access.is_empty();
            self.rule(ProfileRule::AuthorityInformationAccess, access);
        }
        // EN 319 412-1 GEN-4.1-2: nothing else is critical.
        self.critical(&[BASIC_CONSTRAINTS, KEY_USAGE]);
    }

    fn policies(&mut self) {
        let policies = &self.certificate.details().policies;
        let known = || {
            let of = |id: &str| POLICIES.iter().find(move |(known, ..)| *known == id);
            policies.iter().filter_map(move |(id, _)| of(id))
        };
        let names = || {
            let names: Vec<&str> = policies.iter().map(|(id, _)| id.as_str()).collect();
            (!names.is_empty()).then(|| names.join(", "))
        };
        self.found(ProfileRule::Policy, known().next().is_some(), &names);
        let person = |wanted| known().any(|(_, person, _)| *person == wanted);
        let mixed = person(Person::Legal) && person(Person::Natural);
        self.found(ProfileRule::PolicyMixed, !mixed, &names);
        let stated = policies
            .iter()
            .all(|(id, stated)| *stated || !POLICIES.iter().any(|(known, ..)| known == id));
        self.rule(ProfileRule::PolicyStatement, stated);
        let qualified = known().any(|(_, _, grade)| *grade == Grade::Qualified);
        let statements = self.certificate.details().qualified_statements.as_ref();
        let says = |id: &str| statements.is_some_and(|found| names_oid(found, id));
        let stated = says(QC_COMPLIANCE) && says(QC_TYPE);
        self.rule(ProfileRule::QualifiedStatements, stated || !qualified);
    }

    /// RFC 5280 §4.1.2.2, ISO 18013-5 Annex B.
    fn serial(&mut self) {
        let serial = self.certificate.serial_number();
        let length = || Some(format!("{} octets", serial.len()));
        let negative = serial.first().is_none_or(|first| *first >= 0x80);
        self.rule(
            ProfileRule::SerialPositive,
            !negative && serial.iter().any(|byte| *byte != 0),
        );
        self.found(ProfileRule::SerialLength, serial.len() <= 20, &length);
        // 63 random bits fill eight octets but once in 256 times; 71, which the text prefers, always do.
        self.found(ProfileRule::SerialRandom, serial.len() >= 8, &length);
    }

    fn country(&mut self, needed: bool) {
        let countries = &self.certificate.details().countries;
        if needed {
            self.rule(ProfileRule::Country, countries.len() == 1);
        }
        if let [(tag, text)] = countries.as_slice() {
            self.rule(ProfileRule::CountryEncoding, *tag == Tag::PrintableString);
            let upper = text.len() == 2 && text.iter().all(u8::is_ascii_uppercase);
            self.found(ProfileRule::CountryForm, upper, &|| {
                self.certificate.country().map(str::to_owned)
            });
        }
    }

    fn key_form(&mut self) {
        let on_curve = self
            .certificate
            .public_key()
            .is_ok_and(|key| key.verifying_key().curve() != Curve::Ed25519);
        if on_curve {
            self.rule(ProfileRule::KeyForm, self.certificate.details().key_form == Some(4));
        }
    }

    fn subject_key_id(&mut self, of_sha1: bool) {
        let found = self.certificate.subject_key_id();
        self.rule(ProfileRule::SubjectKeyId, found.is_some());
        if let (Some(id), true) = (found, of_sha1) {
            self.rule(
                ProfileRule::SubjectKeyIdForm,
                *id == self.certificate.details().key_sha1,
            );
        }
    }

    fn key_usage(&mut self, wanted: x509_cert::der::flagset::FlagSet<KeyUsages>) {
        let found = self.certificate.key_usage();
        self.rule(ProfileRule::KeyUsage, found.is_some());
        let Some(KeyUsage(found)) = found else {
            return;
        };
        let critical = self.certificate.details().extension(KEY_USAGE) == Some(true);
        self.rule(ProfileRule::KeyUsageCritical, critical);
        // Signing revocation lists is a matter of shape: nobody is fooled by an authority that may not.
        let least = if wanted.contains(KeyUsages::KeyCertSign) {
            KeyUsages::KeyCertSign.into()
        } else {
            wanted
        };
        self.rule(ProfileRule::KeyUsagePurpose, found.contains(least));
        self.rule(ProfileRule::KeyUsageExact, found == wanted || !found.contains(least));
    }

    fn issuer_alternative_name(&mut self, needed: bool) {
        let names = self.certificate.details().issuer_alternative.as_ref();
        if needed {
            self.rule(ProfileRule::IssuerAltName, names.is_some());
        }
        if let Some(names) = names {
            let names = names.as_deref().unwrap_or_default();
            let named = names.iter().any(|name| *name != AlternativeName::Other);
            self.rule(ProfileRule::IssuerAltNameForm, named);
        }
    }

    /// RFC 5280 §4.2.1.13, ISO 18013-5 Annex B: URIs; neither `reasons` nor `cRLIssuer`.
    fn crl(&mut self, needed: bool) {
        let points = self.certificate.details().crl.as_ref();
        if needed {
            self.rule(ProfileRule::CrlDistributionPoint, points.is_some());
        }
        let Some(points) = points else {
            return;
        };
        let points = points.as_deref().unwrap_or_default();
        let formed = !points.is_empty() && points.iter().all(|point| !point.uris.is_empty());
        self.rule(ProfileRule::CrlForm, formed);
        self.rule(
            ProfileRule::CrlReasons,
            !points.iter().any(|point| point.for_some_reasons),
        );
        self.rule(ProfileRule::CrlIssuer, !points.iter().any(|point| point.other_issuer));
    }

    fn validity(&mut self, days: i64) {
        let lives = self.certificate.not_after().since(self.certificate.not_before());
        self.found(ProfileRule::ValidityMaximum, lives <= days * DAY, &|| {
            Some(format!("{} days, {days} are allowed", lives / DAY))
        });
    }

    fn critical(&mut self, allowed: &[&str]) {
        let extensions = &self.certificate.details().extensions;
        let other = extensions
            .iter()
            .find(|(id, critical)| *critical && !allowed.contains(&id.as_str()));
        self.found(ProfileRule::CriticalExtension, other.is_none(), &|| {
            other.map(|(id, _)| id.clone())
        });
    }

    /// What ties a certificate to the one above it.
    fn under(&mut self, above: &Certificate, profile: CertificateProfile) {
        let certificate = self.certificate;
        self.rule(ProfileRule::IssuerName, certificate.issuer() == above.subject());
        self.rule(ProfileRule::IsAuthority, above.may_sign_certificates());
        let named = certificate.authority_key_id();
        self.rule(ProfileRule::AuthorityKeyId, named.is_some());
        if let (Some(named), Some(id)) = (named, above.subject_key_id()) {
            self.rule(ProfileRule::AuthorityKeyIdMatch, named == id);
        }
        // Countries bind issuers; whoever reads may be certified abroad.
        let of_country = matches!(
            profile,
            CertificateProfile::DocumentSigner
                | CertificateProfile::PidProvider
                | CertificateProfile::RevocationListSigner
        );
        if of_country && let (Some(own), Some(other)) = (certificate.country(), above.country()) {
            self.found(ProfileRule::CountryMatch, own.eq_ignore_ascii_case(other), &|| {
                Some(format!("{own} under {other}"))
            });
        }
        let inside = above.not_before() <= certificate.not_before() && certificate.not_after() <= above.not_after();
        let shelled = matches!(
            profile,
            CertificateProfile::DocumentSigner | CertificateProfile::PidProvider
        );
        if shelled {
            self.rule(ProfileRule::ValidityWithinAuthority, inside);
        }
    }

    fn states(&mut self, above: &Certificate) {
        match (self.certificate.state_or_province(), above.state_or_province()) {
            (Some(own), Some(other)) => self.found(ProfileRule::StateMatch, own == other, &|| {
                Some(format!("{own} under {other}"))
            }),
            (None, Some(_)) => self.rule(ProfileRule::StateMissing, false),
            _ => {}
        }
    }
}
