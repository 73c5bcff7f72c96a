//! What decides which fields the form of a link has. It travels in a hidden field, so that what was filled in can be
//! told from what was typed over it.

use std::str::FromStr;

use outlink_model::link::{ClientAuth, GrantType};
use outlink_model::name::Unknown;
use outlink_model::problem::Problem;
use outlink_model::provider::{Cloud, MailService, ProviderKind};
use outlink_oauth::{Choice, preset};
use url::form_urlencoded;

use crate::choice::ChoiceWords;
use crate::choice::optional_choice;
use crate::form::{Fields, Form};

/// The choices that the form was filled in for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) choice: Choice,
    /// How the client authenticates; `None` where it follows from what is entered.
    pub(crate) client_auth: Option<ClientAuth>,
}

/// What proves at the token endpoint that we are the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    Secret,
    Key,
    Nothing,
}

impl Proof {
    pub(crate) fn of(grant_type: GrantType, client_auth: Option<ClientAuth>) -> Self {
        match (grant_type, client_auth) {
            (GrantType::JwtBearer, _) | (_, Some(ClientAuth::PrivateKeyJwt)) => Self::Key,
            (_, Some(ClientAuth::None)) => Self::Nothing,
            (_, None | Some(ClientAuth::Basic | ClientAuth::Post | ClientAuth::BasicRaw)) => {
                Self::Secret
            }
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Key => "key",
            Self::Nothing => "nothing",
        }
    }
}

impl Asked {
    /// What a provider is usually asked for.
    pub(crate) fn usual(kind: ProviderKind) -> Self {
        let preset = preset(kind);
        let first = preset.grant_types.first().copied();
        let grant_type = first.unwrap_or(GrantType::AuthorizationCode);
        // As the fields hold it, so that a form which nobody has touched asks for the same.
        let cloud = preset.asks_tenant.then_some(Cloud::Worldwide);
        let tenant = preset.asks_tenant.then(|| "common".to_owned());
        let choice = Choice { cloud, tenant, grant_type, ..Choice::default() };
        // What the server of a custom link takes is seen from its metadata, or from what is entered.
        let custom = kind == ProviderKind::Custom;
        Self { choice, client_auth: (!custom).then_some(preset.client_auth) }
    }

    /// What is chosen in a form. What was not sent is as it was `before`.
    pub(crate) fn read(
        kind: ProviderKind,
        fields: &Fields,
        before: Option<&Self>,
    ) -> Result<Self, Problem> {
        let usual = Self::usual(kind);
        let was = before.unwrap_or(&usual);
        let ticked = fields.all("protocols");
        // Browsers do not send boxes that are not ticked, so a form of ours without any is one that ticks none.
        let asks_protocols = !preset(kind).mail_hosts.is_empty();
        let protocols: Vec<&str> = match asks_protocols && (before.is_some() || !ticked.is_empty())
        {
            true => ticked.iter().map(String::as_str).collect(),
            false => was.choice.protocols.iter().map(|protocol| protocol.as_str()).collect(),
        };
        let sent =
            |name: &str, was: Option<&str>| fields.sent(name).or_else(|| was.map(str::to_owned));
        let cloud = sent("cloud", was.choice.cloud.map(|cloud| cloud.as_str()));
        let tenant = sent("tenant", was.choice.tenant.as_deref());
        let grant_type = sent("grant_type", Some(was.choice.grant_type.as_str()));
        let instance = sent("instance", was.choice.instance.as_deref());
        let words = ChoiceWords {
            cloud: cloud.as_deref(),
            tenant: tenant.as_deref(),
            protocols: Some(protocols),
            grant_type: grant_type.as_deref(),
            instance: instance.as_deref(),
        };
        let auth = sent("client_auth", was.client_auth.map(|auth| auth.as_str()));
        let client_auth = optional_choice("client_auth", auth.as_deref())?;
        Ok(Self { choice: words.read()?, client_auth })
    }

    /// The same with the client authentication that a form holds.
    pub(crate) fn with_auth(self, form: &Form) -> Self {
        Self { client_auth: form.value("client_auth").parse().ok(), ..self }
    }

    /// What proves that we are the client.
    pub(crate) fn proof(&self) -> Proof {
        Proof::of(self.choice.grant_type, self.client_auth)
    }

    /// Whether a form that was filled in for `self` has the fields and the values that `other` needs.
    pub(crate) fn has_the_fields_of(&self, other: &Self) -> bool {
        self.choice == other.choice && self.proof() == other.proof()
    }

    /// As one line.
    pub(crate) fn encode(&self, kind: ProviderKind) -> String {
        let Choice { cloud, tenant, protocols, grant_type, instance } = &self.choice;
        let protocols: Vec<_> = protocols.iter().map(|protocol| protocol.as_str()).collect();
        let mut line = form_urlencoded::Serializer::new(String::new());
        line.append_pair("provider", kind.as_str());
        line.append_pair("grant_type", grant_type.as_str());
        line.append_pair("protocols", &protocols.join(" "));
        if let Some(cloud) = cloud {
            line.append_pair("cloud", cloud.as_str());
        }
        if let Some(tenant) = tenant {
            line.append_pair("tenant", tenant);
        }
        if let Some(instance) = instance {
            line.append_pair("instance", instance);
        }
        if let Some(auth) = self.client_auth {
            line.append_pair("client_auth", auth.as_str());
        }
        line.finish()
    }

    /// What [`Asked::encode`] wrote; `None` for anything else, and for the form of another provider.
    pub(crate) fn decode(kind: ProviderKind, line: &str) -> Option<Self> {
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(line.as_bytes()).into_owned().collect();
        let find = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        if find("provider")?.as_str() != kind.as_str() {
            return None;
        }
        let protocols = find("protocols")?.split_whitespace().map(str::parse::<MailService>);
        Some(Self {
            choice: Choice {
                cloud: word(find("cloud"))?,
                tenant: find("tenant").cloned(),
                protocols: protocols.collect::<Result<_, _>>().ok()?,
                grant_type: find("grant_type")?.parse().ok()?,
                instance: find("instance").cloned(),
            },
            client_auth: word(find("client_auth"))?,
        })
    }
}

/// A word that may be missing; `None` where it is there and unknown.
#[expect(clippy::option_option, reason = "the outer one is an error that nobody needs to be told")]
fn word<T: FromStr<Err = Unknown>>(text: Option<&String>) -> Option<Option<T>> {
    match text {
        None => Some(None),
        Some(text) => text.parse().ok().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_survives_its_way_through_a_page() {
        let asked = Asked {
            choice: Choice {
                cloud: Some(Cloud::GccHigh),
                tenant: Some("contoso.example & co".into()),
                protocols: vec![MailService::Imap, MailService::Smtp],
                grant_type: GrantType::DeviceCode,
                instance: None,
            },
            client_auth: Some(ClientAuth::None),
        };
        let line = asked.encode(ProviderKind::Microsoft);
        assert_eq!(Asked::decode(ProviderKind::Microsoft, &line), Some(asked));
        assert_eq!(Asked::decode(ProviderKind::Google, &line), None);
        for wrong in ["", "provider=microsoft", "provider=microsoft&protocols=x&grant_type=y"] {
            assert_eq!(Asked::decode(ProviderKind::Microsoft, wrong), None, "{wrong}");
        }
        for kind in ProviderKind::ALL {
            let usual = Asked::usual(kind);
            assert_eq!(Asked::decode(kind, &usual.encode(kind)), Some(usual));
        }
    }

    #[test]
    fn what_proves_us_follows_from_the_choice() {
        use GrantType::{AuthorizationCode, JwtBearer};
        let table = [
            (AuthorizationCode, None, Proof::Secret),
            (AuthorizationCode, Some(ClientAuth::Post), Proof::Secret),
            (AuthorizationCode, Some(ClientAuth::PrivateKeyJwt), Proof::Key),
            (AuthorizationCode, Some(ClientAuth::None), Proof::Nothing),
            (JwtBearer, Some(ClientAuth::None), Proof::Key),
        ];
        for (grant_type, auth, expected) in table {
            assert_eq!(Proof::of(grant_type, auth), expected, "{grant_type} {auth:?}");
        }
    }
}
