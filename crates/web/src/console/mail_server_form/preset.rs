//! Providers' mail hosts, as the form offers them: one choice for each, and for Microsoft one for each cloud.

use outlink_model::mail_server::{Protocol, Security};
use outlink_model::problem::Problem;
use outlink_model::provider::{Cloud, MailService, ProviderKind};
use outlink_oauth::{Choice as Chosen, MailHost, MailSecurity, PRESETS, fill};

use crate::console::link_form::cloud_words;
use crate::error::ApiError;
use crate::form::{Choice, Form, choice};

/// The choice that is none of the providers.
pub(super) const CUSTOM: &str = "custom";

/// A provider to choose, in one of its clouds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Preset {
    pub(super) kind: ProviderKind,
    pub(super) cloud: Option<Cloud>,
}

impl Preset {
    fn all() -> impl Iterator<Item = Self> {
        PRESETS.iter().filter(|preset| !preset.mail_hosts.is_empty()).flat_map(|preset| {
            let clouds: Vec<_> = match preset.asks_tenant {
                true => Cloud::ALL.into_iter().map(Some).collect(),
                false => vec![None],
            };
            clouds.into_iter().map(|cloud| Self { kind: preset.kind, cloud })
        })
    }

    /// As the form has it: `google`, `microsoft/china`.
    fn value(self) -> String {
        match self.cloud {
            Some(cloud) => format!("{}/{cloud}", self.kind),
            None => self.kind.to_string(),
        }
    }

    /// The provider that a form names; none where it names no provider with mail hosts.
    pub(super) fn of(value: &str) -> Option<Self> {
        Self::all().find(|preset| preset.value() == value.trim())
    }

    pub(super) fn mail_host(self, protocol: Protocol) -> Option<MailHost> {
        let service = match protocol {
            Protocol::Imap => MailService::Imap,
            Protocol::Pop3 => MailService::Pop3,
            Protocol::Smtp => MailService::Smtp,
        };
        let choice = Chosen { cloud: self.cloud, protocols: vec![service], ..Chosen::default() };
        let hosts = match self.cloud {
            Some(_) => fill(self.kind, &choice).ok()?.mail_hosts,
            None => outlink_oauth::preset(self.kind).mail_hosts.to_vec(),
        };
        hosts.into_iter().find(|host| host.service == service)
    }
}

/// The choices of the form.
pub(super) fn choices() -> Vec<Choice> {
    let none = choice(CUSTOM, "Another: the host is entered below");
    let named = Preset::all().map(|preset| {
        let name = outlink_oauth::preset(preset.kind).display_name;
        let label = match preset.cloud {
            Some(cloud) => format!("{name}: {}", cloud_words(cloud)),
            None => name.to_owned(),
        };
        choice(preset.value(), label)
    });
    std::iter::once(none).chain(named).collect()
}

/// The provider whose host this is, as the form has it.
pub(super) fn of_host(host: &str, protocol: Protocol) -> String {
    let found = Preset::all()
        .find(|preset| preset.mail_host(protocol).is_some_and(|known| known.host == host));
    found.map_or_else(|| CUSTOM.to_owned(), Preset::value)
}

/// What host, port and security were filled in for: they follow when something else is chosen, as long as nobody has
/// typed anything else there.
pub(super) fn filled_by(preset: &str, protocol: &str) -> String {
    format!("{preset} {protocol}")
}

/// Whether a host stands in a form only since it was filled in for another choice than the one that is made now.
pub(super) fn is_left_over(before: &str, preset: &str, protocol: &str, host: &str) -> bool {
    let Some((was, spoken)) = before.split_once(' ') else { return false };
    let known = spoken.parse().ok().and_then(|protocol| Preset::of(was)?.mail_host(protocol));
    before != filled_by(preset, protocol) && known.is_some_and(|known| known.host == host.trim())
}

/// Fills host, port and security in for the provider that is chosen.
///
/// # Errors
/// A problem at the protocol where the provider has no such host.
pub(crate) fn fill_in(form: Form) -> Result<Form, ApiError> {
    let protocol: Protocol = crate::choice::choice("protocol", form.value("protocol"))?;
    let chosen = form.value("preset").to_owned();
    let by = filled_by(&chosen, protocol.as_str());
    let Some(preset) = Preset::of(&chosen) else {
        let left =
            is_left_over(form.value("filled_by"), &chosen, protocol.as_str(), form.value("host"));
        let form = if left { form.with("host", "") } else { form };
        return Ok(form.with("port", "").with("filled_by", by));
    };
    let Some(found) = preset.mail_host(protocol) else {
        let name = outlink_oauth::preset(preset.kind).display_name;
        return Err(Problem::invalid(
            "protocol",
            "protocol_not_offered",
            format!("No host of {name} for this protocol is known."),
            "Choose another protocol, or enter the host yourself.",
        )
        .into());
    };
    let security = match found.security {
        MailSecurity::Tls => Security::Tls,
        MailSecurity::StartTls => Security::StartTls,
    };
    Ok(form
        .with("host", found.host)
        .with("port", found.port.to_string())
        .with("security", security.as_str())
        .with("filled_by", by))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::mail_server_form::blank;

    #[test]
    fn each_provider_with_mail_is_offered_and_microsoft_by_cloud() {
        let values: Vec<_> = choices().into_iter().map(|choice| choice.value).collect();
        for value in ["custom", "google", "microsoft/worldwide", "microsoft/china", "yahoo"] {
            assert!(values.iter().any(|offered| offered == value), "{value}: {values:?}");
        }
        assert!(!values.iter().any(|value| value == "github"), "{values:?}");
        assert_eq!(of_host("imap.gmail.com", Protocol::Imap), "google");
        assert_eq!(of_host("mail.example.org", Protocol::Imap), CUSTOM);
    }

    #[test]
    fn a_choice_fills_in_and_the_next_one_fills_in_anew() {
        let google = fill_in(blank().with("preset", "google")).unwrap();
        assert_eq!((google.value("host"), google.value("port")), ("imap.gmail.com", "993"));
        let pop3 = fill_in(google.clone().with("protocol", "pop3")).unwrap();
        assert_eq!((pop3.value("host"), pop3.value("port")), ("pop.gmail.com", "995"));
        let smtp = fill_in(google.clone().with("protocol", "smtp")).unwrap();
        assert_eq!((smtp.value("host"), smtp.value("port")), ("smtp.gmail.com", "465"));
        let china = fill_in(google.clone().with("preset", "microsoft/china")).unwrap();
        assert_eq!(china.value("host"), "partner.outlook.cn");
        let none = fill_in(google.with("preset", CUSTOM)).unwrap();
        assert_eq!((none.value("host"), none.value("port")), ("", ""));
        let own = blank().with("host", "mail.example.org");
        assert_eq!(fill_in(own).unwrap().value("host"), "mail.example.org");
    }

    #[test]
    fn what_was_filled_in_for_another_choice_is_told_from_what_was_typed() {
        let by = filled_by("google", "imap");
        assert!(is_left_over(&by, "yahoo", "imap", "imap.gmail.com"));
        assert!(is_left_over(&by, "google", "pop3", "imap.gmail.com"));
        assert!(!is_left_over(&by, "google", "imap", "imap.gmail.com"));
        assert!(!is_left_over(&by, "yahoo", "imap", "imap.example.org"));
        assert!(!is_left_over("", "yahoo", "imap", "imap.gmail.com"));
    }
}
