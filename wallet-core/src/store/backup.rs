//! A sealed copy of a whole store, to be kept elsewhere.
//!
//! ```text
//! "mappe-backup" version(1) wrapping(25) | nonce ciphertext tag
//! ```
//! The part before the bar stands in clear and is the associated data of the rest. The plain text is a list of
//! records, filled up with zeros to whole blocks so that its length says little.

use zeroize::Zeroizing;

use super::key::Wrapping;
use super::{ChangeSet, Kind, LARGEST_RECORD, RecordId, Store, StoreError, Unlock};
use crate::crypto::{Random, XNonce, open_record, seal_record};

const MAGIC: &[u8; 12] = b"mappe-backup";
const VERSION: u8 = 1;
const HEADER: usize = MAGIC.len() + 1 + Wrapping::LENGTH;
const BLOCK: usize = 4096;

/// Copies all records of `store` into sealed bytes that `unlock` opens.
pub fn export_backup(store: &dyn Store, unlock: &Unlock, random: &mut dyn Random) -> Result<Vec<u8>, StoreError> {
    let mut plain = Zeroizing::new(Vec::new());
    for kind in store.kinds()? {
        for record in store.list(&kind)? {
            write_record(&mut plain, &kind, record.id, &record.plain);
        }
    }
    let filled = (plain.len() + 1).next_multiple_of(BLOCK);
    grow(&mut plain, filled);
    plain.resize(filled, 0);
    let wrapping = Wrapping::new(unlock, random);
    let key = wrapping.key(unlock)?;
    let header = [MAGIC.as_slice(), &[VERSION], &wrapping.encode()].concat();
    let sealed = seal_record(&key, XNonce::random(random), &plain, &header);
    Ok([header, sealed].concat())
}

/// Opens a backup; its records come as changes, to be committed to an empty store.
pub fn import_backup(backup: &[u8], unlock: &Unlock) -> Result<ChangeSet, StoreError> {
    let (header, sealed) = backup.split_first_chunk::<HEADER>().ok_or(StoreError::NotABackup)?;
    let rest = header.strip_prefix(MAGIC.as_slice()).ok_or(StoreError::NotABackup)?;
    let (version, wrapping) = rest.split_first().ok_or(StoreError::NotABackup)?;
    if *version != VERSION {
        return Err(StoreError::NewerVersion {
            found: u32::from(*version),
            supported: u32::from(VERSION),
        });
    }
    let wrapping = wrapping.try_into().ok().and_then(Wrapping::parse);
    let wrapping = wrapping.ok_or(StoreError::NotABackup)?;
    let key = wrapping.key(unlock)?;
    let plain = open_record(&key, sealed, header).map_err(|_| StoreError::WrongKey)?;
    read_records(&plain).ok_or(StoreError::NotABackup)
}

fn write_record(out: &mut Zeroizing<Vec<u8>>, kind: &Kind, id: RecordId, record: &[u8]) {
    let name = kind.as_str().as_bytes();
    let count = |length: usize| u32::try_from(length).expect("kinds and records have bounded lengths");
    grow(out, out.len() + name.len() + record.len() + 32);
    out.push(count(name.len()) as u8);
    out.extend_from_slice(name);
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(&count(record.len()).to_be_bytes());
    out.extend_from_slice(record);
}

/// Makes room without leaving an unwiped copy behind, as a growing `Vec` would.
fn grow(out: &mut Zeroizing<Vec<u8>>, length: usize) {
    if length > out.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(length.max(2 * out.capacity()).max(BLOCK)));
        larger.extend_from_slice(out);
        *out = larger;
    }
}

fn read_records(mut plain: &[u8]) -> Option<ChangeSet> {
    let mut changes = ChangeSet::new();
    loop {
        let (name, rest) = plain.split_first()?;
        if *name == 0 {
            return rest.iter().all(|byte| *byte == 0).then_some(changes);
        }
        let (name, rest) = rest.split_at_checked(usize::from(*name))?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (record, rest) = rest.split_at_checked(length)?;
        if length > LARGEST_RECORD {
            return None;
        }
        let kind = Kind::parse(std::str::from_utf8(name).ok()?)?;
        changes.put(&kind, RecordId::from_bytes(*id), record.to_vec());
        plain = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_records_reads_back() {
        let mut plain = Zeroizing::new(Vec::new());
        write_record(&mut plain, &Kind::new("a"), RecordId::ONLY, b"one");
        write_record(&mut plain, &Kind::new("b"), RecordId::from_bytes([9; 16]), b"");
        plain.extend_from_slice(&[0; 5]);
        let changes = read_records(&plain).unwrap();
        let seen: Vec<_> = changes.iter().map(|(kind, _, plain)| (kind.as_str(), plain)).collect();
        assert_eq!(seen, [("a", Some(b"one".as_slice())), ("b", Some(b"".as_slice()))]);
        for cut in 0..plain.len() - 5 {
            assert_eq!(read_records(&plain[..cut]), None, "{cut}");
        }
    }
}
