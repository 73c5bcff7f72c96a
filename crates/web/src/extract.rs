//! What is read from a request. Like axum's own extractors, but every refusal is an [`ApiError`] that names the field.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use outlink_engine::{Listed, Page};
use outlink_model::problem::Problem;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;

/// A JSON body. An empty one is read as an empty object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_json = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(|value| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
            .is_none_or(|media| media == "application/json" || media.ends_with("+json"));
        let body = body(request, state).await?;
        if !is_json && !body.is_empty() {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "The body is not JSON.",
                "Send JSON with Content-Type: application/json.",
            ));
        }
        let text = if body.is_empty() { b"{}" as &[u8] } else { &body };
        let mut reader = serde_json::Deserializer::from_slice(text);
        let value = serde_path_to_error::deserialize(&mut reader)
            .map_err(|error| bad_json(&error.path().to_string(), error.inner()))?;
        reader.end().map_err(|error| bad_json(".", &error))?;
        Ok(Self(value))
    }
}

impl<T: Serialize> axum::response::IntoResponse for Json<T> {
    fn into_response(self) -> axum::response::Response {
        axum::Json(self.0).into_response()
    }
}

/// The whole body, within the limit that the router sets.
pub(crate) async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        let status = rejection.status();
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            ApiError::new(status, "too_large", "The body is too large.", "Send less than 256 KiB.")
        } else {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "body_unreadable",
                "The body could not be read to its end.",
                "Send it again.",
            )
        }
    })
}

/// Says which field of a JSON body is wrong, without repeating what was in it: it may be a secret.
fn bad_json(path: &str, error: &serde_json::Error) -> ApiError {
    if error.is_syntax() || error.is_eof() {
        let place = format!("line {}, column {}", error.line(), error.column());
        return ApiError::new(
            StatusCode::BAD_REQUEST,
            "bad_json",
            format!("The body is not well-formed JSON; reading stopped at {place}."),
            "Correct the JSON and send it again.",
        );
    }
    let text = error.to_string();
    let quoted = text.split('`').nth(1).unwrap_or_default().to_owned();
    let within = |name: &str| match path {
        "." | "" => name.to_owned(),
        _ if path.ends_with(name) => path.to_owned(),
        _ => format!("{path}.{name}"),
    };
    let (code, field, detail, hint) = if text.starts_with("missing field") {
        let field = within(&quoted);
        let detail = format!("The field `{field}` is missing.");
        ("missing", field, detail, "Send it.".to_owned())
    } else if text.starts_with("unknown field") {
        let field = within(&quoted);
        let known = text.split_once(", expected ").map_or("", |(_, rest)| rest);
        let known = known.split(" at line ").next().unwrap_or_default();
        let detail = format!("There is no field `{field}` here.");
        ("unknown_field", field, detail, format!("What can be sent is {known}."))
    } else {
        let expected = text.split_once(", expected ").map_or("another value", |(_, rest)| rest);
        let expected = expected.split(" at line ").next().unwrap_or_default();
        let detail = match path {
            "." => "The body is of the wrong kind.".to_owned(),
            _ => format!("The field `{path}` is of the wrong kind."),
        };
        ("wrong_type", path.to_owned(), detail, format!("Send {expected}."))
    };
    let field = Some(field).filter(|field| field != ".");
    ApiError { field, ..ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail, hint) }
}

/// Path parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "bad_path",
                "The address could not be read.",
                "Check its percent-encoding.",
            )),
        }
    }
}

/// The query string.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection| bad_query(&rejection.body_text()))
    }
}

fn bad_query(text: &str) -> ApiError {
    let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(text);
    let quoted = text.split('`').nth(1);
    let field = quoted.or_else(|| text.split_once(": ").map(|(field, _)| field)).map(str::to_owned);
    let detail = match &field {
        Some(field) => format!("The query parameter `{field}` is not understood."),
        None => "The query string is not understood.".to_owned(),
    };
    let mut hint = text.to_owned();
    hint.push('.');
    let error = ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_query", detail, hint);
    ApiError { field, ..error }
}

/// Which part of a list is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// How many items at most, 1 to 1000; 50 where left out.
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
}

impl ListQuery {
    /// As the engine takes it.
    pub(crate) fn page(self) -> Result<Page, ApiError> {
        page(self.limit, self.after)
    }
}

/// Reads the two parameters that every list has.
pub(crate) fn page(limit: Option<u32>, after: Option<String>) -> Result<Page, ApiError> {
    let limit = limit.unwrap_or(50);
    if !(1..=1000).contains(&limit) {
        let error = ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_limit",
            "The limit is out of range.",
            "Ask for 1 to 1000 items, and for more by the `next` of the answer.",
        );
        return Err(ApiError { field: Some("limit".to_owned()), ..error });
    }
    Ok(Page { limit, after: after.filter(|after| !after.is_empty()) })
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The things themselves.
    pub(crate) items: Vec<T>,
    /// Pass it as `after` to get the next part; `null` where this is the last.
    pub(crate) next: Option<String>,
}

impl<T> List<T> {
    /// What was listed, each as the API shows it.
    pub(crate) fn of<S: Into<T>>(listed: Listed<S>) -> Self {
        let Listed { items, next } = listed;
        Self { items: items.into_iter().map(S::into).collect(), next }
    }
}

/// Reads a secret out of a body.
pub(crate) fn secret<'de, D: Deserializer<'de>>(
    reader: D,
) -> Result<Option<outlink_model::Secret>, D::Error> {
    Ok(Option::<String>::deserialize(reader)?.map(outlink_model::Secret::new))
}

/// Reads the end of something: RFC 3339, or a date alone, which means its last second in UTC, since what ends on a day
/// is good throughout it.
pub(crate) fn moment(
    field: &'static str,
    text: Option<&str>,
) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let read = match text.len() {
        10 => text
            .parse::<Date>()
            .and_then(|date| date.at(23, 59, 59, 0).to_zoned(TimeZone::UTC))
            .map(|z| z.timestamp()),
        _ => text.parse::<Timestamp>(),
    };
    read.map(Some).map_err(|_| {
        Problem::invalid(
            field,
            "moment_unusable",
            format!("{text:?} is neither a date nor a time."),
            "Write a date like 2027-01-31, or a time like 2027-01-31T12:00:00Z.",
        )
    })
}

/// Reads a stretch of time: RFC 3339, or dates alone, from the first second of the one to the last of the other in UTC.
pub(crate) fn period(
    since: Option<&str>,
    until: Option<&str>,
) -> Result<(Option<Timestamp>, Option<Timestamp>), Problem> {
    let is_date = |text: &str| text.trim().parse::<Date>().is_ok() && text.trim().len() == 10;
    let since = match since {
        Some(date) if is_date(date) => {
            let start = format!("{}T00:00:00Z", date.trim());
            moment("since", Some(&start))?
        }
        other => moment("since", other)?,
    };
    let by_date = until.is_some_and(is_date);
    let until = moment("until", until)?;
    // What came within the day's last second is part of the day.
    let second = SignedDuration::from_secs(i64::from(by_date));
    Ok((since, until.map(|until| until.saturating_add(second).unwrap_or(until))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its reading is tested")]
    struct Sample {
        name: String,
        port: Option<u16>,
    }

    fn refusal(text: &str) -> ApiError {
        let mut reader = serde_json::Deserializer::from_str(text);
        let error = serde_path_to_error::deserialize::<_, Sample>(&mut reader).unwrap_err();
        bad_json(&error.path().to_string(), error.inner())
    }

    #[test]
    fn a_bad_body_names_its_field_and_repeats_nothing() {
        let missing = refusal("{}");
        assert_eq!((missing.code, missing.field.as_deref()), ("missing", Some("name")));
        let unknown = refusal(r#"{"name":"a","prot":1}"#);
        assert_eq!((unknown.code, unknown.field.as_deref()), ("unknown_field", Some("prot")));
        assert!(unknown.hint.contains("`port`"), "{}", unknown.hint);
        let wrong = refusal(r#"{"name":"a","port":"hunter2"}"#);
        assert_eq!((wrong.code, wrong.field.as_deref()), ("wrong_type", Some("port")));
        assert!(!format!("{wrong:?}").contains("hunter2"));
        assert_eq!(refusal("{").status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_moment_is_a_date_or_a_time() {
        let read = |text: &str| moment("until", Some(text)).map(|at| at.map(|at| at.to_string()));
        assert_eq!(read("2027-01-31"), Ok(Some("2027-01-31T23:59:59Z".to_owned())));
        assert_eq!(read("2027-01-31T13:00:00+01:00"), Ok(Some("2027-01-31T12:00:00Z".to_owned())));
        assert_eq!(read(" "), Ok(None));
        for wrong in ["tomorrow", "2027-02-30", "2027-01-31T13:00", "31.01.2027"] {
            assert_eq!(read(wrong).unwrap_err().field, Some("until"), "{wrong}");
        }
    }

    #[test]
    fn a_period_holds_the_whole_of_its_days() {
        let read = |since, until| {
            let (since, until) = period(since, until).unwrap();
            (since.map(|at| at.to_string()), until.map(|at| at.to_string()))
        };
        let (since, until) = read(Some("2027-01-31"), Some("2027-01-31"));
        assert_eq!(since.as_deref(), Some("2027-01-31T00:00:00Z"));
        assert_eq!(until.as_deref(), Some("2027-02-01T00:00:00Z"));
        let (since, until) = read(None, Some("2027-01-31T12:00:00Z"));
        assert_eq!((since, until.as_deref()), (None, Some("2027-01-31T12:00:00Z")));
        assert_eq!(period(Some("soon"), None).unwrap_err().field, Some("since"));
    }

    #[test]
    fn a_list_has_bounds() {
        assert_eq!(page(None, None).unwrap().limit, 50);
        assert_eq!(page(Some(0), None).unwrap_err().field.as_deref(), Some("limit"));
        assert!(page(Some(1001), None).is_err());
        assert_eq!(page(Some(1), Some(String::new())).unwrap().after, None);
    }
}
