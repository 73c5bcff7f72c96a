//! Extra parameters of a link's requests: an object whose values are texts, or lists of texts where a parameter is sent
//! several times (RFC 8707 has `resource` so).

use std::fmt;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// The parameters in their order. One that comes several times is shown at its first place, with a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Params(pub(super) Vec<(String, String)>);

/// How often a parameter is sent.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ParameterValue)]
pub(super) enum Values<'a> {
    /// Once.
    One(&'a str),
    /// Once for each.
    Many(Vec<&'a str>),
}

impl Serialize for Params {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut shown = writer.serialize_map(None)?;
        for (place, (name, value)) in self.0.iter().enumerate() {
            if self.0[..place].iter().any(|(before, _)| before == name) {
                continue;
            }
            let more = self.0[place + 1..].iter().filter(|(other, _)| other == name);
            let more: Vec<&str> = more.map(|(_, value)| value.as_str()).collect();
            let values = match more.is_empty() {
                true => Values::One(value),
                false => Values::Many([vec![value.as_str()], more].concat()),
            };
            shown.serialize_entry(name, &values)?;
        }
        shown.end()
    }
}

impl<'de> Deserialize<'de> for Params {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_map(Read)
    }
}

struct Read;

impl<'de> Visitor<'de> for Read {
    type Value = Params;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of parameters, each with a text or a list of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Params, A::Error> {
        let mut params = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            let Texts(values) = members.next_value()?;
            params.extend(values.into_iter().map(|value| (name.clone(), value)));
        }
        Ok(Params(params))
    }
}

/// One text, or several.
struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(ReadTexts)
    }
}

struct ReadTexts;

impl<'de> Visitor<'de> for ReadTexts {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of at least one text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = items.next_element()? {
            texts.push(text);
        }
        // It would be the same as to leave the name out, and nobody could tell what was meant.
        if texts.is_empty() { Err(de::Error::invalid_length(0, &self)) } else { Ok(Texts(texts)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_entered_and_nothing_is_lost() {
        let text = r#"{"resource":["a","b"],"prompt":"consent","audience":""}"#;
        let params: Params = serde_json::from_str(text).unwrap();
        let pairs: Vec<_> = params.0.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let expected =
            [("resource", "a"), ("resource", "b"), ("prompt", "consent"), ("audience", "")];
        assert_eq!(pairs, expected);
        assert_eq!(serde_json::to_string(&params).unwrap(), text);
        // Some write a name twice, as JSON lets them.
        let twice: Params = serde_json::from_str(r#"{"r":"a","p":"x","r":["b","c"]}"#).unwrap();
        assert_eq!(serde_json::to_string(&twice).unwrap(), r#"{"r":["a","b","c"],"p":"x"}"#);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [r#"{"a":[]}"#, r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":{"b":"c"}}"#, r#"["a"]"#]
        {
            assert!(serde_json::from_str::<Params>(text).is_err(), "{text}");
        }
    }
}
