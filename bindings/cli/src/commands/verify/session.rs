//! The session that a presentation must answer, as the command line names it.

use wallet_core::codec::base64url;
use wallet_core::credential::mdoc::{DeviceBinding, SessionTranscript};
use wallet_core::crypto::AgreementKey;

use crate::args::VerifyArgs;
use crate::commands::input;
use crate::report::Failure;

/// What the device of an mdoc must have answered.
pub(super) struct Device {
    transcript: SessionTranscript,
    reader_key: Option<AgreementKey>,
}

impl Device {
    pub(super) fn binding(&self) -> DeviceBinding<'_> {
        let binding = DeviceBinding::new(self.transcript.clone());
        match &self.reader_key {
            Some(key) => binding.with_reader_key(key),
            None => binding,
        }
    }
}

/// Nonce and audience of a key binding; a page's audience is its origin (OpenID4VP 1.0 §A.4).
pub(super) fn asked(args: &VerifyArgs) -> Option<(String, String)> {
    let by_origin = || args.origin.as_deref().map(|origin| format!("{ORIGIN}{origin}"));
    let audience = args.audience.clone().or_else(by_origin)?;
    Some((args.nonce.clone()?, audience))
}

const ORIGIN: &str = "origin:";

/// The session of an mdoc, if enough of it is named.
pub(super) fn device(args: &VerifyArgs) -> Result<Option<Device>, Failure> {
    let Some(transcript) = transcript(args)? else {
        return Ok(None);
    };
    let reader_key = args.reader_key.as_deref().map(input::read_agreement_key).transpose()?;
    Ok(Some(Device { transcript, reader_key }))
}

fn transcript(args: &VerifyArgs) -> Result<Option<SessionTranscript>, Failure> {
    if let Some(path) = &args.session_transcript {
        let bytes = input::read_binary(path)?;
        let transcript = SessionTranscript::from_bytes(&bytes).map_err(|error| {
            Failure::usage(
                error.code(),
                format!("{} is not used", path.display()),
                error,
                "give a SessionTranscript of ISO 18013-5 in CBOR, with or without the tag 24 around it",
            )
        })?;
        return Ok(Some(transcript));
    }
    let thumbprint = args.jwk_thumbprint.as_deref().map(|text| {
        let bytes = base64url::decode(text).ok().filter(|bytes| bytes.len() == 32);
        bytes.ok_or_else(|| {
            Failure::usage(
                "usage.jwk_thumbprint",
                format!("--jwk-thumbprint {text} is not used"),
                "it is not a SHA-256 in base64url",
                "give the RFC 7638 thumbprint of the key that the answer was encrypted to",
            )
        })
    });
    let thumbprint = thumbprint.transpose()?;
    let thumbprint = thumbprint.as_deref();
    let Some(nonce) = args.nonce.as_deref() else {
        return Ok(None);
    };
    let of_audience = args
        .audience
        .as_deref()
        .and_then(|audience| audience.strip_prefix(ORIGIN));
    Ok(
        match (
            args.origin.as_deref().or(of_audience),
            &args.audience,
            &args.response_uri,
        ) {
            (Some(origin), _, None) => {
                let origin = origin.strip_prefix(ORIGIN).unwrap_or(origin);
                Some(SessionTranscript::openid4vp_dc_api(origin, nonce, thumbprint))
            }
            (_, Some(client_id), Some(response_uri)) => {
                Some(SessionTranscript::openid4vp(client_id, nonce, thumbprint, response_uri))
            }
            // Enough for an SD-JWT; an mdoc that comes along cannot be told to be bound.
            _ => None,
        },
    )
}
