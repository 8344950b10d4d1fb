//! Body of the target of lists of issuing authorities.

use std::cell::RefCell;

use wallet_core::envelope::cose::UnsignedSign1;
use wallet_core::keys::PublicKey;
use wallet_core::time::Validity;
use wallet_core::trust::authority::{CertificateAuthority, CertificateName, LeafProfile};
use wallet_core::trust::vical::{Vical, VicalEntry, is_vical};
use wallet_core::trust::{Certificate, Environment, Role, TrustStore};

use super::key;
use super::mdoc::MDL;
use crate::TestRandom;
use crate::issuing::now;

/// A provider of lists, and who trusts it.
pub struct Provider {
    trust: TrustStore,
    /// The certificate that signs lists.
    pub signer: Certificate,
    /// A list with one authority.
    pub list: Vical,
}

impl Provider {
    /// A provider that is the same every time.
    ///
    /// # Panics
    /// Never.
    pub fn new() -> Self {
        let random = &mut TestRandom::new(23);
        let validity = Validity::new(Some(now().plus(-86_400)), Some(now().plus(300 * 86_400)));
        let (curve, crl) = (key().curve(), "https://a.example/crl");
        let mut authority = |name: &str| {
            let name = CertificateName::new(name).country("DE");
            CertificateAuthority::generate_iaca(name, crl, curve, validity, random).expect("an authority")
        };
        let (root, land) = (authority("Provider"), authority("Land"));
        let public = PublicKey::from(&key());
        let signer = root.issue_vical_signer(&LeafProfile::new("Lists"), &public, crl, validity, random);
        let mut trust = TrustStore::new(Environment::Test);
        trust.add_anchor(Role::VicalProviders, root.certificate().clone());
        let mut list = Vical::new("Provider", now());
        list.issue = Some(7);
        list.next_update = Some(now().plus(86_400));
        list.entries.push(VicalEntry::new(land.certificate().clone(), [MDL]));
        Self {
            trust,
            signer: signer.expect("a certificate"),
            list,
        }
    }
}

impl Default for Provider {
    fn default() -> Self {
        Self::new()
    }
}

thread_local! {
    static PROVIDER: RefCell<Provider> = RefCell::new(Provider::new());
}

/// The content of a list, signed here, and a whole one: what is accepted is written and accepted again.
pub fn vical(data: &[u8]) {
    PROVIDER.with_borrow(|provider| {
        let _ = is_vical(data);
        let judge = |bytes: &[u8]| Vical::verify(bytes, &provider.trust, Some(7), now());
        let _ = judge(data);
        let signed = UnsignedSign1::new(key().algorithm(), data).x5chain(&[provider.signer.der().to_vec()]);
        if let Ok(list) = judge(&signed.sign(&key()).encode()) {
            let again = list.sign(&key(), std::slice::from_ref(&provider.signer));
            assert_eq!(judge(&again).as_ref(), Ok(&list));
            let mut store = TrustStore::new(Environment::Test);
            store.add_vical(&list).expect("certificates");
        }
    });
}
