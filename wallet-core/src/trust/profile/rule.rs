//! The rules of all profiles, each with its code, what it says, and what to do where it is broken.

use std::fmt;

use super::CertificateProfile;

/// A rule of a certificate profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ProfileRule {
    /// `authorityInfoAccess` is there.
    AuthorityInformationAccess,
    /// `authorityKeyIdentifier` names the key of the issuer.
    AuthorityKeyId,
    /// `authorityKeyIdentifier` is the `subjectKeyIdentifier` of the certificate above.
    AuthorityKeyIdMatch,
    /// `basicConstraints` is there.
    BasicConstraints,
    /// `basicConstraints` is critical.
    BasicConstraintsCritical,
    /// The subject has one common name.
    CommonName,
    /// `subjectAltName` has a contact: a URI or an e-mail address.
    Contact,
    /// The subject has one country.
    Country,
    /// The country is a `PrintableString`.
    CountryEncoding,
    /// The country is two upper-case letters (ISO 3166-1 alpha-2).
    CountryForm,
    /// The country is that of the certificate above.
    CountryMatch,
    /// The country is that which issued the document (`issuing_country`).
    CountryOfDocument,
    /// Only extensions that the profile makes critical are critical.
    CriticalExtension,
    /// `cRLDistributionPoints` is there.
    CrlDistributionPoint,
    /// Each distribution point has a URI.
    CrlForm,
    /// No distribution point has `cRLIssuer`.
    CrlIssuer,
    /// No distribution point has `reasons`.
    CrlReasons,
    /// It hangs directly below the anchor.
    DirectlyBelowAnchor,
    /// The leaf is no authority.
    EndEntity,
    /// `extKeyUsage` is there.
    ExtendedKeyUsage,
    /// `extKeyUsage` is critical.
    ExtendedKeyUsageCritical,
    /// `extKeyUsage` is not there.
    ExtendedKeyUsageNone,
    /// `extKeyUsage`, if there, has the purpose of the profile.
    ExtendedKeyUsagePurpose,
    /// The subject has an identifier: `organizationIdentifier` or `serialNumber`.
    Identifier,
    /// The identifier says its scheme and country (ETSI EN 319 412-1 §5.1.3 and §5.1.4).
    IdentifierForm,
    /// The certificate is that of an authority.
    IsAuthority,
    /// `issuerAltName` is there.
    IssuerAltName,
    /// `issuerAltName` has an e-mail address or a URI.
    IssuerAltNameForm,
    /// The issuer's name is, byte for byte, the subject of the certificate above.
    IssuerName,
    /// The key is an uncompressed point.
    KeyForm,
    /// `keyUsage` is there.
    KeyUsage,
    /// `keyUsage` is critical.
    KeyUsageCritical,
    /// `keyUsage` has nothing but what the profile names.
    KeyUsageExact,
    /// `keyUsage`, if there, has what the profile names.
    KeyUsagePurpose,
    /// `pathLenConstraint` is 0.
    PathLengthZero,
    /// `qcStatements` says that the certificate is for providing PIDs.
    PidStatement,
    /// A certificate policy of the profile is named.
    Policy,
    /// Policies for natural and for legal persons are not mixed.
    PolicyMixed,
    /// Each policy names its practice statement.
    PolicyStatement,
    /// Qualified certificates have `qcStatements`.
    QualifiedStatements,
    /// It says where its revocation is published, or lives at most seven days.
    RevocationInformation,
    /// The root's subject and issuer are equal.
    SelfIssued,
    /// Somebody else issued it.
    SelfSigned,
    /// The serial number has at most 20 octets.
    SerialLength,
    /// The serial number is positive.
    SerialPositive,
    /// The serial number has room for 63 random bits.
    SerialRandom,
    /// The document was signed while the signer's certificate was valid.
    SignedWithinValidity,
    /// State or province is that of the certificate above, where both have one.
    StateMatch,
    /// State or province is there if the certificate above has one.
    StateMissing,
    /// State or province is that which issued the document (`issuing_jurisdiction`), where both have one.
    StateOfDocument,
    /// `subjectKeyIdentifier` is there.
    SubjectKeyId,
    /// `subjectKeyIdentifier` is the SHA-1 of the key.
    SubjectKeyIdForm,
    /// The document does not outlast the signer's certificate.
    UntilWithinValidity,
    /// It is not valid for longer than the profile allows.
    ValidityMaximum,
    /// Its validity lies within that of the certificate above.
    ValidityWithinAuthority,
}

impl ProfileRule {
    /// The stable code of a breach.
    pub fn code(self) -> &'static str {
        self.texts().0
    }

    /// The stable name of the rule.
    pub fn name(self) -> &'static str {
        let code = self.code();
        code.split_once('.').map_or(code, |(_, name)| name)
    }

    /// What to do about a breach: to whoever makes the certificates.
    pub fn remedy(self) -> &'static str {
        self.texts().2
    }

    /// Whether a breach is refused by default: whoever is let through could pass for somebody else.
    pub fn protects(self, profile: CertificateProfile) -> bool {
        match self {
            Self::CountryMatch
            | Self::EndEntity
            | Self::ExtendedKeyUsagePurpose
            | Self::IsAuthority
            | Self::IssuerName
            | Self::KeyUsagePurpose
            | Self::SignedWithinValidity
            | Self::StateMatch
            | Self::ValidityWithinAuthority => true,
            // EUDI profiles do not tie the two together.
            Self::CountryOfDocument | Self::StateOfDocument => profile == CertificateProfile::DocumentSigner,
            _ => false,
        }
    }

    fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::AuthorityInformationAccess => (
                "certificate_profile.authority_information_access",
                "authorityInfoAccess is missing",
                "add authorityInfoAccess with the address of the issuer's certificate",
            ),
            Self::AuthorityKeyId => (
                "certificate_profile.authority_key_id",
                "authorityKeyIdentifier is missing or names no key",
                "add authorityKeyIdentifier with the key identifier of the issuer",
            ),
            Self::AuthorityKeyIdMatch => (
                "certificate_profile.authority_key_id_match",
                "authorityKeyIdentifier is not the subjectKeyIdentifier of the certificate above",
                "copy the issuer's subjectKeyIdentifier into authorityKeyIdentifier",
            ),
            Self::BasicConstraints => (
                "certificate_profile.basic_constraints",
                "basicConstraints is missing",
                "add critical basicConstraints",
            ),
            Self::BasicConstraintsCritical => (
                "certificate_profile.basic_constraints_critical",
                "basicConstraints is not critical",
                "mark basicConstraints as critical",
            ),
            Self::CommonName => (
                "certificate_profile.common_name",
                "the subject does not have exactly one common name",
                "give the subject one commonName",
            ),
            Self::Contact => (
                "certificate_profile.contact",
                "subjectAltName has no contact",
                "add a URI or an e-mail address to subjectAltName",
            ),
            Self::Country => (
                "certificate_profile.country",
                "the subject does not have exactly one country",
                "give the subject one countryName",
            ),
            Self::CountryEncoding => (
                "certificate_profile.country_encoding",
                "countryName is not a PrintableString",
                "encode countryName as PrintableString",
            ),
            Self::CountryForm => (
                "certificate_profile.country_form",
                "countryName is not two upper-case letters",
                "use the upper-case code of ISO 3166-1 alpha-2",
            ),
            Self::CountryMatch => (
                "certificate_profile.country_match",
                "the country is not that of the certificate above",
                "issue under the authority of the same country",
            ),
            Self::CountryOfDocument => (
                "certificate_profile.country_of_document",
                "the country is not that which issued the document",
                "sign with a certificate of the issuing country",
            ),
            Self::CriticalExtension => (
                "certificate_profile.critical_extension",
                "an extension is critical that the profile does not make critical",
                "mark it as not critical, or leave it out",
            ),
            Self::CrlDistributionPoint => (
                "certificate_profile.crl_distribution_point",
                "cRLDistributionPoints is missing",
                "add cRLDistributionPoints with the address of the revocation list",
            ),
            Self::CrlForm => (
                "certificate_profile.crl_form",
                "cRLDistributionPoints is malformed or has a point without URI",
                "give each distribution point a full name that is a URI",
            ),
            Self::CrlIssuer => (
                "certificate_profile.crl_issuer",
                "a distribution point has cRLIssuer",
                "publish the issuer's own revocation list",
            ),
            Self::CrlReasons => (
                "certificate_profile.crl_reasons",
                "a distribution point has reasons",
                "publish one list for all reasons",
            ),
            Self::DirectlyBelowAnchor => (
                "certificate_profile.directly_below_anchor",
                "there are authorities between the certificate and the anchor",
                "issue directly below the root",
            ),
            Self::EndEntity => (
                "certificate_profile.end_entity",
                "the signer's certificate is that of an authority",
                "sign with the certificate of an end entity",
            ),
            Self::ExtendedKeyUsage => (
                "certificate_profile.extended_key_usage",
                "extKeyUsage is missing",
                "add critical extKeyUsage with the purpose of the profile",
            ),
            Self::ExtendedKeyUsageCritical => (
                "certificate_profile.extended_key_usage_critical",
                "extKeyUsage is not critical",
                "mark extKeyUsage as critical",
            ),
            Self::ExtendedKeyUsageNone => (
                "certificate_profile.extended_key_usage_none",
                "an authority has extKeyUsage",
                "leave extKeyUsage out",
            ),
            Self::ExtendedKeyUsagePurpose => (
                "certificate_profile.extended_key_usage_purpose",
                "extKeyUsage does not have the purpose of the profile",
                "use a certificate that was made for this purpose",
            ),
            Self::Identifier => (
                "certificate_profile.identifier",
                "the subject has no identifier",
                "add organizationIdentifier (legal person) or serialNumber (natural person) to the subject",
            ),
            Self::IdentifierForm => (
                "certificate_profile.identifier_form",
                "the subject's identifier does not say its scheme and country",
                "begin it with scheme and country, such as NTRDE- or VATDE-",
            ),
            Self::IsAuthority => (
                "certificate_profile.is_authority",
                "the certificate above is not that of an authority",
                "issue with a certificate whose basicConstraints say CA",
            ),
            Self::IssuerAltName => (
                "certificate_profile.issuer_alt_name",
                "issuerAltName is missing",
                "add issuerAltName with an e-mail address or a URI of the authority",
            ),
            Self::IssuerAltNameForm => (
                "certificate_profile.issuer_alt_name_form",
                "issuerAltName has neither an e-mail address nor a URI",
                "put an e-mail address or a URI of the authority into issuerAltName",
            ),
            Self::IssuerName => (
                "certificate_profile.issuer_name",
                "the issuer's name is not the subject of the certificate above, byte for byte",
                "copy the authority's subject as it is",
            ),
            Self::KeyForm => (
                "certificate_profile.key_form",
                "the key is not an uncompressed point",
                "write the point uncompressed (SEC 1 §2.3.3)",
            ),
            Self::KeyUsage => (
                "certificate_profile.key_usage",
                "keyUsage is missing",
                "add critical keyUsage",
            ),
            Self::KeyUsageCritical => (
                "certificate_profile.key_usage_critical",
                "keyUsage is not critical",
                "mark keyUsage as critical",
            ),
            Self::KeyUsageExact => (
                "certificate_profile.key_usage_exact",
                "keyUsage has more than the profile names",
                "leave the other usages out",
            ),
            Self::KeyUsagePurpose => (
                "certificate_profile.key_usage_purpose",
                "keyUsage does not have what the profile names",
                "use a key that was certified for this",
            ),
            Self::PathLengthZero => (
                "certificate_profile.path_length_zero",
                "pathLenConstraint is not 0",
                "set pathLenConstraint to 0",
            ),
            Self::PidStatement => (
                "certificate_profile.pid_statement",
                "qcStatements does not say that the certificate is for providing PIDs",
                "add qcStatements with QcCompliance and the type 0.4.0.194126.1.1",
            ),
            Self::Policy => (
                "certificate_profile.policy",
                "no certificate policy of the profile is named",
                "name the policy; for access certificates one of 0.4.0.194118.1.1 to 0.4.0.194118.1.4",
            ),
            Self::PolicyMixed => (
                "certificate_profile.policy_mixed",
                "policies for natural and for legal persons are mixed",
                "name the policies of one kind of person",
            ),
            Self::PolicyStatement => (
                "certificate_profile.policy_statement",
                "a certificate policy does not name its practice statement",
                "add the address of the practice statement (CPS)",
            ),
            Self::QualifiedStatements => (
                "certificate_profile.qualified_statements",
                "a qualified certificate has no qcStatements",
                "add qcStatements with QcCompliance and QcType",
            ),
            Self::RevocationInformation => (
                "certificate_profile.revocation_information",
                "there is neither a revocation list nor OCSP, and it lives longer than seven days",
                "add cRLDistributionPoints or OCSP, or issue for at most seven days with noRevAvail",
            ),
            Self::SelfIssued => (
                "certificate_profile.self_issued",
                "the root's subject and issuer differ",
                "make the root issue its own certificate",
            ),
            Self::SelfSigned => (
                "certificate_profile.self_signed",
                "the certificate vouches for itself",
                "have it issued by an authority",
            ),
            Self::SerialLength => (
                "certificate_profile.serial_length",
                "the serial number has more than 20 octets",
                "draw a serial number of at most 20 octets",
            ),
            Self::SerialPositive => (
                "certificate_profile.serial_positive",
                "the serial number is not positive",
                "draw a positive serial number",
            ),
            Self::SerialRandom => (
                "certificate_profile.serial_random",
                "the serial number has no room for 63 random bits",
                "draw at least 63 random bits",
            ),
            Self::SignedWithinValidity => (
                "certificate_profile.signed_within_validity",
                "the document was signed outside the validity of the signer's certificate",
                "sign while the certificate is valid",
            ),
            Self::StateMatch => (
                "certificate_profile.state_match",
                "state or province is not that of the certificate above",
                "issue under the authority of the same state",
            ),
            Self::StateMissing => (
                "certificate_profile.state_missing",
                "state or province is missing, and the certificate above has one",
                "add the authority's stateOrProvinceName",
            ),
            Self::StateOfDocument => (
                "certificate_profile.state_of_document",
                "state or province is not that which issued the document",
                "sign with a certificate of the issuing jurisdiction",
            ),
            Self::SubjectKeyId => (
                "certificate_profile.subject_key_id",
                "subjectKeyIdentifier is missing",
                "add subjectKeyIdentifier",
            ),
            Self::SubjectKeyIdForm => (
                "certificate_profile.subject_key_id_form",
                "subjectKeyIdentifier is not the SHA-1 of the key",
                "use the SHA-1 of the key (RFC 5280 §4.2.1.2, method 1)",
            ),
            Self::UntilWithinValidity => (
                "certificate_profile.until_within_validity",
                "the document outlasts the signer's certificate",
                "issue for no longer than the certificate lasts",
            ),
            Self::ValidityMaximum => (
                "certificate_profile.validity_maximum",
                "it is valid for longer than the profile allows",
                "issue for a shorter time",
            ),
            Self::ValidityWithinAuthority => (
                "certificate_profile.validity_within_authority",
                "its validity is not within that of the certificate above",
                "issue for no longer than the authority's own certificate lasts",
            ),
        }
    }
}

impl fmt::Display for ProfileRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.texts().1)
    }
}
