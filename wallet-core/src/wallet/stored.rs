//! The stored form: JSON, sealed by the store.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::WalletError;
use crate::codec::Budget;
use crate::codec::json;
use crate::store::Kind;

pub(super) fn write<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, WalletError> {
    let json = json::to_json(value).map_err(|_| WalletError::Unreadable("new"))?;
    Ok(Zeroizing::new(json.to_string().into_bytes()))
}

pub(super) fn read<T: DeserializeOwned>(kind: &'static Kind, plain: &[u8]) -> Result<T, WalletError> {
    json::from_slice(plain, &mut Budget::default()).map_err(|_| WalletError::Unreadable(kind.as_str()))
}

/// A time as seconds since 1970.
pub(super) mod unix {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::time::Timestamp;

    pub(in super::super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(time.unix())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_unix)
    }
}

/// A time that may be missing.
pub(super) mod unix_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::time::Timestamp;

    pub(in super::super) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(Timestamp::unix).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Timestamp::from_unix))
    }
}

/// A format by its identifier.
pub(super) mod format {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    use crate::credential::Format;

    pub(in super::super) fn serialize<S: Serializer>(format: &Format, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(format.name())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Format, D::Error> {
        let name = String::deserialize(deserializer)?;
        Format::from_name(&name).ok_or_else(|| D::Error::custom("unknown format"))
    }
}
