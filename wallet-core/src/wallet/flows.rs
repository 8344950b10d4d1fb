//! Suspended flows: what must survive the end of the process, sealed.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{FLOW, FlowId, Wallet, WalletError, stored};
use crate::crypto::Random;
use crate::store::ChangeSet;
use crate::time::Timestamp;

/// A suspended flow.
#[derive(PartialEq, Eq)]
#[non_exhaustive]
pub struct Flow {
    /// Its name.
    pub id: FlowId,
    /// What it is.
    pub kind: FlowKind,
    /// What to call it for the citizen: the issuer's or the receiver's name.
    pub label: String,
    /// When it was saved first.
    pub begun_at: Timestamp,
    /// When it was saved last.
    pub saved_at: Timestamp,
    /// When it should go on by itself: a deferred credential to be asked for, a notification to be sent.
    pub due: Option<Timestamp>,
    /// The flow's own bytes; wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// What a suspended flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FlowKind {
    /// A credential that the issuer will have later.
    Deferred,
    /// An issuance.
    Issuance,
    /// A notification that the issuer has not received.
    Notification,
    /// A presentation.
    Presentation,
    /// A meeting in person: its bytes hold the keys of the session.
    Proximity,
}

impl Flow {
    /// A flow of this kind, under a name of its own.
    pub fn new(
        id: FlowId,
        kind: FlowKind,
        label: impl Into<String>,
        bytes: impl Into<Zeroizing<Vec<u8>>>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            kind,
            label: label.into(),
            begun_at: now,
            saved_at: now,
            due: None,
            bytes: bytes.into(),
        }
    }

    /// The same, to go on by itself at this time.
    #[must_use]
    pub fn due_at(mut self, due: Timestamp) -> Self {
        self.due = Some(due);
        self
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Flow({}, {:?}, {} bytes, redacted)",
            self.id,
            self.kind,
            self.bytes.len()
        )
    }
}

/// What is stored in front of the bytes.
#[derive(Serialize, Deserialize)]
struct Head {
    kind: FlowKind,
    label: String,
    #[serde(with = "stored::unix")]
    begun_at: Timestamp,
    #[serde(with = "stored::unix")]
    saved_at: Timestamp,
    #[serde(with = "stored::unix_option", default)]
    due: Option<Timestamp>,
}

impl Wallet {
    /// Saves a flow; one of the same name is replaced, and keeps the time when it was begun.
    pub fn save_flow(&mut self, flow: &Flow, random: &mut dyn Random) -> Result<(), WalletError> {
        let begun = match self.load_flow(flow.id) {
            Ok(old) => old.begun_at,
            Err(WalletError::NoSuchFlow) => flow.begun_at,
            Err(error) => return Err(error),
        };
        let head = stored::write(&Head {
            kind: flow.kind,
            label: flow.label.clone(),
            begun_at: begun,
            saved_at: flow.saved_at,
            due: flow.due,
        })?;
        let mut plain = Zeroizing::new(Vec::with_capacity(4 + head.len() + flow.bytes.len()));
        let length = u32::try_from(head.len()).map_err(|_| WalletError::Unreadable("flow"))?;
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(&head);
        plain.extend_from_slice(&flow.bytes);
        let mut changes = ChangeSet::new();
        changes.put(&FLOW, flow.id.record(), plain);
        Ok(self.store.commit(changes, random)?)
    }

    /// A suspended flow.
    pub fn load_flow(&self, id: FlowId) -> Result<Flow, WalletError> {
        let plain = self.store.get(&FLOW, id.record())?;
        read(id, &plain.ok_or(WalletError::NoSuchFlow)?)
    }

    /// All suspended flows; the oldest first.
    pub fn flows(&self) -> Result<Vec<Flow>, WalletError> {
        let records = self.store.list(&FLOW)?;
        let flows = records.iter().map(|record| read(FlowId::new(record.id), &record.plain));
        let mut flows: Vec<Flow> = flows.collect::<Result<_, _>>()?;
        flows.sort_by_key(|flow| (flow.begun_at, flow.id));
        Ok(flows)
    }

    /// The flows that should go on by themselves now.
    pub fn due_flows(&self, now: Timestamp) -> Result<Vec<Flow>, WalletError> {
        let mut flows = self.flows()?;
        flows.retain(|flow| flow.due.is_some_and(|due| due <= now));
        Ok(flows)
    }

    /// Forgets a flow that has come to its end.
    pub fn delete_flow(&mut self, id: FlowId, random: &mut dyn Random) -> Result<(), WalletError> {
        let mut changes = ChangeSet::new();
        changes.delete(&FLOW, id.record());
        Ok(self.store.commit(changes, random)?)
    }
}

fn read(id: FlowId, plain: &[u8]) -> Result<Flow, WalletError> {
    let split = || {
        let (length, rest) = plain.split_first_chunk::<4>()?;
        rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
    };
    let (head, bytes) = split().ok_or(WalletError::Unreadable("flow"))?;
    let head: Head = stored::read(&FLOW, head)?;
    Ok(Flow {
        id,
        kind: head.kind,
        label: head.label,
        begun_at: head.begun_at,
        saved_at: head.saved_at,
        due: head.due,
        bytes: Zeroizing::new(bytes.to_vec()),
    })
}
