//! How values lie in cells: times as microseconds, choices by their names, lists and small records as JSON text.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use outlink_model::Timestamp;
use outlink_model::grant::Trouble;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;

/// A cell that holds what it never should.
pub(crate) fn damaged(column: &str, why: impl Display) -> Error {
    Error::Broken(format!("{column} holds what it never should: {why}"))
}

/// Reads an id, or a choice by its name.
pub(crate) fn parse<T: FromStr<Err: Display>>(column: &str, text: &str) -> Result<T, Error> {
    text.parse().map_err(|error| damaged(column, error))
}

/// [`parse`] for a cell that may be empty.
pub(crate) fn parse_some<T: FromStr<Err: Display>>(
    column: &str,
    text: Option<&str>,
) -> Result<Option<T>, Error> {
    text.map(|text| parse(column, text)).transpose()
}

/// A time from its microseconds.
pub(crate) fn time(column: &str, micros: i64) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(micros).map_err(|error| damaged(column, error))
}

/// [`time`] for a cell that may be empty.
pub(crate) fn time_some(column: &str, micros: Option<i64>) -> Result<Option<Timestamp>, Error> {
    micros.map(|micros| time(column, micros)).transpose()
}

/// The microseconds of a time.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A number from its cell.
pub(crate) fn number<T: TryFrom<i64, Error: Display>>(column: &str, cell: i64) -> Result<T, Error> {
    T::try_from(cell).map_err(|error| damaged(column, error))
}

/// A size for its cell. Nothing that fits into memory is too large for it.
pub(crate) fn size(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Reads 32 bytes: a SHA-256.
pub(crate) fn hash(column: &str, bytes: &[u8]) -> Result<[u8; 32], Error> {
    bytes.try_into().map_err(|_| damaged(column, "it is not 32 bytes long"))
}

/// Text as both databases take it: PostgreSQL refuses NUL in text, and one such character in a mail or in a request
/// must not fail the whole write. Every text from outside is bound through this, and looked up through it too.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// [`plain`] for text that may be absent.
pub(crate) fn plain_some(text: Option<&str>) -> Option<Cow<'_, str>> {
    text.map(plain)
}

/// Writes a list or a small record.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| damaged("a value", error))
}

/// Reads a list or a small record.
pub(crate) fn from_json<T: DeserializeOwned>(column: &str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| damaged(column, error))
}

/// [`Trouble`] as it lies in a cell.
#[derive(Serialize, Deserialize)]
struct TroubleCell {
    actor: String,
    reason: String,
    hint: String,
    provider_error: Option<String>,
}

/// Writes a trouble.
pub(crate) fn trouble_cell(trouble: Option<&Trouble>) -> Result<Option<String>, Error> {
    let Some(trouble) = trouble else { return Ok(None) };
    let Trouble { actor, reason, hint, provider_error } = trouble.clone();
    to_json(&TroubleCell { actor: actor.to_string(), reason, hint, provider_error }).map(Some)
}

/// Reads a trouble.
pub(crate) fn trouble(column: &str, cell: Option<&str>) -> Result<Option<Trouble>, Error> {
    let Some(cell) = cell else { return Ok(None) };
    let TroubleCell { actor, reason, hint, provider_error } = from_json(column, cell)?;
    Ok(Some(Trouble { actor: parse(column, &actor)?, reason, hint, provider_error }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_replaced_and_other_text_is_left_alone() {
        assert_eq!(plain("a\0b"), "a\u{fffd}b");
        assert!(matches!(plain("Grüße"), Cow::Borrowed("Grüße")));
    }

    #[test]
    fn times_survive_to_the_microsecond_and_damage_is_told() {
        let at = Timestamp::from_microsecond(1_700_000_000_123_456).unwrap();
        assert_eq!(time("t.at", micros(at)).unwrap(), at);
        let error = time("t.at", i64::MAX).unwrap_err();
        assert!(error.to_string().contains("t.at"), "{error}");
    }
}
