//! Judging an SD-JWT.

use super::{AssessOptions, FOR_EVER, FormatChoice, origin_evidence, validity_evidence};
use crate::codec::{Json, Object};
use crate::credential::sd_jwt::{Kind, SdJwt, SdJwtError, VerifyOptions};
use crate::credential::{Unverified, Verified};
use crate::verifier::{Assessment, Check, CheckName, CheckOutcome};

#[derive(Clone, Copy)]
enum Bound {
    AsAsked,
    AtRest,
}

#[derive(Clone, Copy)]
enum Timely {
    Now,
    Whenever,
}

fn verify_options(options: &AssessOptions<'_>, kind: Kind, bound: Bound, timely: Timely) -> VerifyOptions {
    let verify = match (&options.key_binding, bound) {
        (Some(binding), Bound::AsAsked) => VerifyOptions::presentation(binding.clone()),
        _ => VerifyOptions::at_rest(),
    };
    let verify = verify.with_kind(kind).with_skew(match timely {
        Timely::Now => options.skew,
        Timely::Whenever => FOR_EVER,
    });
    match &options.key_binding {
        Some(binding) => verify.with_audience(&binding.audience),
        None => verify,
    }
}

/// Judges an SD-JWT, compact or in JSON.
pub(super) fn assess(text: &str, options: &AssessOptions<'_>) -> Assessment {
    let parsed = match parse(text, options) {
        Ok(parsed) => parsed,
        Err(error) => {
            let format = match options.format {
                FormatChoice::SdJwt => "sd-jwt",
                _ => "dc+sd-jwt",
            };
            let mut assessment = Assessment::new(format, options.at);
            assessment.fail(CheckName::Integrity, error.code());
            assessment.leave_open(options.key_binding.is_some().into(), "assessment.unreadable");
            return assessment;
        }
    };
    let kind = match options.format {
        FormatChoice::SdJwt => Kind::Plain,
        FormatChoice::Auto => kind_of(parsed.inner()),
        _ => Kind::Vc,
    };
    let format = if kind == Kind::Vc { "dc+sd-jwt" } else { "sd-jwt" };
    let mut assessment = Assessment::new(format, options.at);
    let full = verify_options(options, kind, Bound::AsAsked, Timely::Now);
    match parsed.verify(options.trust, &full, options.at) {
        Ok(verified) => {
            assessment.pass(CheckName::Validity, validity_evidence(verified.credential().validity()));
            if options.key_binding.is_some() {
                assessment.pass(CheckName::Binding, binding_evidence(options));
            }
            assessment.take_sd_jwt(&verified, options);
        }
        Err(error) => assessment.explain(text, kind, &error, options),
    }
    assessment
}

fn parse(text: &str, options: &AssessOptions<'_>) -> Result<Unverified<SdJwt>, SdJwtError> {
    let budget = &mut options.budget.clone();
    if text.starts_with('{') {
        Unverified::<SdJwt>::parse_json(text.as_bytes(), budget)
    } else {
        Unverified::<SdJwt>::parse(text, budget)
    }
}

/// By `typ`, also that of older drafts, or by `vct`: whoever drops or changes the `typ` of an SD-JWT VC must not get it
/// judged by looser rules.
fn kind_of(credential: &SdJwt) -> Kind {
    let header = credential.header();
    let named = |typ| header.expect_typ(typ).is_ok();
    if named("dc+sd-jwt") || named("vc+sd-jwt") || credential.claims().contains("vct") {
        Kind::Vc
    } else {
        Kind::Plain
    }
}

/// Which check an error of the format belongs to.
fn check_of(error: &SdJwtError) -> CheckName {
    match error {
        SdJwtError::Trust(_) => CheckName::Origin,
        SdJwtError::AudienceMismatch | SdJwtError::OutsideValidity(_) => CheckName::Validity,
        SdJwtError::HolderKey(_)
        | SdJwtError::HolderKeyMissing
        | SdJwtError::KeyBinding(_)
        | SdJwtError::KeyBindingAudience
        | SdJwtError::KeyBindingClaim(_)
        | SdJwtError::KeyBindingInFuture { .. }
        | SdJwtError::KeyBindingMissing
        | SdJwtError::KeyBindingNonce
        | SdJwtError::KeyBindingSdHash
        | SdJwtError::KeyBindingTooOld { .. }
        | SdJwtError::KeyBindingUnexpected => CheckName::Binding,
        _ => CheckName::Integrity,
    }
}

impl Assessment {
    fn blame(&mut self, name: CheckName, error: &SdJwtError) {
        match error {
            SdJwtError::Trust(error) => self.distrust(error),
            _ => self.fail(name, error.code()),
        }
    }

    fn take_sd_jwt(&mut self, verified: &Verified<SdJwt>, options: &AssessOptions<'_>) {
        let credential = verified.credential();
        self.type_names = credential.type_names().into_iter().map(str::to_owned).collect();
        let is_test = credential.claims().get("test").and_then(Json::as_bool) == Some(true);
        self.take(verified, credential.claims(), is_test, Object::new(), options);
    }

    /// A check failed: finds out what the others say.
    fn explain(&mut self, text: &str, kind: Kind, error: &SdJwtError, options: &AssessOptions<'_>) {
        let name = check_of(error);
        let bound = options.key_binding.is_some().into();
        self.blame(name, error);
        let Ok(parsed) = parse(text, options) else {
            return self.leave_open(bound, "assessment.unreadable");
        };
        match name {
            CheckName::Origin => return self.leave_open(bound, "assessment.origin_failed"),
            CheckName::Integrity => {
                match options.trust.resolve_issuer(&parsed.issuer_claim(), options.at) {
                    Ok(issuer) => {
                        // Whether the issuer is behind this text is just what failed: it is known, no more.
                        let evidence = origin_evidence(&issuer);
                        let code = CheckOutcome::Unknown("assessment.integrity_failed".to_owned());
                        self.push(Check::new(CheckName::Origin, code).with_evidence(evidence));
                    }
                    Err(error) => self.distrust(&error),
                }
                return self.leave_open(bound, "assessment.integrity_failed");
            }
            _ => {}
        }
        // The rest of the text by itself, at whatever time: what was signed, and by whom.
        let budget = &mut options.budget.clone();
        let Ok(bare) = Unverified::<SdJwt>::parse(&parsed.inner().to_compact(), budget) else {
            return self.leave_open(bound, "assessment.unreadable");
        };
        let at_rest = verify_options(options, kind, Bound::AtRest, Timely::Whenever);
        match bare.verify(options.trust, &at_rest, options.at) {
            Ok(verified) => {
                if name != CheckName::Validity {
                    let validity = verified.credential().validity();
                    match validity.check(options.at, options.skew) {
                        Ok(()) => self.pass(CheckName::Validity, validity_evidence(validity)),
                        Err(outside) => self.blame(CheckName::Validity, &outside.into()),
                    }
                }
                self.take_sd_jwt(&verified, options);
            }
            Err(other) if check_of(&other) != name => self.blame(check_of(&other), &other),
            Err(_) => {}
        }
        if name != CheckName::Binding && options.key_binding.is_some() && self.claims().is_some() {
            let whenever = verify_options(options, kind, Bound::AsAsked, Timely::Whenever);
            match parsed.verify(options.trust, &whenever, options.at) {
                Ok(_) => self.pass(CheckName::Binding, binding_evidence(options)),
                Err(error) if check_of(&error) == CheckName::Binding => self.blame(CheckName::Binding, &error),
                Err(_) => {}
            }
        }
        self.leave_open(bound, "assessment.not_reached");
    }
}

fn binding_evidence(options: &AssessOptions<'_>) -> Object {
    let binding = options.key_binding.as_ref();
    Object::new().with("audience", binding.map(|binding| Json::from(binding.audience.as_str())))
}
