//! `DeviceEngagement`: the holder's key and ways to be reached, as a QR code shows them (§8.2.1, §8.2.2).

use super::MessageError;
use super::raw::{Raw, at_most, version};
use crate::codec::{Budget, Cbor, CborValue, base64url};

/// What the text of a QR code begins with (§8.2.2.3).
pub const QR_SCHEME: &str = "mdoc:";

/// A holder's offer to be read.
///
/// The session transcript holds its bytes, so they stay as they were made or received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceEngagement {
    bytes: Vec<u8>,
    e_device_key_bytes: Vec<u8>,
    retrieval_methods: Vec<RetrievalMethod>,
    reader_auth_all: bool,
}

/// A way by which a reader reaches the holder (§8.2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetrievalMethod {
    /// 2: Bluetooth Low Energy.
    Ble(BleOptions),
    /// 1: NFC.
    Nfc(NfcOptions),
    /// A way that the standard does not have; a reader that does not know it passes it over.
    Other {
        /// Its type.
        kind: u64,
        /// Its version.
        version: u64,
        /// Its options.
        options: CborValue,
    },
    /// 3: Wi-Fi Aware.
    WifiAware(WifiAwareOptions),
}

/// Bluetooth Low Energy (§8.2.1.1, Table 7). A UUID is in the order in which it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the table of the standard")]
pub struct BleOptions {
    /// 0 and 10: the holder can be the peripheral; the service is under this UUID.
    pub peripheral: Option<[u8; 16]>,
    /// 1 and 11: the holder can be the central and looks for a service of this UUID.
    pub central: Option<[u8; 16]>,
    /// 20: the address of the holder as peripheral.
    pub address: Option<[u8; 6]>,
    /// 21: the L2CAP channel of the holder as peripheral (second edition).
    pub psm: Option<u64>,
}

/// NFC as the way of the data (§8.2.1.1, Table 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the table of the standard")]
pub struct NfcOptions {
    /// 0: the longest command data field.
    pub longest_command: u64,
    /// 1: the longest response data field.
    pub longest_response: u64,
}

/// Wi-Fi Aware (§8.2.1.1, Table 8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the table of the standard")]
pub struct WifiAwareOptions {
    /// 0: the pass phrase.
    pub pass_phrase: Option<String>,
    /// 1: the operating class of the channel.
    pub operating_class: Option<u64>,
    /// 2: the number of the channel.
    pub channel: Option<u64>,
    /// 3: the supported bands.
    pub bands: Option<Vec<u8>>,
}

/// There are three ways in the standard, each in a few versions at most.
const MOST_METHODS: usize = 16;
/// A QR code holds at most 2953 bytes; an NFC message is read in blocks and is no longer.
const LONGEST_ENGAGEMENT: usize = 4096;
/// The elliptic-curve cipher suite, the only one (§9.1.5.2).
const CIPHER_SUITE: u64 = 1;

impl DeviceEngagement {
    /// An engagement with `EDeviceKeyBytes`, tag included, and the ways to be reached. By NFC there are none in it.
    pub fn new(e_device_key_bytes: Vec<u8>, retrieval_methods: Vec<RetrievalMethod>) -> Self {
        let members = 2 + usize::from(!retrieval_methods.is_empty());
        let raw = Raw::default().map(members).uint(0).text("1.0");
        let raw = raw.uint(1).array(2).uint(CIPHER_SUITE).item(&e_device_key_bytes);
        let raw = match retrieval_methods.as_slice() {
            [] => raw,
            methods => {
                let raw = raw.uint(2).array(methods.len());
                methods.iter().fold(raw, |raw, method| method.write(raw))
            }
        };
        Self {
            bytes: raw.finish(),
            e_device_key_bytes,
            retrieval_methods,
            reader_auth_all: false,
        }
    }

    /// Parses the bytes of an engagement.
    pub fn parse(bytes: &[u8], budget: &mut Budget) -> Result<Self, MessageError> {
        at_most("bytes of an engagement", bytes.len(), LONGEST_ENGAGEMENT)?;
        let item = Cbor::parse(bytes, budget)?;
        item.as_map().ok_or(MessageError::Malformed("DeviceEngagement"))?;
        version(item.get_int(0))?;
        let security = item.get_int(1).ok_or(MessageError::Missing("security"))?;
        let Some([suite, key, ..]) = security.as_array() else {
            return Err(MessageError::Malformed("security"));
        };
        if suite.as_u64() != Some(CIPHER_SUITE) {
            return Err(MessageError::CipherSuite);
        }
        key.embedded().ok_or(MessageError::Malformed("EDeviceKeyBytes"))?;
        let malformed = MessageError::Malformed("DeviceRetrievalMethods");
        let methods = item.get_int(2).map(|methods| methods.as_array().ok_or(malformed));
        let methods = methods.transpose()?.unwrap_or_default();
        at_most("retrieval methods", methods.len(), MOST_METHODS)?;
        // Second edition: member 6 is a map of what the holder is capable of, 3 the signature over a whole request.
        let capable = item.get_int(6).and_then(|capabilities| capabilities.get_int(3));
        Ok(Self {
            bytes: bytes.to_vec(),
            e_device_key_bytes: key.raw().to_vec(),
            retrieval_methods: methods.iter().map(RetrievalMethod::parse).collect::<Result<_, _>>()?,
            reader_auth_all: capable.and_then(Cbor::as_bool).unwrap_or(false),
        })
    }

    /// Parses the text of a QR code.
    pub fn from_qr_text(text: &str, budget: &mut Budget) -> Result<Self, MessageError> {
        let text = text.trim();
        // RFC 3986 §3.1: schemes are compared without regard to case.
        let scheme = text
            .get(..QR_SCHEME.len())
            .filter(|scheme| scheme.eq_ignore_ascii_case(QR_SCHEME));
        scheme.ok_or(MessageError::Scheme)?;
        let text = &text[QR_SCHEME.len()..];
        at_most(
            "characters of an engagement",
            text.len(),
            LONGEST_ENGAGEMENT * 4 / 3 + 1,
        )?;
        Self::parse(&base64url::decode(text).map_err(MessageError::Base64)?, budget)
    }

    /// The text of the QR code.
    pub fn to_qr_text(&self) -> String {
        format!("{QR_SCHEME}{}", base64url::encode(&self.bytes))
    }

    /// The engagement as made or received: what the session transcript holds.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `EDeviceKeyBytes` as received, tag included.
    pub fn e_device_key_bytes(&self) -> &[u8] {
        &self.e_device_key_bytes
    }

    /// The ways to reach the holder.
    pub fn retrieval_methods(&self) -> &[RetrievalMethod] {
        &self.retrieval_methods
    }

    /// Whether the holder says that it checks signatures over a whole request (second edition).
    pub fn reads_reader_auth_all(&self) -> bool {
        self.reader_auth_all
    }
}

impl RetrievalMethod {
    fn parse(item: &Cbor<'_>) -> Result<Self, MessageError> {
        let malformed = || MessageError::Malformed("DeviceRetrievalMethod");
        let Some([kind, version, options, ..]) = item.as_array() else {
            return Err(malformed());
        };
        let kind = kind.as_u64().ok_or_else(malformed)?;
        let version = version.as_u64().ok_or_else(malformed)?;
        match (kind, version) {
            (1, 1) => NfcOptions::parse(options).map(Self::Nfc),
            (2, 1) => BleOptions::parse(options).map(Self::Ble),
            (3, 1) => WifiAwareOptions::parse(options).map(Self::WifiAware),
            _ => Ok(Self::Other {
                kind,
                version,
                options: options.to_value(),
            }),
        }
    }

    fn write(&self, raw: Raw) -> Raw {
        let raw = raw.array(3);
        match self {
            Self::Nfc(options) => {
                let raw = raw.uint(1).uint(1).map(2);
                raw.uint(0)
                    .uint(options.longest_command)
                    .uint(1)
                    .uint(options.longest_response)
            }
            Self::Ble(options) => options.write(raw.uint(2).uint(1)),
            Self::WifiAware(options) => options.write(raw.uint(3).uint(1)),
            Self::Other { kind, version, options } => raw.uint(*kind).uint(*version).item(&options.encode()),
        }
    }
}

impl NfcOptions {
    fn parse(options: &Cbor<'_>) -> Result<Self, MessageError> {
        let number = |key| {
            options
                .get_int(key)
                .and_then(Cbor::as_u64)
                .ok_or(MessageError::Malformed("NfcOptions"))
        };
        Ok(Self {
            longest_command: number(0)?,
            longest_response: number(1)?,
        })
    }
}

impl BleOptions {
    fn parse(options: &Cbor<'_>) -> Result<Self, MessageError> {
        let malformed = || MessageError::Malformed("BleOptions");
        // A mode that is supported has a UUID (Table 7).
        let mode = |supported, uuid| match options.get_int(supported).map(Cbor::as_bool) {
            Some(Some(true)) => {
                let uuid = options.get_int(uuid).and_then(Cbor::as_bytes);
                let uuid = uuid.and_then(|uuid| uuid.try_into().ok());
                uuid.ok_or_else(malformed).map(Some)
            }
            Some(Some(false)) => Ok(None),
            _ => Err(malformed()),
        };
        let address = options
            .get_int(20)
            .map(|address| address.as_bytes().and_then(|bytes| bytes.try_into().ok()));
        let psm = options.get_int(21).map(Cbor::as_u64);
        Ok(Self {
            peripheral: mode(0, 10)?,
            central: mode(1, 11)?,
            address: address.map(|address| address.ok_or_else(malformed)).transpose()?,
            psm: psm.map(|psm| psm.ok_or_else(malformed)).transpose()?,
        })
    }

    fn write(&self, raw: Raw) -> Raw {
        let optional = [
            self.peripheral.is_some(),
            self.central.is_some(),
            self.address.is_some(),
            self.psm.is_some(),
        ];
        let members = 2 + optional.into_iter().filter(|there| *there).count();
        let raw = raw.map(members).uint(0).bool(self.peripheral.is_some());
        let mut raw = raw.uint(1).bool(self.central.is_some());
        if let Some(uuid) = &self.peripheral {
            raw = raw.uint(10).bytes(uuid);
        }
        if let Some(uuid) = &self.central {
            raw = raw.uint(11).bytes(uuid);
        }
        if let Some(address) = &self.address {
            raw = raw.uint(20).bytes(address);
        }
        match self.psm {
            Some(psm) => raw.uint(21).uint(psm),
            None => raw,
        }
    }
}

impl WifiAwareOptions {
    fn parse(options: &Cbor<'_>) -> Result<Self, MessageError> {
        options.as_map().ok_or(MessageError::Malformed("WifiOptions"))?;
        let number = |key| match options.get_int(key).map(Cbor::as_u64) {
            Some(None) => Err(MessageError::Malformed("WifiOptions")),
            number => Ok(number.flatten()),
        };
        let pass_phrase = options.get_int(0).map(Cbor::as_str);
        let bands = options.get_int(3).map(Cbor::as_bytes);
        if pass_phrase == Some(None) || bands == Some(None) {
            return Err(MessageError::Malformed("WifiOptions"));
        }
        Ok(Self {
            pass_phrase: pass_phrase.flatten().map(str::to_owned),
            operating_class: number(1)?,
            channel: number(2)?,
            bands: bands.flatten().map(<[u8]>::to_vec),
        })
    }

    fn write(&self, raw: Raw) -> Raw {
        let optional = [
            self.pass_phrase.is_some(),
            self.operating_class.is_some(),
            self.channel.is_some(),
            self.bands.is_some(),
        ];
        let mut raw = raw.map(optional.into_iter().filter(|there| *there).count());
        if let Some(text) = &self.pass_phrase {
            raw = raw.uint(0).text(text);
        }
        if let Some(class) = self.operating_class {
            raw = raw.uint(1).uint(class);
        }
        if let Some(channel) = self.channel {
            raw = raw.uint(2).uint(channel);
        }
        match &self.bands {
            Some(bands) => raw.uint(3).bytes(bands),
            None => raw,
        }
    }
}
