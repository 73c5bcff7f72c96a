//! The body of a token endpoint's answer, read leniently: JSON whatever its media type, or form encoding.

use jiff::SignedDuration;
use outlink_model::Secret;
use serde_json::{Map, Value};

/// No lifetime is believed beyond a year: it would never be tried again.
const LONGEST: i64 = 366 * 24 * 3600;

/// The named values of an answer. Has no `Debug`, since tokens are among them.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body. `None` where it is neither a JSON object nor form-encoded: HTML, a list, plain text, nothing.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        match text.bytes().next()? {
            b'{' => serde_json::from_str(text).ok().map(Self),
            b'<' | b'[' | b'"' => None,
            _ => Self::read_form(text),
        }
    }

    /// Form encoding was common before RFC 6749, and some servers still answer so. Only what names a token, a device
    /// code or an error is taken for it, since any text at all could be read as a form.
    fn read_form(text: &str) -> Option<Self> {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        let map: Map<_, _> = pairs
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect();
        let telling = ["access_token", "device_code", "error"];
        telling.iter().any(|name| map.contains_key(*name)).then_some(Self(map))
    }

    /// The value of this name, of any kind.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The text of this name. An empty one counts as absent, and so does what is no text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Takes the text of this name out, so that its memory is wiped when it is dropped.
    pub(crate) fn take_secret(&mut self, name: &str) -> Option<Secret> {
        self.text(name)?;
        match self.0.remove(name) {
            Some(Value::String(text)) => Some(Secret::new(text)),
            _ => None,
        }
    }

    /// A number of seconds, as a number or as text. What is not a number, zero or less says nothing: servers write 0
    /// and -1 for "does not end". Fractions are cut off, and a year is the most.
    pub(crate) fn lifetime(&self, name: &str) -> Option<SignedDuration> {
        let seconds = match self.0.get(name)? {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.trim().parse().ok()?,
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        // Also false for NaN.
        (seconds >= 1.0).then(|| SignedDuration::from_secs(seconds.min(LONGEST as f64) as i64))
    }
}
