//! What a refusal says, read from wherever a provider puts it, and the quotation of it for people.

use serde_json::Value;

use crate::callback::CallbackParams;
use crate::request::Response;
use crate::token::fields::Fields;

/// The parts of an error answer that decide anything.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// `error` (RFC 6749 §5.2).
    pub error: Option<String>,
    /// `suberror` (Entra) or `error_subtype` (Google).
    pub sub: Option<String>,
    /// `error_codes` (Entra).
    pub codes: Vec<u32>,
    /// `error_description`.
    pub description: Option<String>,
    /// `error_uri`.
    uri: Option<String>,
    /// What to name when the provider is asked for help: trace id, correlation id, timestamp.
    traces: Vec<(&'static str, String)>,
}

impl Said {
    /// Reads the body of an answer.
    pub(super) fn of(fields: &Fields) -> Self {
        let text = |name| fields.text(name).map(str::to_owned);
        let mut said = Self {
            error: text("error"),
            sub: text("suberror").or_else(|| text("error_subtype")),
            codes: codes(fields.value("error_codes")),
            description: text("error_description"),
            uri: text("error_uri"),
            traces: Vec::new(),
        };
        // APIs behind the same host answer with an object here: {"error":{"status":"UNAVAILABLE","message":"…"}}.
        if let Some(Value::Object(inner)) = fields.value("error") {
            let inner = |name| inner.get(name).and_then(Value::as_str).map(str::to_owned);
            said.error = inner("status").or_else(|| inner("code"));
            said.description = said.description.or_else(|| inner("message"));
        }
        for name in ["trace_id", "correlation_id", "timestamp"] {
            said.traces.extend(fields.text(name).map(|value| (name, value.to_owned())));
        }
        said
    }

    /// Reads the error of an authorization response. Entra gives its number nowhere but in the description there.
    pub(super) fn of_callback(params: &CallbackParams) -> Self {
        let number = params.error_description.as_deref().and_then(|text| {
            let digits = text.split_once("AADSTS")?.1;
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            digits[..end].parse().ok()
        });
        Self {
            error: params.error.clone(),
            codes: number.into_iter().collect(),
            description: params.error_description.clone(),
            uri: params.error_uri.clone(),
            ..Self::default()
        }
    }

    /// Whether anything was said at all.
    pub(super) fn is_refusal(&self) -> bool {
        self.error.is_some() || !self.codes.is_empty()
    }

    /// The provider's own words: `invalid_grant (bad_token): AADSTS70000: …`. Nothing is cut out of them yet.
    pub(super) fn quoted(&self) -> String {
        let mut text = self.error.clone().unwrap_or_else(|| "error".to_owned());
        if let Some(sub) = &self.sub {
            text = format!("{text} ({sub})");
        }
        let description = self.description.as_deref().unwrap_or_default();
        if !description.is_empty() {
            text = format!("{text}: {description}");
        }
        for code in &self.codes {
            if !description.contains(&code.to_string()) {
                text = format!("{text} AADSTS{code}");
            }
        }
        for (name, value) in &self.traces {
            if !description.contains(value.as_str()) {
                text = format!("{text} {name}: {value}");
            }
        }
        if let Some(uri) = &self.uri {
            text = format!("{text} {uri}");
        }
        text
    }
}

fn codes(value: Option<&Value>) -> Vec<u32> {
    let one = |value: &Value| match value {
        Value::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
        Value::String(text) => text.trim().trim_start_matches("AADSTS").parse().ok(),
        _ => None,
    };
    match value {
        Some(Value::Array(items)) => items.iter().take(8).filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => Vec::new(),
    }
}

/// What an answer that says nothing orderly looks like: the status, where it points to, what it is, and how it begins.
/// Nothing is cut out of it yet.
pub(super) fn quoted_raw(response: &Response) -> String {
    let mut text = format!("HTTP {}", response.status);
    if let Some(location) = response.header("location") {
        text = format!("{text}, Location: {location}");
    }
    if let Some(kind) = response.header("content-type") {
        text = format!("{text}, {kind}");
    }
    let body = String::from_utf8_lossy(&response.body);
    let body = body.trim_start_matches('\u{feff}').trim();
    let body = title(body).unwrap_or(body);
    if body.is_empty() { text } else { format!("{text}: {body}") }
}

/// The title of an HTML page, which says more than its first lines do.
fn title(body: &str) -> Option<&str> {
    if !body.starts_with('<') {
        return None;
    }
    let (_, rest) = body.split_once("<title>").or_else(|| body.split_once("<TITLE>"))?;
    let end = rest.find("</").unwrap_or(rest.len());
    Some(rest[..end].trim()).filter(|title| !title.is_empty())
}
