//! The citizen's wallet: copies shown once, a history without values, and nothing left of what was deleted.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;
use wallet_core::codec::{Budget, Json, Object};
use wallet_core::credential::sd_jwt::{Blueprint, SdJwt, VerifyOptions};
use wallet_core::credential::{ClaimPath, Format, Unverified, Verified};
use wallet_core::crypto::{Curve, Random, SigningKey, StretchCost};
use wallet_core::keys::{Assurance, JwkSet, KeyHandle, PublicKey, SigningRequest};
use wallet_core::rulebook::Rulebook;
use wallet_core::store::{ChangeSet, Kind, MemoryStore, Record, RecordId, SqliteStore, Store, StoreError, Unlock};
use wallet_core::time::{Timestamp, Validity};
use wallet_core::trust::{Environment, Role, TrustStore};
use wallet_core::wallet::{
    AnchorContent, Code, CopyRef, Disclosed, DisplayName, Event, Flow, FlowId, FlowKind, HoldingId, Issuance, Issuer,
    KeyStore, KeyStoreError, NewCopy, NewHolding, Outcome, Party, Presentation, Renewal, Reuse, Wallet, WalletError,
    WhenEmpty,
};
use wallet_tests::TestRandom;
use zeroize::Zeroizing;

/// An invented pupil. The name stands in every credential here.
const NAME: &str = "Adelheid Sommerfeld";
const TYPE: &str = "urn:mappe:de:abitur:1";

/// A wallet in a file, that survives the end of its process.
struct Scene {
    folder: TempDir,
    random: TestRandom,
    now: Timestamp,
}

impl Scene {
    fn new() -> Self {
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
            random: TestRandom::new(21),
            now: Timestamp::parse("2026-07-05T10:00:00Z").unwrap(),
        };
        let random = &mut TestRandom::new(22);
        let store = SqliteStore::create(&scene.path(), &unlock(), random).unwrap();
        Wallet::create(Box::new(store), Environment::Test, scene.now, random).unwrap();
        scene
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("wallet.db")
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.path(), &unlock()).unwrap()
    }

    fn wallet(&self) -> Wallet {
        Wallet::open(Box::new(self.store())).unwrap()
    }

    /// Adds a holding of `count` copies, each bound to a software key.
    fn add(&mut self, wallet: &mut Wallet, count: usize, reuse: Reuse) -> HoldingId {
        let new = self.batch(wallet, count).reused(reuse);
        wallet.add(new, self.now, &mut self.random).unwrap()
    }

    fn batch(&mut self, wallet: &mut Wallet, count: usize) -> NewHolding {
        let keys = wallet
            .software_keys()
            .create(count, Curve::P256, self.now, &mut self.random)
            .unwrap();
        let copies = keys.into_iter().map(|(handle, key)| {
            // No two copies are the same; what matters here is that the name stands in each.
            NewCopy::new(format!("{NAME} {}~", key.thumbprint()), Some(handle))
        });
        NewHolding::new(Format::DcSdJwt, vec![TYPE.to_owned()], school(), copies.collect())
            .displayed_as(DisplayName::new(Some("Abiturzeugnis".to_owned()), None))
    }

    /// Shows the copy whose turn it is, and gives it.
    fn show(&mut self, wallet: &mut Wallet, id: HoldingId) -> Result<(CopyRef, String), WalletError> {
        let copy = wallet.next_copy(id)?;
        wallet.spend(&[copy.reference], university(), self.now, &mut self.random)?;
        Ok((copy.reference, copy.text.to_string()))
    }
}

fn unlock() -> Unlock {
    Unlock::key([7; 32])
}

fn school() -> Issuer {
    Issuer::new(Party::new(
        "Gymnasium am Deich",
        Some("NTRDE-HRB1".to_owned()),
        Environment::Test,
    ))
}

fn university() -> Presentation {
    let party = Party::new(
        "Universität Beispielstadt",
        Some("uni.example".to_owned()),
        Environment::Test,
    );
    let claims = |names: &[&str]| {
        let paths = names.iter().map(|name| ClaimPath::of_keys(name, &[]));
        vec![Disclosed::new(TYPE, paths.collect())]
    };
    Presentation::new(
        party,
        claims(&["family_name", "final_grade", "remarks"]),
        claims(&["family_name", "final_grade"]),
    )
    .for_purpose("admission")
}

const ONCE: Reuse = Reuse::OnceOnly {
    refill_below: 2,
    when_empty: WhenEmpty::Refuse,
};
const ONCE_THEN_LAST: Reuse = Reuse::OnceOnly {
    refill_below: 2,
    when_empty: WhenEmpty::ShowLastAgain,
};

fn records(store: &dyn Store, kind: &'static str) -> Vec<Record> {
    store.list(&Kind::new(kind)).unwrap()
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

fn all_bytes(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect()
}

mod copies {
    use super::*;

    #[test]
    fn each_is_shown_once_and_never_again() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let id = scene.add(&mut wallet, 5, ONCE);
        let mut seen = Vec::new();
        for left in (0..5).rev() {
            let (reference, text) = scene.show(&mut wallet, id).unwrap();
            assert!(!seen.contains(&(reference, text.clone())), "shown twice");
            seen.push((reference, text));
            assert_eq!(wallet.holding(id).unwrap().unused(), left);
            // The wallet forgets nothing when its process ends.
            drop(wallet);
            wallet = scene.wallet();
        }
        assert_eq!(wallet.next_copy(id).err(), Some(WalletError::NoCopyLeft));
        for (reference, _) in seen {
            let again = wallet.spend(&[reference], university(), scene.now, &mut scene.random);
            assert_eq!(again, Err(WalletError::CopyGone));
        }
    }

    #[test]
    fn the_last_is_shown_again_only_where_the_rule_says_so() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let id = scene.add(&mut wallet, 2, ONCE_THEN_LAST);
        let (first, _) = scene.show(&mut wallet, id).unwrap();
        assert!(!wallet.next_copy(id).unwrap().shown_before);
        let (second, _) = scene.show(&mut wallet, id).unwrap();
        let third = wallet.next_copy(id).unwrap();
        assert!(third.shown_before);
        assert_eq!(third.reference, second);
        scene.show(&mut wallet, id).unwrap();
        let again = wallet.spend(&[first], university(), scene.now, &mut scene.random);
        assert_eq!(again, Err(WalletError::CopyGone));
    }

    #[test]
    fn a_single_copy_is_shown_until_it_expires() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let expires = scene.now.plus(30 * 86_400);
        let new = scene
            .batch(&mut wallet, 1)
            .valid(Some(scene.now), Validity::new(None, Some(expires)));
        let id = wallet.add(new, scene.now, &mut scene.random).unwrap();
        let (first, _) = scene.show(&mut wallet, id).unwrap();
        let (second, _) = scene.show(&mut wallet, id).unwrap();
        assert_eq!(first, second);
        let holding = wallet.holding(id).unwrap();
        assert_eq!(holding.renewal(scene.now), Renewal::NotNeeded);
        assert_eq!(holding.renewal(expires.plus(-86_400)), Renewal::Expiring { expires });
        assert_eq!(holding.renewal(expires), Renewal::Expired { expired: expires });
    }

    #[test]
    fn a_refill_is_asked_for_before_they_run_out() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let id = scene.add(&mut wallet, 3, ONCE);
        let mut renewals = Vec::new();
        for _ in 0..3 {
            scene.show(&mut wallet, id).unwrap();
            renewals.push(wallet.holding(id).unwrap().renewal(scene.now));
        }
        let low = Renewal::CopiesLow { left: 1, limit: 2 };
        assert_eq!(renewals, [Renewal::NotNeeded, low, Renewal::Exhausted]);
    }

    #[test]
    fn a_crash_before_sending_loses_the_copy_and_does_not_show_it_again() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let id = scene.add(&mut wallet, 3, ONCE);
        let (lost, _) = scene.show(&mut wallet, id).unwrap();
        // The process ends between the commit and the sending.
        drop(wallet);
        let wallet = scene.wallet();
        assert_ne!(wallet.next_copy(id).unwrap().reference, lost);
        assert_eq!(wallet.holding(id).unwrap().unused(), 2);
        let entry = &wallet.history().unwrap()[0];
        assert_eq!(entry.outcome, Outcome::Unfinished);
    }

    #[test]
    fn a_store_that_fails_spends_nothing() {
        let mut scene = Scene::new();
        let random = &mut TestRandom::new(23);
        let mut wallet = Wallet::create(Box::new(Failing::after(3)), Environment::Test, scene.now, random).unwrap();
        let id = scene.add(&mut wallet, 2, ONCE);
        let before = wallet.next_copy(id).unwrap().reference;
        let refused = scene.show(&mut wallet, id).err();
        assert_eq!(refused, Some(WalletError::Store(StoreError::Full)));
        assert_eq!(wallet.next_copy(id).unwrap().reference, before);
        assert_eq!(wallet.holding(id).unwrap().unused(), 2);
        assert_eq!(wallet.history().unwrap().len(), 1);
    }

    #[test]
    fn several_credentials_are_spent_together_or_not_at_all() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let (one, two) = (scene.add(&mut wallet, 2, ONCE), scene.add(&mut wallet, 2, ONCE));
        let (gone, _) = scene.show(&mut wallet, two).unwrap();
        let fresh = wallet.next_copy(one).unwrap().reference;
        let refused = wallet.spend(&[fresh, gone], university(), scene.now, &mut scene.random);
        assert_eq!(refused, Err(WalletError::CopyGone));
        assert_eq!(wallet.holding(one).unwrap().unused(), 2);
        let both = [fresh, wallet.next_copy(two).unwrap().reference];
        wallet.spend(&both, university(), scene.now, &mut scene.random).unwrap();
        assert_eq!(wallet.holding(one).unwrap().unused(), 1);
        assert_eq!(wallet.holding(two).unwrap().unused(), 0);
    }

    #[test]
    fn renewed_copies_replace_the_old_ones() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let id = scene.add(&mut wallet, 2, ONCE);
        let old = wallet.next_copy(id).unwrap();
        let new = scene.batch(&mut wallet, 3);
        wallet.renew(id, new, scene.now.plus(60), &mut scene.random).unwrap();
        let holding = wallet.holding(id).unwrap();
        assert_eq!((holding.unused(), holding.reuse), (3, ONCE));
        let gone = wallet.spend(&[old.reference], university(), scene.now, &mut scene.random);
        assert_eq!(gone, Err(WalletError::CopyGone));
        let mut other = scene.batch(&mut wallet, 1);
        other.type_names = vec!["urn:eudi:pid:1".to_owned()];
        let refused = wallet.renew(id, other, scene.now, &mut scene.random);
        assert_eq!(refused, Err(WalletError::OtherCredential));
    }

    #[test]
    fn a_batch_that_links_its_copies_is_refused() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let holding = |copies| NewHolding::new(Format::DcSdJwt, vec![TYPE.to_owned()], school(), copies);
        let copy = |text: &str, key: &str| NewCopy::new(text.to_owned(), Some(KeyHandle::new(key)));
        let mut add = |copies| wallet.add(holding(copies), scene.now, &mut scene.random);
        let same_key = vec![copy("a", "k1"), copy("b", "k1")];
        assert_eq!(add(same_key), Err(WalletError::CopyRepeated));
        let same_text = vec![copy("a", "k1"), copy("a", "k2")];
        assert_eq!(add(same_text), Err(WalletError::CopyRepeated));
        add(vec![copy("a", "k1")]).unwrap();
        assert_eq!(add(vec![copy("b", "k1")]), Err(WalletError::CopyRepeated));
        assert_eq!(add(vec![]), Err(WalletError::Empty));
    }

    #[derive(Clone, Debug)]
    enum Deed {
        Show,
        SpendOld(usize),
        Renew(usize),
        EndProcess,
    }

    fn deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            6 => Just(Deed::Show),
            2 => (0usize..8).prop_map(Deed::SpendOld),
            1 => (1usize..4).prop_map(Deed::Renew),
            2 => Just(Deed::EndProcess),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_happens_none_is_shown_twice(deeds in proptest::collection::vec(deed(), 1..24)) {
            let mut scene = Scene::new();
            let mut wallet = scene.wallet();
            let id = scene.add(&mut wallet, 4, ONCE);
            let mut shown: Vec<(CopyRef, String)> = Vec::new();
            for deed in deeds {
                match deed {
                    Deed::Show => match scene.show(&mut wallet, id) {
                        Ok(copy) => {
                            prop_assert!(!shown.contains(&copy));
                            shown.push(copy);
                        }
                        Err(error) => {
                            prop_assert_eq!(error, WalletError::NoCopyLeft);
                            prop_assert_eq!(wallet.holding(id).unwrap().unused(), 0);
                        }
                    },
                    Deed::SpendOld(at) => if let Some((old, _)) = shown.get(at) {
                        let again = wallet.spend(&[*old], university(), scene.now, &mut scene.random);
                        prop_assert_eq!(again, Err(WalletError::CopyGone));
                    },
                    Deed::Renew(count) => {
                        let new = scene.batch(&mut wallet, count);
                        wallet.renew(id, new, scene.now, &mut scene.random).unwrap();
                    }
                    Deed::EndProcess => {
                        drop(wallet);
                        wallet = scene.wallet();
                    }
                }
                // One copy and its key stay for the citizen; nothing that was shown is left beside it.
                let holding = wallet.holding(id).unwrap();
                prop_assert_eq!(holding.copies.len(), holding.unused().max(1));
            }
        }
    }

    /// A store that is full after some commits.
    struct Failing(MemoryStore, usize);

    impl Failing {
        fn after(commits: usize) -> Self {
            Self(MemoryStore::new(), commits)
        }
    }

    impl Store for Failing {
        fn get(&self, kind: &Kind, id: RecordId) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
            self.0.get(kind, id)
        }

        fn list(&self, kind: &Kind) -> Result<Vec<Record>, StoreError> {
            self.0.list(kind)
        }

        fn kinds(&self) -> Result<Vec<Kind>, StoreError> {
            self.0.kinds()
        }

        fn commit(&mut self, changes: ChangeSet, random: &mut dyn Random) -> Result<(), StoreError> {
            self.1 = self.1.checked_sub(1).ok_or(StoreError::Full)?;
            self.0.commit(changes, random)
        }
    }
}

mod keys {
    use super::*;

    fn request(handle: &KeyHandle, key: &PublicKey) -> SigningRequest {
        SigningRequest::new(handle.clone(), key.clone(), b"nonce".to_vec())
    }

    #[test]
    fn sign_until_the_copy_is_spent_and_never_after() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let made = wallet
            .software_keys()
            .create(2, Curve::P256, scene.now, &mut scene.random)
            .unwrap();
        let copies = made
            .iter()
            .map(|(handle, key)| NewCopy::new(key.thumbprint(), Some(handle.clone())));
        let new = NewHolding::new(Format::DcSdJwt, vec![TYPE.to_owned()], school(), copies.collect()).reused(ONCE);
        let id = wallet.add(new, scene.now, &mut scene.random).unwrap();
        let copy = wallet.next_copy(id).unwrap();
        let (handle, key) = &made[0];
        assert_eq!(copy.key.as_ref(), Some(handle));
        let signatures = wallet.software_keys().sign(&[request(handle, key)]).unwrap();
        assert_eq!(key.verifying_key().verify(b"nonce", &signatures[0]), Ok(()));
        wallet
            .spend(&[copy.reference], university(), scene.now, &mut scene.random)
            .unwrap();
        let gone = wallet.software_keys().sign(&[request(handle, key)]);
        assert_eq!(gone, Err(KeyStoreError::UnknownKey));
        // The last key of all stays: a renewal may have to prove it.
        scene.show(&mut wallet, id).unwrap();
        let (handle, key) = &made[1];
        assert!(wallet.software_keys().sign(&[request(handle, key)]).is_ok());
    }

    #[test]
    fn of_every_curve_survive_and_are_told_apart() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        assert_eq!(wallet.software_keys().assurance(), Assurance::Software);
        for curve in [Curve::P256, Curve::P384, Curve::Ed25519] {
            let mut made = wallet
                .software_keys()
                .create(2, curve, scene.now, &mut scene.random)
                .unwrap();
            drop(wallet);
            wallet = scene.wallet();
            let (other, _) = made.pop().unwrap();
            let (handle, key) = made.pop().unwrap();
            let signatures = wallet.software_keys().sign(&[request(&handle, &key)]).unwrap();
            assert_eq!(key.verifying_key().verify(b"nonce", &signatures[0]), Ok(()));
            let wrong = wallet.software_keys().sign(&[request(&other, &key)]);
            assert_eq!(wrong, Err(KeyStoreError::WrongKey));
        }
        let none = wallet
            .software_keys()
            .create(0, Curve::P256, scene.now, &mut scene.random);
        assert_eq!(
            none.err(),
            Some(KeyStoreError::TooMany {
                required: 0,
                allowed: 1000
            })
        );
    }

    #[test]
    fn of_another_key_store_are_listed_until_it_has_destroyed_them() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let handle = |name: &str| KeyHandle::new(format!("secure-element/{name}"));
        let copy = |name: &str| NewCopy::new(name.to_owned(), Some(handle(name)));
        let copies = vec![copy("a"), copy("b"), copy("c")];
        let new = NewHolding::new(Format::DcSdJwt, vec![TYPE.to_owned()], school(), copies).reused(ONCE);
        let id = wallet.add(new, scene.now, &mut scene.random).unwrap();
        scene.show(&mut wallet, id).unwrap();
        assert_eq!(wallet.keys_to_destroy(), Ok(vec![handle("a")]));
        drop(wallet);
        let mut wallet = scene.wallet();
        wallet.keys_destroyed(&[handle("a")], &mut scene.random).unwrap();
        assert_eq!(wallet.keys_to_destroy(), Ok(vec![]));
        wallet.delete(id, scene.now, &mut scene.random).unwrap();
        let mut left = wallet.keys_to_destroy().unwrap();
        left.sort();
        assert_eq!(left, [handle("b"), handle("c")]);
    }

    #[test]
    fn left_over_by_an_issuance_are_swept_but_not_those_in_use() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let id = scene.add(&mut wallet, 2, ONCE);
        let later = scene.now.plus(1000);
        let orphans = wallet
            .software_keys()
            .create(3, Curve::P256, scene.now, &mut scene.random)
            .unwrap();
        let flow = Flow::new(
            FlowId::random(&mut scene.random),
            FlowKind::Issuance,
            "School",
            vec![],
            scene.now,
        );
        wallet.save_flow(&flow, &mut scene.random).unwrap();
        assert_eq!(wallet.sweep_keys(later, &mut scene.random), Ok(0));
        wallet.delete_flow(flow.id, &mut scene.random).unwrap();
        assert_eq!(wallet.sweep_keys(scene.now, &mut scene.random), Ok(0));
        assert_eq!(wallet.sweep_keys(later, &mut scene.random), Ok(3));
        let (handle, key) = &orphans[0];
        let gone = wallet.software_keys().sign(&[request(handle, key)]);
        assert_eq!(gone, Err(KeyStoreError::UnknownKey));
        assert_eq!(wallet.holding(id).unwrap().unused(), 2);
    }
}

mod history {
    use super::*;

    #[test]
    fn says_who_got_which_claims_when_and_holds_no_value() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let id = scene.add(&mut wallet, 2, ONCE);
        let copy = wallet.next_copy(id).unwrap();
        let entry = wallet
            .spend(&[copy.reference], university(), scene.now.plus(60), &mut scene.random)
            .unwrap();
        wallet.conclude(entry, Outcome::Completed, &mut scene.random).unwrap();
        wallet.delete(id, scene.now.plus(120), &mut scene.random).unwrap();
        let entries = wallet.history().unwrap();
        let seen: Vec<_> = entries.iter().map(|entry| (entry.number, entry.time)).collect();
        let (now, times) = (scene.now, [120, 60, 0]);
        assert_eq!(seen, [(3, now.plus(times[0])), (2, now.plus(times[1])), (1, now)]);
        assert_eq!(entries[1].event, Event::Presentation(university()));
        assert_eq!(entries[1].outcome, Outcome::Completed);
        drop(copy);
        drop(wallet);
        let store = scene.store();
        let stored = records(&store, "history");
        assert_eq!(stored.len(), 3);
        for record in stored {
            assert!(!holds(&record.plain, b"Adelheid") && !holds(&record.plain, b"Sommerfeld"));
        }
    }

    #[test]
    fn speaks_the_model_of_ts10() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let id = scene.add(&mut wallet, 2, ONCE);
        let refused = Outcome::NotCompleted(Code::parse("user.refused").unwrap());
        wallet
            .record(Event::Presentation(university()), refused, scene.now, &mut scene.random)
            .unwrap();
        wallet.delete(id, scene.now, &mut scene.random).unwrap();
        let entries = wallet.history().unwrap();
        let transactions: Vec<Json> = entries.iter().map(|entry| Json::from(entry.to_transaction())).collect();
        let at = |entry: usize, path: &[&str]| {
            path.iter()
                .try_fold(&transactions[entry], |json, name| json.get(name))
                .map(Json::to_string)
        };
        assert_eq!(at(0, &["transactionType"]).as_deref(), Some(r#""CredentialDeletion""#));
        assert_eq!(
            at(0, &["credentialDeletion", "credentialIssuerName"]).as_deref(),
            Some(r#""Gymnasium am Deich""#)
        );
        assert_eq!(at(1, &["time"]).as_deref(), Some(r#""2026-07-05T10:00:00""#));
        assert_eq!(at(1, &["transactionResult"]).as_deref(), Some(r#""NotCompleted""#));
        assert_eq!(
            at(1, &["presentation", "reasonOfNoncompletion"]).as_deref(),
            Some(r#""user.refused""#)
        );
        assert_eq!(
            at(1, &["presentation", "listOfClaimsPresented"]).as_deref(),
            Some(r#"[{"credentialIdentifier":"urn:mappe:de:abitur:1","claims":["family_name","final_grade"]}]"#)
        );
        assert_eq!(
            at(2, &["credentialIssuance", "credentialNumberIssued"]).as_deref(),
            Some("2")
        );
    }

    #[test]
    fn takes_codes_as_reasons_and_no_other_text() {
        for text in ["", "Adelheid", "user refused", "grade=1,3", &"a".repeat(81)] {
            assert_eq!(Code::parse(text), None, "{text}");
        }
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let failed = Issuance::failed(school().party, TYPE, 3);
        let code = Code::parse("issuance.expired").unwrap();
        wallet
            .record(
                Event::Issuance(failed),
                Outcome::NotCompleted(code),
                scene.now,
                &mut scene.random,
            )
            .unwrap();
        let entries = wallet.history().unwrap();
        wallet.forget(&[entries[0].id], &mut scene.random).unwrap();
        assert_eq!(wallet.history(), Ok(vec![]));
        let gone = wallet.conclude(entries[0].id, Outcome::Completed, &mut scene.random);
        assert_eq!(gone, Err(WalletError::NoSuchEntry));
    }
}

mod file {
    use super::*;

    #[test]
    fn tells_a_finder_nothing() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let id = scene.add(&mut wallet, 2, ONCE);
        scene.show(&mut wallet, id).unwrap();
        drop(wallet);
        let bytes = all_bytes(scene.folder.path());
        for text in [NAME, "Adelheid", "Gymnasium", "Universität", "family_name", "abitur"] {
            assert!(!holds(&bytes, text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn keeps_no_trace_of_a_deleted_holding() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let keep = scene.add(&mut wallet, 1, Reuse::for_batch(1));
        drop(wallet);
        let before: Vec<_> = ["holding", "copy", "key"]
            .map(|kind| records(&scene.store(), kind).len())
            .to_vec();
        let mut wallet = scene.wallet();
        let id = scene.add(&mut wallet, 5, ONCE);
        scene.show(&mut wallet, id).unwrap();
        drop(wallet);
        let sealed = |path: &Path| -> Vec<Vec<u8>> {
            let connection = rusqlite::Connection::open(path).unwrap();
            let sql = "SELECT sealed FROM record WHERE kind IN ('holding', 'copy', 'key')";
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let all = sealed(&scene.path());
        let mut wallet = scene.wallet();
        wallet.delete(id, scene.now, &mut scene.random).unwrap();
        assert_eq!(wallet.holding(id), Err(WalletError::NoSuchHolding));
        assert_eq!(
            wallet.delete(id, scene.now, &mut scene.random),
            Err(WalletError::NoSuchHolding)
        );
        assert_eq!(wallet.holdings().unwrap()[0].id, keep);
        drop(wallet);
        let after: Vec<_> = ["holding", "copy", "key"]
            .map(|kind| records(&scene.store(), kind).len())
            .to_vec();
        assert_eq!(after, before);
        let left = sealed(&scene.path());
        let bytes = all_bytes(scene.folder.path());
        let gone: Vec<_> = all.iter().filter(|sealed| !left.contains(sealed)).collect();
        assert_eq!(gone.len(), 9);
        for sealed in gone {
            assert!(!holds(&bytes, &sealed[..48]), "a sealed record is still in the file");
        }
    }

    #[test]
    fn is_restored_from_a_backup_without_showing_a_copy_twice() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let batch = scene.add(&mut wallet, 4, ONCE_THEN_LAST);
        let single = scene.add(&mut wallet, 1, Reuse::for_batch(1));
        let words = || Unlock::passphrase_at_cost("twelve words".to_owned(), StretchCost::new(64, 1));
        let backup = wallet.export_backup(&words(), &mut scene.random).unwrap();
        assert!(!holds(&backup, NAME.as_bytes()));
        // What is shown after the backup was made is not in it.
        let (shown, text) = scene.show(&mut wallet, batch).unwrap();
        let elsewhere = scene.folder.path().join("restored.db");
        let store = || SqliteStore::open(&elsewhere, &unlock()).unwrap();
        drop(SqliteStore::create(&elsewhere, &unlock(), &mut scene.random).unwrap());
        let wrong = Wallet::restore(Box::new(store()), &backup, &unlock(), &mut scene.random);
        assert_eq!(wrong.err(), Some(WalletError::Store(StoreError::WrongKey)));
        let restored = Wallet::restore(Box::new(store()), &backup, &words(), &mut scene.random).unwrap();
        let next = restored.next_copy(batch).unwrap();
        assert!(next.shown_before && next.reference != shown && *next.text != text);
        assert_eq!(restored.holding(batch).unwrap().renewal(scene.now), Renewal::Exhausted);
        assert!(restored.next_copy(single).is_ok());
        drop(restored);
        let again = Wallet::restore(Box::new(store()), &backup, &words(), &mut scene.random);
        assert_eq!(again.err(), Some(WalletError::Exists));
    }

    #[test]
    fn of_a_test_wallet_takes_nothing_from_production() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let mut new = scene.batch(&mut wallet, 1);
        new.issuer.party.environment = Environment::Production;
        let refused = wallet.add(new, scene.now, &mut scene.random);
        assert_eq!(
            refused,
            Err(WalletError::WrongEnvironment {
                wallet: Environment::Test
            })
        );
    }

    #[test]
    fn without_a_wallet_is_not_opened() {
        let random = &mut TestRandom::new(24);
        let none = Wallet::open(Box::new(MemoryStore::new()));
        assert_eq!(none.err(), Some(WalletError::NotAWallet));
        let mut store = MemoryStore::new();
        let mut changes = ChangeSet::new();
        changes.put(&Kind::new("other"), RecordId::ONLY, vec![1]);
        store.commit(changes, random).unwrap();
        let taken = Wallet::create(Box::new(store), Environment::Test, Timestamp::from_unix(0), random);
        assert_eq!(taken.err(), Some(WalletError::Exists));
    }

    /// The records as release 0.1.0 writes them. They must load for ever.
    #[test]
    fn of_version_1_loads() {
        let mut store = MemoryStore::new();
        let mut changes = ChangeSet::new();
        for line in include_str!("wallet/version_1.txt").lines() {
            let [kind, id, plain] = line.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
            let (kind, id) = (Kind::parse(kind).unwrap(), RecordId::parse(id).unwrap());
            changes.put(&kind, id, plain.as_bytes().to_vec());
        }
        store.commit(changes, &mut TestRandom::new(25)).unwrap();
        let wallet = Wallet::open(Box::new(store)).unwrap();
        let holding = wallet.holdings().unwrap().pop().unwrap();
        assert_eq!(holding.type_names, [TYPE]);
        assert_eq!(wallet.read(holding.id).unwrap().as_str(), "a~b~");
        assert_eq!(wallet.history().unwrap().len(), 3);
        assert_eq!(wallet.anchors().unwrap().len(), 1);
    }
}

mod flows {
    use super::*;

    #[test]
    fn survive_the_end_of_the_process_sealed() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let id = FlowId::random(&mut scene.random);
        let flow = Flow::new(id, FlowKind::Issuance, "School", NAME.as_bytes().to_vec(), scene.now);
        wallet.save_flow(&flow, &mut scene.random).unwrap();
        drop(wallet);
        assert!(!holds(&all_bytes(scene.folder.path()), NAME.as_bytes()));
        let mut wallet = scene.wallet();
        assert_eq!(wallet.load_flow(id), Ok(flow));
        let later = scene.now.plus(60);
        let deferred = Flow::new(id, FlowKind::Deferred, "School", vec![1], later).due_at(later.plus(3600));
        wallet.save_flow(&deferred, &mut scene.random).unwrap();
        let flows = wallet.flows().unwrap();
        assert_eq!(flows.len(), 1);
        assert_eq!((flows[0].begun_at, flows[0].saved_at), (scene.now, later));
        assert_eq!(wallet.due_flows(later).unwrap().len(), 0);
        assert_eq!(wallet.due_flows(later.plus(3600)).unwrap()[0].id, id);
        wallet.delete_flow(id, &mut scene.random).unwrap();
        assert_eq!(wallet.load_flow(id), Err(WalletError::NoSuchFlow));
    }
}

mod anchors {
    use super::*;

    #[test]
    fn are_added_listed_used_and_removed() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let key = PublicKey::from(&SigningKey::generate(Curve::P256, &mut scene.random));
        let jwks = Json::from(key.to_jwk()).to_string();
        let content = AnchorContent::Keys { issuer: None, jwks };
        let random = &mut scene.random;
        let id = wallet
            .add_anchor(Role::Issuers, "School", content.clone(), scene.now, random)
            .unwrap();
        let again = wallet.add_anchor(Role::Issuers, "Other name", content.clone(), scene.now, random);
        assert_eq!(again, Ok(id));
        assert_eq!(wallet.anchors().unwrap()[0].label, "School");
        assert_eq!(wallet.trust_store().unwrap().anchors(Role::Issuers).count(), 1);
        let refused = wallet.add_anchor(Role::RelyingParties, "University", content, scene.now, random);
        assert_eq!(refused, Err(WalletError::BadAnchor));
        let text = AnchorContent::Certificate("no certificate".to_owned());
        let refused = wallet.add_anchor(Role::Issuers, "School", text, scene.now, random);
        assert_eq!(refused, Err(WalletError::BadAnchor));
        wallet.remove_anchor(id, random).unwrap();
        assert_eq!(wallet.anchors(), Ok(vec![]));
        assert_eq!(wallet.remove_anchor(id, random), Err(WalletError::NoSuchAnchor));
    }

    #[test]
    fn are_read_as_a_key_or_a_set_of_keys_and_nothing_else() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let key = Json::from(PublicKey::from(&SigningKey::generate(Curve::P256, &mut scene.random)).to_jwk());
        let mut add = |jwks: String| {
            let content = AnchorContent::Keys { issuer: None, jwks };
            wallet.add_anchor(Role::Issuers, "School", content, scene.now, &mut scene.random)
        };
        assert!(add(format!(r#"{{"keys":[{key}]}}"#)).is_ok());
        for text in [r#"{"keys":[]}"#, "{}", "[]", "", r#"{"kty":"oct","k":"AA"}"#] {
            assert_eq!(add(text.to_owned()), Err(WalletError::BadAnchor), "{text}");
        }
    }
}

mod sd_jwts {
    use super::*;

    /// A school that issues, and wallets that trust it.
    fn batch(scene: &mut Scene, wallet: &mut Wallet, count: usize) -> Vec<(Verified<SdJwt>, Option<KeyHandle>)> {
        let school = SigningKey::generate(Curve::P256, &mut TestRandom::new(30));
        let set = format!(r#"{{"keys":[{}]}}"#, Json::from(PublicKey::from(&school).to_jwk()));
        let set = JwkSet::parse(&Json::parse(set, &mut Budget::default()).unwrap()).unwrap();
        let mut trust = TrustStore::new(Environment::Test);
        trust.pin_issuer_keys(Some("https://school.example".to_owned()), set);
        let keys = wallet
            .software_keys()
            .create(count, Curve::P256, scene.now, &mut scene.random)
            .unwrap();
        let mut issue = |(number, (handle, key)): (usize, (KeyHandle, PublicKey))| {
            let expires = scene.now.plus(1000 - number as i64).unix();
            let claims = Object::new()
                .with("iss", Json::from("https://school.example"))
                .with("vct", Json::from("urn:eudi:pid:de:1"))
                .with("iat", Json::from(scene.now.unix()))
                .with("exp", Json::from(expires))
                .with("family_name", Json::from(NAME))
                .with("cnf", Json::from(Object::new().with("jwk", Json::from(key.to_jwk()))));
            let blueprint = Blueprint::new(claims, &[ClaimPath::of_keys("family_name", &[])]).unwrap();
            let header = Object::new()
                .with("alg", Json::from("ES256"))
                .with("typ", Json::from("dc+sd-jwt"));
            let text = blueprint.conceal(&mut scene.random).sign(header, &school);
            let unverified = Unverified::<SdJwt>::parse(&text, &mut Budget::default()).unwrap();
            let verified = unverified.verify(&trust, &VerifyOptions::at_rest(), scene.now).unwrap();
            (verified, Some(handle))
        };
        keys.into_iter().enumerate().map(&mut issue).collect()
    }

    #[test]
    fn are_held_as_issued_and_come_back_to_be_shown() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let rulebook = Rulebook::bundled();
        let issued = batch(&mut scene, &mut wallet, 3);
        let texts: Vec<String> = issued.iter().map(|(copy, _)| copy.credential().to_compact()).collect();
        let new = NewHolding::of_credential(issued, &rulebook).unwrap();
        let id = wallet.add(new, scene.now, &mut scene.random).unwrap();
        drop(wallet);
        let mut wallet = scene.wallet();
        let holding = wallet.holding(id).unwrap();
        assert_eq!(holding.type_names, ["urn:eudi:pid:de:1", "urn:eudi:pid:1"]);
        assert_eq!(
            holding.issuer.party.identifier.as_deref(),
            Some("https://school.example")
        );
        assert_eq!(holding.valid_until, Some(scene.now.plus(998)));
        assert_eq!(holding.issued_at, Some(scene.now));
        for text in &texts {
            let mut hand = wallet.in_hand().unwrap();
            let (_, copy) = hand.pop().unwrap();
            assert_eq!(copy.credential().unwrap().credential().to_text(), *text);
            wallet
                .spend(&[copy.reference], university(), scene.now, &mut scene.random)
                .unwrap();
        }
        // Read by its owner it can still be, and shown again by this rule.
        let read = wallet.read_credential(&holding).unwrap();
        assert_eq!(read.credential().claims().get("family_name"), Some(&Json::from(NAME)));
        let (_, again) = wallet.in_hand().unwrap().pop().unwrap();
        assert!(again.shown_before);
    }

    #[test]
    fn that_must_not_be_shown_again_are_not_in_hand() {
        let mut scene = Scene::new();
        let mut wallet = scene.wallet();
        let issued = batch(&mut scene, &mut wallet, 2);
        let new = NewHolding::of_credential(issued, &Rulebook::bundled())
            .unwrap()
            .reused(ONCE);
        let id = wallet.add(new, scene.now, &mut scene.random).unwrap();
        for left in [1, 0] {
            scene.show(&mut wallet, id).unwrap();
            assert_eq!(wallet.in_hand().unwrap().len(), left);
        }
    }
}
