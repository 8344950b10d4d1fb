//! Which claim of a PID is not as the rulebook wants it.

use std::fmt;

use crate::credential::{ClaimPath, PathElement};

/// What is wrong with a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PidFault {
    /// Not text where text is wanted, and so on.
    Kind,
    /// Too long.
    Length {
        /// How long it is.
        characters: usize,
        /// How long it may be.
        allowed: usize,
    },
    /// It is mandatory.
    Missing,
    /// A value that the rulebook does not admit: no day, no country, no JPEG.
    Value,
}

/// A claim of a PID that is not as the rulebook wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PidError {
    /// Which claim.
    pub claim: PidClaim,
    /// What is wrong with it.
    pub fault: PidFault,
}

macro_rules! pid_claims {
    ($($(#[$doc:meta])* $claim:ident $name:literal;)*) => {
        /// A claim of the PID under its name in SD-JWT VC, which says what it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "the name of the claim is the description")]
        pub enum PidClaim {
            $($claim,)*
        }

        impl PidClaim {
            /// The name in SD-JWT VC.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$claim => $name,)*
                }
            }

            pub(super) fn of_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$claim),)*
                    _ => None,
                }
            }
        }

        impl PidError {
            /// The stable code of the error: `pid.`, the claim, and `missing`, `kind`, `length` or `value`.
            pub fn code(&self) -> &'static str {
                match (self.claim, self.fault) {
                    $(
                        (PidClaim::$claim, PidFault::Kind) => concat!("pid.", $name, ".kind"),
                        (PidClaim::$claim, PidFault::Length { .. }) => concat!("pid.", $name, ".length"),
                        (PidClaim::$claim, PidFault::Missing) => concat!("pid.", $name, ".missing"),
                        (PidClaim::$claim, PidFault::Value) => concat!("pid.", $name, ".value"),
                    )*
                }
            }
        }
    };
}
pid_claims! {
    Address "address";
    AgeBirthYear "age_birth_year";
    AgeEqualOrOver "age_equal_or_over";
    AgeInYears "age_in_years";
    AttestationLegalCategory "attestation_legal_category";
    BirthFamilyName "birth_family_name";
    BirthGivenName "birth_given_name";
    Birthdate "birthdate";
    DateOfExpiry "date_of_expiry";
    DateOfIssuance "date_of_issuance";
    DocumentNumber "document_number";
    Email "email";
    FamilyName "family_name";
    GivenName "given_name";
    IssuingAuthority "issuing_authority";
    IssuingCountry "issuing_country";
    IssuingJurisdiction "issuing_jurisdiction";
    Nationalities "nationalities";
    PersonalAdministrativeNumber "personal_administrative_number";
    PhoneNumber "phone_number";
    Picture "picture";
    PlaceOfBirth "place_of_birth";
    Sex "sex";
    SourceDocumentType "source_document_type";
    Test "test";
    TrustAnchor "trust_anchor";
}

impl PidClaim {
    pub(super) fn is(self, fault: PidFault) -> PidError {
        PidError { claim: self, fault }
    }
}

impl PidError {
    /// A value that the other format cannot say.
    pub(super) fn of_path(path: &ClaimPath) -> Self {
        let name = match path.elements() {
            [PathElement::Key(name), ..] => name.as_str(),
            _ => "",
        };
        // Only claims of the data files are mapped, and all of them are named above (a test looks).
        PidClaim::of_name(name).unwrap_or(PidClaim::Test).is(PidFault::Value)
    }
}

impl fmt::Display for PidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.claim.name();
        match self.fault {
            PidFault::Kind => write!(f, "the claim {name} is of the wrong kind"),
            PidFault::Length { characters, allowed } => {
                write!(f, "the claim {name} has {characters} characters, {allowed} are allowed")
            }
            PidFault::Missing => write!(f, "the claim {name} is missing"),
            PidFault::Value => write!(f, "the claim {name} has a value that the PID rulebook does not admit"),
        }
    }
}

impl std::error::Error for PidError {}
