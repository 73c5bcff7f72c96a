//! Secrets, in every form that a program may give them by mistake, and finding them in a heap of bytes.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::json;

/// So many octets of each form are looked up at every place. What is shorter is no secret.
const HEAD: usize = 8;

/// Secrets by what they are called.
#[derive(Default)]
pub(super) struct Needles(BTreeMap<Vec<u8>, String>);

impl Needles {
    pub(super) fn add(&mut self, label: &str, secret: &str) {
        assert!(secret.len() >= HEAD, "{label} is too short to be looked for");
        self.0.entry(secret.as_bytes().to_vec()).or_insert_with(|| label.to_owned());
    }

    /// A private key in PEM: whole, without its frame, and each of its lines.
    pub(super) fn add_pem(&mut self, label: &str, pem: &str) {
        self.add(label, pem.trim());
        let lines: Vec<_> = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        for line in lines.iter().filter(|line| line.len() > 40) {
            self.add(&format!("a line of {label}"), line);
        }
        self.add_base64(label, &lines.concat());
    }

    /// What is written in base64: as it is, and what it stands for.
    pub(super) fn add_base64(&mut self, label: &str, text: &str) {
        self.add(label, text);
        let bytes = STANDARD.decode(text).expect("base64");
        self.0.entry(bytes).or_insert_with(|| format!("{label}, decoded"));
    }

    /// The password in credentials of HTTP Basic, if they are such.
    pub(super) fn add_password(&mut self, credentials: &str) {
        let decoded = STANDARD.decode(credentials).ok().and_then(|b| String::from_utf8(b).ok());
        let Some((_, password)) = decoded.as_deref().and_then(|text| text.split_once(':')) else {
            return;
        };
        if password.len() >= HEAD {
            self.add("a secret in HTTP Basic", password);
        }
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// All of them in all their forms, ready to be looked for.
    pub(super) fn in_all_forms(&self) -> Forms {
        let mut heads: HashMap<_, Vec<_>> = HashMap::new();
        for (secret, label) in &self.0 {
            let mut known: Vec<Vec<u8>> = Vec::new();
            for (form, needle) in forms(secret) {
                // Most secrets look the same in several forms.
                let Some(head) = needle.first_chunk::<HEAD>().filter(|_| !known.contains(&needle))
                else {
                    continue;
                };
                known.push(needle.clone());
                let what = format!("{label} ({form})");
                heads.entry(u64::from_le_bytes(*head)).or_default().push((needle, what));
            }
        }
        Forms(heads)
    }
}

/// Forms of secrets with their names, by how they begin.
pub(super) struct Forms(HashMap<u64, Vec<(Vec<u8>, String)>>);

impl Forms {
    /// What is found in there, each by its name and form.
    pub(super) fn found_in(&self, heap: &[u8]) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for (at, head) in heap.windows(HEAD).enumerate() {
            let head: [u8; HEAD] = head.try_into().expect("it is that long");
            for (needle, what) in self.0.get(&u64::from_le_bytes(head)).into_iter().flatten() {
                if heap[at..].starts_with(needle) && !found.contains(what) {
                    found.push(what.clone());
                }
            }
        }
        found
    }
}

/// A secret as it may be written. Of base64 those digits are taken that do not depend on what stands around it.
fn forms(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = vec![("as it is", secret.to_vec())];
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    forms.push(("hex", hex.to_ascii_uppercase().into_bytes()));
    forms.push(("hex", hex.into_bytes()));
    let list: Vec<_> = secret.iter().map(u8::to_string).collect();
    forms.push(("numbers", list.join(", ").into_bytes()));
    forms.push(("numbers", list.join(",").into_bytes()));
    for before in 0..3 {
        let padded = [&vec![0; before][..], secret].concat();
        let whole = padded.len() / 3 * 4;
        let skip = [0, 2, 3][before];
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            forms.push(("base64", engine.encode(&padded).as_bytes()[skip..whole].to_vec()));
        }
    }
    let Ok(text) = std::str::from_utf8(secret) else { return forms };
    let encoded = |space: &str, upper: bool| -> String {
        let one = |byte: u8| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            b' ' => space.to_owned(),
            other if upper => format!("%{other:02X}"),
            other => format!("%{other:02x}"),
        };
        text.bytes().map(one).collect()
    };
    for (space, upper) in [("+", true), ("%20", true), ("+", false)] {
        forms.push(("url-encoded", encoded(space, upper).into_bytes()));
    }
    let once = encoded("+", true);
    forms.push(("url-encoded twice", once.replace('%', "%25").into_bytes()));
    let json = |text: &str| {
        let quoted = serde_json::to_string(text).expect("a text");
        quoted[1..quoted.len() - 1].to_owned()
    };
    forms.push(("in JSON in JSON", json(&json(text)).into_bytes()));
    forms.push(("in JSON", json(text).into_bytes()));
    forms.push(("for Debug", format!("{text:?}").trim_matches('"').as_bytes().to_vec()));
    let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let html = html.replace('"', "&quot;").replace('\'', "&#39;");
    forms.push(("in HTML", html.replace('/', "&#x2f;").into_bytes()));
    forms.push(("in HTML", html.into_bytes()));
    forms
}

#[test]
fn a_secret_is_found_in_each_form() {
    let mut needles = Needles::default();
    let secret = "se+cret/%:&\"<1234";
    needles.add("it", secret);
    let credentials = STANDARD.encode(format!("client:{secret}"));
    for heap in [
        format!("…{secret}…"),
        format!("{:?}", format!("token={secret}")),
        json!({"x": {"y": secret}}).to_string(),
        json!({"x": json!({"y": secret}).to_string()}).to_string(),
        format!("Authorization: Basic {credentials}"),
        url::form_urlencoded::Serializer::new(String::new()).append_pair("s", secret).finish(),
        format!("{:?}", secret.as_bytes()),
        "se+cret/%:&amp;&quot;&lt;1234".to_owned(),
    ] {
        assert!(!needles.in_all_forms().found_in(heap.as_bytes()).is_empty(), "{heap}");
    }
    assert!(
        needles.in_all_forms().found_in(b"se+cret/%:&\"<123 is cut, and so are others").is_empty()
    );
}
