//! Writes the seeds of the corpora: what honest peers send, and what nobody honest does.

use wallet_core::codec::{Json, Object, base64url};
use wallet_core::crypto::{AgreementKey, ContentCipher, Curve, SigningKey, VerifyingKey};
use wallet_core::envelope::jwe::{Recipient, encrypt};
use wallet_core::envelope::jws::UnsignedJws;
use wallet_core::issuance;
use wallet_core::issuer::OfferForm;
use wallet_core::keys::{KeyHandle, PublicKey};
use wallet_core::presentation::{Arrival, Context, Decision, Step, begin};
use wallet_core::store::{ChangeSet, Kind, MemoryStore, RecordId, Store, Unlock, export_backup};
use wallet_core::trust::pack::TrustPack;
use wallet_core::trust::{Anchor, Certificate, Environment, Role};
use wallet_core::verifier::{AssessOptions, RequestSpec, assess};
use wallet_tests::TestRandom;
use wallet_tests::campus::{self, Campus};
use wallet_tests::issuing::{Phone, School, now};

use super::folder;

mod mdoc;

#[test]
#[ignore = "writes files into the repository"]
fn seeds_are_written_anew() {
    json();
    envelopes();
    sd_jwt();
    dcql();
    xschule();
    pids();
    certificates();
    status();
    links();
    issuance();
    presentation();
    others();
    mdoc::all();
}

fn seed(target: &str, name: &str, data: impl AsRef<[u8]>) {
    let folder = folder().join("corpus").join(target);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), data).unwrap();
}

fn half(text: &[u8]) -> &[u8] {
    &text[..text.len() / 2]
}

fn json() {
    seed(
        "json",
        "object",
        r#"{"a":[1,-2.5e-3,"x\u00e9\ud83d\ude00",true,null],"b":{"c":{}},"":0}"#,
    );
    seed("json", "deep", "[".repeat(3000));
    seed("json", "deep-object", "{\"a\":".repeat(3000));
    seed("json", "nested-63", format!("{}{}", "[".repeat(63), "]".repeat(63)));
    seed("json", "digits", "9".repeat(5000));
    seed(
        "json",
        "numbers",
        r#"[1e400,-1e-400,1E+2,0.30000000000000004,18446744073709551616,-0,1e-7,123456789012345678901]"#,
    );
    let members: Vec<String> = (0..300).map(|n| format!("\"{}\":0", n % 299)).collect();
    seed("json", "late-duplicate", format!("{{{}}}", members.join(",")));
    seed("json", "lone-surrogate", r#""\ud800""#);
    seed("json", "bad-utf8", b"{\"a\":\"\xff\xc0\"}");
    seed("json", "byte-order-mark", "\u{feff}{}");
    seed("json", "control", "\"\u{1}\"");
    seed("json", "path", r#"["a",null,0]"#);
    let key = SigningKey::generate(Curve::P384, &mut TestRandom::new(1));
    let jwk = PublicKey::from(&key).to_jwk();
    seed("json", "jwk", jwk.to_string());
    seed(
        "json",
        "jwks",
        Object::new().with("keys", Json::Array(vec![jwk.into()])).to_string(),
    );
    seed(
        "json",
        "jwk-zero",
        r#"{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
    );
}

fn envelopes() {
    let campus = Campus::new();
    let key = SigningKey::generate(Curve::Ed25519, &mut TestRandom::new(9));
    let chain = Certificate::to_x5c(&campus.school.chain);
    let header = Object::new().with("typ", Json::from("kb+jwt")).with("x5c", chain);
    let signed = UnsignedJws::new(key.algorithm(), header, r#"{"nonce":"n"}"#).sign(&key);
    seed("jws", "signed", &signed);
    seed("jws", "truncated", half(signed.as_bytes()));
    seed("jws", "dots", ".".repeat(3000));
    for (name, header) in [
        ("none", r#"{"alg":"none"}"#),
        ("crit", r#"{"alg":"ES256","crit":["b64"],"b64":false}"#),
        ("typ", r#"{"alg":"ES256","typ":"application/ßß"}"#),
        ("x5c", r#"{"alg":"ES384","x5c":["","AA==",7]}"#),
    ] {
        seed("jws", name, format!("{}.e30.AAAA", base64url::encode(header)));
    }

    let key = AgreementKey::generate(&mut TestRandom::new(3));
    let public = PublicKey::new(VerifyingKey::new(Curve::P256, &key.public_point()).unwrap());
    for (name, enc) in [("a128", ContentCipher::A128Gcm), ("a256", ContentCipher::A256Gcm)] {
        let mut recipient = Recipient::new(public.clone(), Some("1".into()), enc);
        recipient.apu = b"a".to_vec();
        let text = encrypt(b"{\"vp_token\":{}}", &recipient, &mut TestRandom::new(5)).unwrap();
        seed("jwe", name, &text);
        seed("jwe", &format!("{name}-truncated"), half(text.as_bytes()));
    }
    let header = r#"{"alg":"ECDH-ES","enc":"A128GCM","zip":"DEF","epk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}"#;
    seed(
        "jwe",
        "zip",
        format!(
            "{}..AAAAAAAAAAAAAAAA..AAAAAAAAAAAAAAAAAAAAAA",
            base64url::encode(header)
        ),
    );
}

fn sd_jwt() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let report = holding[0].credential.credential().as_sd_jwt().unwrap();
    let text = report.to_compact();
    seed("sd_jwt", "report", &text);
    seed("sd_jwt", "truncated", half(text.as_bytes()));
    let selection = report.select(&[campus::path(&["family_name"])]).unwrap();
    let handle = KeyHandle::new("report");
    let key = PublicKey::from(campus.key(&handle));
    let bound = report.present(&selection).bind("n", "a", campus.now, handle, key);
    let signature = campus.sign(&[bound.signing_request()]).remove(0);
    seed("sd_jwt", "bound", bound.with_signature(&signature));
    for (name, form) in [
        ("flattened", wallet_core::credential::sd_jwt::JsonForm::Flattened),
        ("general", wallet_core::credential::sd_jwt::JsonForm::General),
    ] {
        seed("sd_jwt", name, report.to_json(form).to_string());
    }
    seed(
        "sd_jwt",
        "tildes",
        format!("{}{}", text.split('~').next().unwrap(), "~".repeat(3000)),
    );
    seed("sd_jwt", "twice", format!("{text}{}~", text.split('~').nth(1).unwrap()));
    seed("sd_jwt", "empty-parts", "..~");

    let join = |parts: &[&str]| parts.join("\n\n");
    for (name, parts) in [
        (
            "members",
            &[
                r#"{"vct":"t","_sd":["@1","@2","x"],"_sd_alg":"sha-256"}"#,
                r#"["s","a",1]"#,
                r#"["s","b",{"c":2}]"#,
            ][..],
        ),
        (
            "recursive",
            &[
                r#"{"vct":"t","a":{"_sd":["@1"]}}"#,
                r#"["s","b",{"_sd":["@2"],"c":[{"...":"@3"}]}]"#,
                r#"["s","d",1]"#,
                r#"["s",2]"#,
            ],
        ),
        (
            "elements",
            &[
                r#"{"vct":"t","a":[0,{"...":"@1"},{"...":"gone"},[{"...":"@2"}]]}"#,
                r#"["s",{"b":1}]"#,
                r#"["s",[1,2]]"#,
            ],
        ),
        ("digest-twice", &[r#"{"vct":"t","_sd":["@1","@1"]}"#, r#"["s","a",1]"#]),
        ("name-clash", &[r#"{"vct":"t","a":0,"_sd":["@1"]}"#, r#"["s","a",1]"#]),
        ("unreferenced", &[r#"{"vct":"t"}"#, r#"["s","a",1]"#]),
        ("reserved", &[r#"{"vct":"t","_sd":["@1"]}"#, r#"["s","_sd",[]]"#]),
        (
            "wrong-kind",
            &[
                r#"{"vct":"t","_sd":["@1"],"a":[{"...":"@2"}]}"#,
                r#"["s",1]"#,
                r#"["s","b",1]"#,
            ],
        ),
        ("never-selective", &[r#"{"_sd":["@1"]}"#, r#"["s","vct","t"]"#]),
        (
            "times",
            &[
                r#"{"vct":"t","nbf":1e400,"exp":-1.5,"iat":9223372036854775807,"status":{"status_list":{"idx":1,"uri":"x"}}}"#,
            ],
        ),
        (
            "holder",
            &[r#"{"vct":"t","cnf":{"jwk":{"kty":"OKP","crv":"Ed25519","x":"AA"}},"aka_vcts":["u",1]}"#],
        ),
        ("slots", &[r#"{"vct":"t","a":[{"...":1},{"...":"x","y":0}]}"#]),
    ] {
        seed("sd_jwt_signed", name, join(parts));
    }
    // Disclosures in disclosures, deeper than allowed.
    let mut chain = vec![r#"{"vct":"t","_sd":["@1"]}"#.to_owned()];
    chain.extend((2..80).map(|next| format!(r#"["s","a",{{"_sd":["@{next}"]}}]"#)));
    seed("sd_jwt_signed", "deep-chain", chain.join("\n\n"));
    let mut many = vec![format!(
        "{{\"vct\":\"t\",\"_sd\":[{}]}}",
        (1..200).map(|n| format!("\"@{n}\"")).collect::<Vec<_>>().join(",")
    )];
    many.extend((1..200).map(|n| format!(r#"["s","a{n}",[{{"_sd":["y{n}"]}}]]"#)));
    seed("sd_jwt_signed", "many", many.join("\n\n"));
}

fn dcql() {
    let claim = |path: &str| format!(r#"{{"path":{path}}}"#);
    let query = |claims: &str, rest: &str| {
        format!(
            r#"{{"credentials":[{{"id":"r","format":"dc+sd-jwt","meta":{{"vct_values":["{}"]}},"claims":[{claims}]{rest}}}]}}"#,
            campus::REPORT
        )
    };
    seed("dcql", "plain", campus::query().to_json().to_string());
    seed(
        "dcql",
        "wildcards",
        query(
            &[
                claim(r#"["subjects",null,"points"]"#),
                claim(r#"["subjects",1,"name"]"#),
            ]
            .join(","),
            "",
        ),
    );
    seed(
        "dcql",
        "values",
        query(
            r#"{"path":["average"],"values":["1.3",2,true,2.0,-9007199254740993]}"#,
            "",
        ),
    );
    seed(
        "dcql",
        "sets",
        query(
            r#"{"id":"a","path":["family_name"]},{"id":"b","path":["x"]}"#,
            r#","claim_sets":[["a","b"],["a"]],"multiple":true"#,
        ),
    );
    seed(
        "dcql",
        "credential-sets",
        r#"{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{}},{"id":"b","format":"mso_mdoc","meta":{"doctype_value":"d"},"claims":[{"path":["n","e"],"intent_to_retain":true}]},{"id":"c","format":"ldp_vc","meta":{"type_values":[["T"]]}}],"credential_sets":[{"options":[["a","b"],["c"]]},{"options":[["b"]],"required":false}]}"#,
    );
    seed(
        "dcql",
        "authorities",
        r#"{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["urn:example:school-report:1"]},"trusted_authorities":[{"type":"aki","values":["AA","!"]},{"type":"x","values":["y"]}],"require_cryptographic_holder_binding":false}]}"#,
    );
    seed(
        "dcql",
        "over-claims",
        format!(
            "{}\n\n{}",
            query(&claim(r#"["a",null,null,0]"#), ""),
            r#"{"a":[[[1],[]],[{}],7],"b":null}"#
        ),
    );
    let many: Vec<String> = (0..400).map(|_| claim(r#"["subjects",null]"#)).collect();
    seed("dcql", "repeated", query(&many.join(","), ""));
    seed(
        "dcql",
        "huge-index",
        query(&claim("[\"subjects\",18446744073709551615]"), ""),
    );
    seed("dcql", "empty", r#"{"credentials":[]}"#);
}

fn xschule() {
    for file in ["abitur.xml", "zeugnis.xml", "schulbescheinigung.xml"] {
        let path = folder().join("../../examples/data").join(file);
        let text = std::fs::read(path).unwrap();
        seed("xschule", file, &text);
        seed("xschule", &format!("cut-{file}"), half(&text));
    }
    let root = |inside: &str| format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><r xmlns=\"urn:x\">{inside}</r>");
    seed(
        "xschule",
        "doctype.xml",
        "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><r>&b;</r>",
    );
    seed("xschule", "deep.xml", "<a>".repeat(3000));
    let attributes: String = (0..70).map(|n| format!(" a{n}='{n}'")).collect();
    seed("xschule", "attributes.xml", format!("<r{attributes}/>"));
    let declared: String = (0..60).map(|n| format!(" xmlns:n{n}='urn:{n}'")).collect();
    seed(
        "xschule",
        "namespaces.xml",
        root(&format!("<a{declared}>{}</a>", "<b xmlns:z='urn:z'/>".repeat(100))),
    );
    seed("xschule", "unfinished.xml", "<r a='<<<<");
    seed(
        "xschule",
        "latin1.xml",
        b"<?xml version='1.0' encoding='ISO-8859-1'?><r>\xfc</r>",
    );
    seed("xschule", "utf16.xml", b"\xff\xfe<\0r\0/\0>\0");
    seed("xschule", "characters.xml", root("&#0;&#x1F600;&#xD800;&lt;&quot;]]>"));
}

fn pids() {
    seed("pid", "card.json", wallet_tests::office::CARD);
    seed(
        "pid",
        "claims.json",
        r#"{"family_name":"MUSTERMANN","given_name":"ERIKA","birthdate":"1964-08-12","place_of_birth":{"locality":"BERLIN"},
        "nationalities":["DE","QS"],"address":{"house_number":"17","country":"DE"},"picture":"data:image/jpeg;base64,/9j/4AAQ",
        "sex":2,"phone_number":"+4930123456","date_of_expiry":"2031-10-31T10:00:00.5+02:00","issuing_authority":"DE",
        "issuing_country":"DE","age_equal_or_over":{"18":true,"067":false,"300":true},"x":[null,1e3,-1]}"#,
    );
    seed(
        "pid",
        "elements.json",
        r#"{"eu.europa.ec.eudi.pid.1":{"birth_date":"1964-08-12","nationality":"DE","birth_place":"Berlin",
        "portrait":"_9j_4AAQ","age_over_18":true,"expiry_date":"2031-10-31T00:00:00Z","resident_city":"x","place_of_birth":1},
        "eu.europa.ec.eudi.pid.de.1":{"age_over_65":false,"source_document_type":"ID"},"urn:mappe:test:1":{"test":true},"y":7}"#,
    );
    seed(
        "pid",
        "names",
        "Prof. Dr.-Ing. von der Größl-Nguye\u{302}\u{303}n\nVON DER GROESSL NGUYEN",
    );
    seed(
        "pid",
        "marks",
        format!("İ{}\n{}", "\u{308}".repeat(400), "ß\u{ad}-'".repeat(120)),
    );
}

fn certificates() {
    let campus = Campus::new();
    let leaf = &campus.university.chain[0];
    let root = campus.university_root.certificate();
    seed("certificate", "leaf.der", leaf.der());
    seed("certificate", "root.der", root.der());
    seed("certificate", "cut.der", half(leaf.der()));
    seed(
        "certificate",
        "chain.pem",
        format!("{}text between\n{}", leaf.to_pem(), root.to_pem()),
    );
    seed("certificate", "begun.pem", "-----BEGIN CERTIFICATE-----\n".repeat(200));
    seed(
        "certificate",
        "long-length.der",
        [0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x02, 0x01, 0x00],
    );
    seed(
        "certificate",
        "indefinite.der",
        [0x30, 0x80, 0x30, 0x80, 0x30, 0x80, 0x00, 0x00],
    );
    seed("certificate", "nested.der", [0x30, 0x80].repeat(1500));
    let key = PublicKey::from(&campus.university.key).to_jwk();
    seed("certificate", "key.jwk", key.to_string());

    let mut pack = TrustPack::new("Test", Environment::Test);
    pack.anchors
        .push((Role::RelyingParties, Anchor::certificate(root.clone())));
    pack.web_issuers.push("https://pid.example".to_owned());
    (pack.sequence, pack.next_update) = (Some(3), Some(now().plus(1000)));
    seed("trust_pack", "certificate.json", &pack.to_folder()["pack.json"]);
    seed(
        "trust_pack",
        "files.json",
        r#"{"name":"x","environment":"test","anchors":[{"role":"issuers","file":"a"},{"role":"issuers","file":"pack.json","types":["urn:*"]}]}"#,
    );
    seed(
        "trust_pack",
        "keys.json",
        format!(
            r#"{{"name":"x","environment":"test","sequence":1,"next_update":"9999-12-31T23:59:59Z","anchors":[{{"role":"issuers","jwks":{{"keys":[{key}]}},"issuer":"https://a.example","name":"A","types":["urn:x:*"],"entitled":{{"from":"0000-01-01","until":"2026-02-30"}}}}]}}"#
        ),
    );
    seed(
        "trust_pack",
        "unknown.json",
        r#"{"name":"x","environment":"test","limit":1,"anchors":[]}"#,
    );
}

fn status() {
    use wallet_core::status::{StatusList, StatusListToken, StatusWidth, TokenTimes};
    let mut list = StatusList::new(StatusWidth::Two, 4096).unwrap();
    list.set(7, 1).unwrap();
    seed("status_list", "two-bits", list.compress());
    seed("status_list", "member.json", list.encode().to_string());
    seed("status_list", "cut", half(&list.compress()));
    let full = StatusList::new(StatusWidth::Eight, 8 << 20).unwrap();
    seed("status_list", "largest", full.compress());
    // A bomb of one byte more than allowed; twice the largest stream is what a careless reader would join.
    seed("status_list", "twice", [full.compress(), full.compress()].concat());
    seed(
        "status_list",
        "preset-dictionary",
        [0x78, 0xbb, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1],
    );
    seed("status_list", "bad-bits.json", r#"{"bits":3,"lst":"eNrbuRgAAhcBXQ"}"#);

    let uri = "https://school.example/status/1";
    let times = TokenTimes::new(now()).expires(now().plus(60)).time_to_live(60);
    let token = StatusListToken::new(uri, list, times);
    let key = SigningKey::generate(Curve::Ed25519, &mut TestRandom::new(9));
    let unsigned = token.unsigned(key.algorithm(), &[], None);
    let payload = base64url::decode(unsigned.parts().1).unwrap();
    seed("status_token", "good.json", &payload);
    let text = String::from_utf8(payload).unwrap();
    seed("status_token", "other-list.json", text.replace("status/1", "status/2"));
    seed(
        "status_token",
        "huge-times.json",
        text.replace("\"ttl\":60", "\"ttl\":18446744073709551615")
            .replace("\"exp\":", "\"exp\":9"),
    );
    seed("status_token", "zero.json", text.replace("\"ttl\":60", "\"ttl\":0"));
}

fn links() {
    for (name, text) in [
        ("plain", "https://school.example:8443/a/b?c=d%20e&f=+"),
        ("v6", "http://[::1]:8080/"),
        ("v6-junk", "http://[::1]x80/"),
        ("plus-port", "https://school.example:+80/"),
        ("user", "https://a@b.example/"),
        ("number", "https://0x7f.1/"),
        ("escape", "a=%F0%9F%98%80&b=%zz&a=1"),
        ("boundary", "https:/ß/"),
        ("query-only", "https://a.example?x"),
        ("localhost", "http://127.0.0.1:1/"),
    ] {
        seed("url", name, text);
    }
    seed(
        "url",
        "fields",
        (0..300).map(|n| format!("a{n}=1&")).collect::<String>(),
    );
}

fn issuance() {
    let mut school = School::new();
    for (name, form) in [
        ("by-value", OfferForm::ByValue),
        ("by-reference", OfferForm::ByReference),
    ] {
        let offer = school.offer(form);
        seed("offer", name, &offer.offer);
        let step = issuance::begin(&offer.offer, &issuance::Config::default(), &mut TestRandom::new(4)).unwrap();
        seed("resume", &format!("issuance-{name}"), step.suspend());
    }
    seed(
        "offer",
        "plain-json",
        r#"{"credential_issuer":"https://a.example","credential_configuration_ids":["a","a"],"grants":{"urn:ietf:params:oauth:grant-type:pre-authorized_code":{"pre-authorized_code":"x","tx_code":{"length":99999999999,"input_mode":"text","description":"ß"}}}}"#,
    );
    seed(
        "offer",
        "both",
        "openid-credential-offer://?credential_offer=%7B%7D&credential_offer_uri=https://a.example",
    );
    seed(
        "offer",
        "loop",
        "openid-credential-offer://?credential_offer_uri=openid-credential-offer://",
    );

    let offer = school.offer(OfferForm::ByReference);
    let mut phone = Phone::new(&school, &offer);
    phone.config.copies = 1;
    let mut answers: Vec<Vec<u8>> = Vec::new();
    let outcome = phone.receive(&offer.offer, now(), |request| {
        let response = school.handle(request);
        answers.push(response.body().to_vec());
        if request.url().path().ends_with("/vci/credential") || request.url().path().ends_with("token") {
            let line = format!("POST {}\n\n", request.url().path());
            let name = request.url().path().rsplit('/').next().unwrap();
            seed("authority", name, [line.as_bytes(), request.body()].concat());
        }
        response
    });
    assert!(outcome.is_ok(), "{outcome:?}");
    for (index, answer) in answers.iter().enumerate() {
        let honest = "-\n\n".repeat(index);
        seed(
            "issuance",
            &format!("answer-{index}"),
            [honest.as_bytes(), answer].concat(),
        );
        seed(
            "issuance",
            &format!("answer-{index}-cut"),
            [honest.as_bytes(), half(answer)].concat(),
        );
    }
    for (name, text) in [
        ("metadata", "GET /.well-known/openid-credential-issuer/vci"),
        ("server", "GET /.well-known/oauth-authorization-server/vci"),
        ("nonce", "POST /vci/nonce"),
        ("status", "GET /vci/status/0"),
        ("status-huge", "GET /vci/status/99999999999999999999"),
        ("types", "GET /vci/types/urn:mappe:de:school-report:1"),
        ("offers", "GET /vci/offers/AAAA"),
        ("wrong-method", "GET /vci/token"),
        ("slashes", "GET ///vci//"),
        (
            "no-proof",
            "POST /vci/credential\n\n{\"credential_configuration_id\":\"urn:mappe:de:school-report:1\",\"proofs\":{\"jwt\":[]}}",
        ),
        (
            "many-proofs",
            "POST /vci/credential\n\n{\"credential_identifier\":\"x\",\"proofs\":{\"jwt\":[\"a.b.c\",\"a.b.c\",\"..\",\"\"]}}",
        ),
        (
            "notification",
            "POST /vci/notification\n\n{\"notification_id\":\"x\",\"event\":\"credential_accepted\",\"event_description\":\"\\u0000\"}",
        ),
    ] {
        seed("authority", name, text);
    }
}

fn presentation() {
    let mut campus = Campus::new();
    let holding = campus.pupil();
    let trust = campus.wallet_trust();
    let context = Context::new(&trust, &holding);
    campus.random = TestRandom::new(43);
    let mut university = campus.university();
    let created = university
        .create_request(&RequestSpec::new(campus::query()), campus.now, &mut campus.random)
        .unwrap();
    seed("request_link", "by-reference", &created.request_url);
    seed(
        "request_link",
        "post",
        format!("{}&request_uri_method=post", created.request_url),
    );
    seed(
        "request_link",
        "by-value",
        "openid4vp://?client_id=x509_hash%3AAA&request=e30.e30.AAAA",
    );
    seed(
        "request_link",
        "unsigned",
        "openid4vp://?client_id=redirect_uri%3Ahttps%3A%2F%2Fa.example&response_type=vp_token&nonce=n",
    );
    seed(
        "request_link",
        "haip",
        "haip-vp://?client_id=x509_san_dns%3Auni.example&request_uri=https%3A%2F%2Funi.example%2Fr",
    );
    let mut step = begin(
        &created.request_url,
        Arrival::Link,
        &context,
        campus.now,
        &mut campus.random,
    )
    .unwrap();
    for number in 0.. {
        if let Some(bytes) = step.suspend() {
            seed("resume", &format!("presentation-{number}"), bytes);
        }
        step = match step {
            Step::Send(exchange) => {
                let request = exchange.request();
                let line = format!("{} {}\n\n", request.method(), request.url().path_and_query());
                seed(
                    "university",
                    &format!("request-{number}"),
                    [line.as_bytes(), request.body()].concat(),
                );
                let response = university.handle(request, campus.now, &mut campus.random);
                exchange.answer(&response, &context, campus.now).unwrap()
            }
            Step::Ask(consent) => {
                let choice = consent.proposal().unwrap();
                consent
                    .answer(Decision::Share(choice), campus.now, &mut campus.random)
                    .unwrap()
            }
            Step::Sign(signing) => {
                let signatures = campus.sign(signing.requests());
                signing.answer(&signatures, &mut campus.random).unwrap()
            }
            Step::Done(_) => break,
        };
    }
    seed(
        "university",
        "error",
        "POST /verifier/openid4vp/response/x\n\nerror=access_denied&state=x",
    );
    seed("university", "slashes", "GET /verifier//openid4vp/request/");
    seed(
        "university",
        "wallet-nonce",
        "POST /verifier/openid4vp/request/x\n\nwallet_nonce=a&wallet_metadata=%7B%7D",
    );

    seed("presentation_request", "nothing", "{}");
    for (name, text) in [
        (
            "encrypted",
            r#"{"response_mode":"direct_post.jwt","client_metadata":{"jwks":{"keys":[{"kty":"EC","crv":"P-256","use":"enc","kid":"1","alg":"ECDH-ES","x":"WKn-ZIGevcwGIyyrzFoZNBdaq9_TsqzGl96oc0CWuis","y":"y77t-RvAHRKTsSGdIYUfweuOvwrvDD-Q3Hv5J0fSKbE"}]},"encrypted_response_enc_values_supported":["A256GCM"],"vp_formats_supported":{"dc+sd-jwt":{}}}}"#,
        ),
        ("times", r#"{"iat":1e300,"exp":"x","nbf":-9223372036854775808}"#),
        (
            "uri",
            r#"{"response_uri":"https://uni.example.evil.example/","redirect_uri":"https://x.example"}"#,
        ),
        (
            "transaction",
            r#"{"transaction_data":["e30"],"scope":"x","verifier_info":[{"format":"jwt","data":"x"}]}"#,
        ),
        (
            "query",
            r#"{"dcql_query":{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["urn:example:school-report:1"]},"claims":[{"path":["report",null]},{"path":["report","courses",null,"points"],"values":[15]}]}]}}"#,
        ),
        ("state", r#"{"state":"","nonce":"\u0000","aud":["x"]}"#),
        ("page", r#"{"response_mode":"dc_api"}"#),
        (
            "mdoc",
            r#"{"response_mode":"dc_api","dcql_query":{"credentials":[{"id":"a","format":"mso_mdoc","meta":{"doctype_value":"eu.europa.ec.eudi.pid.1"},"claims":[{"path":["eu.europa.ec.eudi.pid.1","family_name"],"intent_to_retain":true}]},{"id":"b","format":"dc+sd-jwt","meta":{"vct_values":["urn:eudi:pid:1"]}}],"credential_sets":[{"options":[["a"],["b"],["a","b"]]},{"required":false,"options":[["b"]]}]}}"#,
        ),
        (
            "formats",
            r#"{"client_metadata":{"vp_formats_supported":{"mso_mdoc":{"deviceauth_alg_values":[-7,1e9,"x",null]},"dc+sd-jwt":{"kb-jwt_alg_values":{}}}}}"#,
        ),
        (
            "multisigned",
            r#"{"request":{"payload":"e30","signatures":[{"protected":"e30","signature":"AA"},{"protected":"e30"}]}}"#,
        ),
    ] {
        seed("presentation_request", name, text);
    }
}

fn others() {
    let mut store = MemoryStore::new();
    let mut changes = ChangeSet::new();
    changes.put(&Kind::new("a"), RecordId::from_bytes([1; 16]), b"one".to_vec());
    store.commit(changes, &mut TestRandom::new(7)).unwrap();
    let backup = export_backup(&store, &Unlock::key([7; 32]), &mut TestRandom::new(6)).unwrap();
    seed("backup", "key", &backup);
    seed("backup", "cut", half(&backup));
    let mut costly = backup.clone();
    costly[13] = 1;
    costly[14..22].fill(0xff);
    seed("backup", "costly", costly);
    seed("backup", "magic", b"mappe-backup\x01");

    let mut campus = Campus::new();
    let text = campus.issue("r", campus.with_status(1));
    seed("assess", "report", &text);
    let trust = campus.university_trust();
    let options = AssessOptions::new(&trust, now());
    seed(
        "assess",
        "export",
        assess(&text, &options).export(&text, &options).to_string(),
    );
    seed("assess", "jws", "e30.e30.AAAA");
    seed(
        "assess",
        "json-form",
        r#"{"payload":"e30","signatures":[{"protected":"e30","signature":"","header":{"disclosures":["x"],"kb_jwt":"a.b.c"}}]}"#,
    );
}
