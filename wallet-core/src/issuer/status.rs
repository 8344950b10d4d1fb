//! Status lists: which place a copy gets, and what the lists say.

use super::authority::{cacheable, decode, encode};
use super::endpoint::Failure;
use super::record::{CopyRecord, Entry, HistoryEvent, Record};
use super::{Authority, Change, IssuerError, Kind, StateError};
use crate::codec::{Json, Object, base64url};
use crate::crypto::{Random, random_bytes};
use crate::http::{HttpRequest, HttpResponse};
use crate::keys::PublicKey;
use crate::status::{StatusList, StatusListToken, StatusWidth, TokenTimes, draw_index};
use crate::time::Timestamp;

/// The media types of status lists (Token Status List §8.1).
const JWT: &str = "application/statuslist+jwt";
const CWT: &str = "application/statuslist+cwt";

/// How far the current list is filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Filling {
    list: u32,
    taken: u64,
}

/// Places in status lists, and the changes that take them.
pub(super) struct Allocation {
    pub(super) places: Vec<(u32, u64)>,
    pub(super) changes: Vec<Change>,
}

impl Authority {
    pub(super) fn status_uri(&self, list: u32) -> String {
        self.endpoint(&format!("status/{list}")).as_str().to_owned()
    }

    /// Draws a place of its own for each copy, at random (Token Status List §13.2), and the changes that take them.
    pub(super) fn allocate(
        &self,
        record: &str,
        count: usize,
        random: &mut dyn Random,
    ) -> Result<Allocation, StateError> {
        let stored = self.state.get(Kind::List, "current")?;
        let mut filling: Filling = stored.as_deref().map(decode).transpose()?.unwrap_or_default();
        let size = self.config.status_list_size;
        let needed = count as u64;
        // Half full is full: so few draws meet a taken place, and half of the entries are decoys.
        if filling.taken + needed > size / 2 && filling.taken > 0 {
            filling = Filling {
                list: filling.list + 1,
                taken: 0,
            };
        }
        let mut places: Vec<(u32, u64)> = Vec::new();
        let mut changes = Vec::new();
        for _ in 0..count {
            let taken = |index: u64| {
                let id = format!("{}/{index}", filling.list);
                places.contains(&(filling.list, index)) || !matches!(self.state.get(Kind::Index, &id), Ok(None))
            };
            let index = draw_index(size, random, &taken).ok_or(StateError::Unavailable)?;
            let id = format!("{}/{index}", filling.list);
            changes.push(Change::insert(Kind::Index, id, record.as_bytes().to_vec(), None));
            places.push((filling.list, index));
        }
        filling.taken += needed;
        changes.push(match stored {
            None => Change::insert(Kind::List, "current", encode(&filling), None),
            Some(old) => Change::replace(Kind::List, "current", old, encode(&filling)),
        });
        Ok(Allocation { places, changes })
    }

    /// The status list `number` as it is published (a file that anyone may keep and pass on: lessons S16). What SD-JWT VCs
    /// refer to is a JWT; who asks for a CWT alone, as readers of mdocs do, gets the same list in that form (§8.1).
    pub(super) fn status_list(
        &mut self,
        number: &str,
        request: &HttpRequest,
        now: Timestamp,
    ) -> Result<HttpResponse, Failure> {
        let list: u32 = number.parse().map_err(|_| Failure::NotFound)?;
        if list > self.current_list()? || number != list.to_string() {
            return Err(Failure::NotFound);
        }
        let accept = request.headers().get("Accept").unwrap_or_default();
        let wants_cwt = accept.contains(CWT) && !accept.contains(JWT);
        let response = if wants_cwt && self.document_signer.is_some() {
            let token = self.status_cwt(list, now).map_err(|_| Failure::State)?;
            HttpResponse::of_type(200, CWT, token)
        } else {
            let token = self.status_token(list, now).map_err(|_| Failure::State)?;
            HttpResponse::of_type(200, JWT, token)
        };
        Ok(response.with_header("Vary", "Accept").with_header(
            "Cache-Control",
            format!("public, max-age={}", self.config.status_refresh),
        ))
    }

    fn current_list(&self) -> Result<u32, StateError> {
        let stored = self.state.get(Kind::List, "current")?;
        let filling: Option<Filling> = stored.as_deref().map(decode).transpose()?;
        Ok(filling.map_or(0, |filling| filling.list))
    }

    /// The signed status list `list` as JWT; made anew when the state changed or the last one is a minute old.
    pub fn status_token(&mut self, list: u32, now: Timestamp) -> Result<String, IssuerError> {
        if let Some((token, made)) = self.tokens.get(&list)
            && (0..60).contains(&now.since(*made))
        {
            return Ok(token.clone());
        }
        let token = self
            .unsigned_list(list, now)?
            .sign(self.signer.key(), self.signer.chain());
        self.tokens.insert(list, (token.clone(), now));
        Ok(token)
    }

    /// The same list as CWT, signed by the document signer: a list for mdocs hangs under the authority of the mdocs
    /// (ISO 18013-5 second edition §12.3.6).
    pub fn status_cwt(&mut self, list: u32, now: Timestamp) -> Result<Vec<u8>, IssuerError> {
        if let Some((token, made)) = self.cwts.get(&list)
            && (0..60).contains(&now.since(*made))
        {
            return Ok(token.clone());
        }
        let unsigned = self.unsigned_list(list, now)?;
        let signer = self.document_signer.as_ref().ok_or(IssuerError::KeyDoesNotFit)?;
        let token = unsigned.sign_cwt(signer.key(), signer.chain());
        self.cwts.insert(list, (token.clone(), now));
        Ok(token)
    }

    fn unsigned_list(&self, list: u32, now: Timestamp) -> Result<StatusListToken, IssuerError> {
        let mut statuses = StatusList::new(StatusWidth::Two, self.config.status_list_size)?;
        for (place, value) in self.state.list(Kind::Status)? {
            if let Some((number, index)) = place.split_once('/')
                && number == list.to_string()
                && let (Ok(index), [value]) = (index.parse(), value.as_slice())
            {
                statuses.set(index, *value)?;
            }
        }
        let times = TokenTimes::new(now)
            .expires(now.plus(self.config.status_lifetime))
            .time_to_live(self.config.status_refresh);
        Ok(StatusListToken::new(self.status_uri(list), statuses, times))
    }

    /// All lists (Token Status List §9), for whoever fetches ahead.
    pub(super) fn status_aggregation(&self) -> Result<HttpResponse, Failure> {
        let lists = (0..=self.current_list()?).map(|list| Json::from(self.status_uri(list)));
        let body = Object::new().with("status_lists", Json::Array(lists.collect()));
        Ok(cacheable(body.to_string(), self.config.status_refresh))
    }

    /// Issues a record at once to a holder, with a status entry; gives the id of the record and the credential.
    pub fn issue(
        &mut self,
        record: Record,
        holder: Option<&PublicKey>,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<(String, String), IssuerError> {
        let id = base64url::encode(random_bytes::<16>(random));
        let mut entry: Entry = self.new_entry(record, id, now)?;
        let pending = entry.pending.take().ok_or(IssuerError::NotOpen)?;
        for _ in 0..5 {
            let Allocation { places, mut changes } = self.allocate(&entry.id, 1, random)?;
            let (list, index) = places[0];
            let draft = pending.draft(&entry, holder, Some((self.status_uri(list), index)));
            let signed = self.signer.sign(draft, Some(&self.config.issuer), now, random)?;
            let mut issued = entry.clone();
            issued.copies.push(CopyRecord {
                configuration: issued.vct.clone(),
                list,
                index,
                thumbprint: holder.map(PublicKey::thumbprint),
                issued: now.unix(),
            });
            issued.note(now, HistoryEvent::Issued { copies: 1 });
            changes.push(Change::insert(Kind::Record, issued.id.clone(), encode(&issued), None));
            match self.state.apply(&changes) {
                Ok(()) => return Ok((issued.id, signed)),
                Err(StateError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StateError::Conflict.into())
    }
}
