//! Mail servers by their provider: the provider table says host, port and security.

use outlink_model::mail_server::{Protocol, Security};
use outlink_model::problem::Problem;
use outlink_model::provider::{MailService, ProviderKind};
use outlink_oauth::{self as oauth, Choice, MailHost, MailSecurity};

use super::MailServerDraft;

/// Fills host, port and security in as far as they were left out. `protocol` is spoken where the draft says none.
///
/// # Errors
/// A [`Problem`] where the provider has no such server.
pub(super) fn fill_in(
    draft: &MailServerDraft,
    protocol: Protocol,
) -> Result<MailServerDraft, Problem> {
    let mut filled = draft.clone();
    if draft.cloud.is_some() && draft.provider != Some(ProviderKind::Microsoft) {
        return Err(Problem::invalid(
            "cloud",
            "field_unused",
            "Clouds are Microsoft's.",
            "Leave the cloud out, or choose the provider microsoft.",
        ));
    }
    let Some(provider) = draft.provider.filter(|kind| *kind != ProviderKind::Custom) else {
        return Ok(filled);
    };
    let protocol = draft.protocol.unwrap_or(protocol);
    let found = mail_host(provider, draft, protocol)?;
    let security = security(&found);
    let is_usual = filled.security.is_none_or(|chosen| chosen == security);
    filled.host = filled.host.filter(|text| !text.trim().is_empty());
    filled.host.get_or_insert_with(|| found.host.to_owned());
    let chosen = *filled.security.get_or_insert(security);
    filled.port.get_or_insert(if is_usual { found.port } else { protocol.usual_port(chosen) });
    Ok(filled)
}

/// The provider's host for a protocol: of several, the first that has what was entered.
fn mail_host(
    provider: ProviderKind,
    draft: &MailServerDraft,
    protocol: Protocol,
) -> Result<MailHost, Problem> {
    let service = match protocol {
        Protocol::Imap => MailService::Imap,
        Protocol::Pop3 => MailService::Pop3,
        Protocol::Smtp => MailService::Smtp,
    };
    let preset = oauth::preset(provider);
    let mut hosts = match draft.cloud {
        cloud @ Some(_) => {
            let choice = Choice { cloud, protocols: vec![service], ..Choice::default() };
            oauth::fill(provider, &choice)?.mail_hosts
        }
        None => preset.mail_hosts.to_vec(),
    };
    if preset.mail_hosts.is_empty() {
        return Err(Problem::invalid(
            "provider",
            "provider_without_mail",
            format!("{} has no mail servers.", preset.display_name),
            "Choose one that has, or `custom`, and name the host.",
        ));
    }
    hosts.retain(|host| host.service == service);
    let has_entered = |host: &&MailHost| {
        draft.port.is_none_or(|port| port == host.port)
            && draft.security.is_none_or(|wanted| wanted == security(host))
            && draft.host.as_deref().is_none_or(|text| text.trim().is_empty() || text == host.host)
    };
    let fits = hosts.iter().find(has_entered).copied();
    fits.or_else(|| hosts.first().copied()).ok_or_else(|| {
        Problem::invalid(
            "protocol",
            "protocol_not_offered",
            format!("No host of {} for {protocol} is known.", preset.display_name),
            "Choose another protocol, or name the host, the port and the security yourself.",
        )
    })
}

fn security(host: &MailHost) -> Security {
    match host.security {
        MailSecurity::Tls => Security::Tls,
        MailSecurity::StartTls => Security::StartTls,
    }
}

#[cfg(test)]
mod tests {
    use outlink_model::provider::Cloud;

    use super::*;

    fn filled(draft: &MailServerDraft) -> (String, u16, Security) {
        let filled = fill_in(draft, Protocol::Imap).unwrap();
        (filled.host.unwrap(), filled.port.unwrap(), filled.security.unwrap())
    }

    #[test]
    fn a_provider_says_host_port_and_security_and_what_was_entered_stands() {
        let of = |provider| MailServerDraft { provider: Some(provider), ..Default::default() };
        let pop3 = |provider| MailServerDraft { protocol: Some(Protocol::Pop3), ..of(provider) };
        let smtp = |provider| MailServerDraft { protocol: Some(Protocol::Smtp), ..of(provider) };
        let table = [
            (of(ProviderKind::Google), ("imap.gmail.com", 993)),
            (pop3(ProviderKind::Google), ("pop.gmail.com", 995)),
            (of(ProviderKind::Microsoft), ("outlook.office365.com", 993)),
            (pop3(ProviderKind::Yahoo), ("pop.mail.yahoo.com", 995)),
            (smtp(ProviderKind::Google), ("smtp.gmail.com", 465)),
            (
                MailServerDraft { cloud: Some(Cloud::China), ..pop3(ProviderKind::Microsoft) },
                ("partner.outlook.cn", 995),
            ),
            (
                MailServerDraft {
                    host: Some("imap.googlemail.com".into()),
                    ..of(ProviderKind::Google)
                },
                ("imap.googlemail.com", 993),
            ),
        ];
        for (draft, (host, port)) in table {
            assert_eq!(filled(&draft), (host.to_owned(), port, Security::Tls));
        }
        let starttls =
            MailServerDraft { security: Some(Security::StartTls), ..of(ProviderKind::Fastmail) };
        assert_eq!(filled(&starttls).1, 143);
        let by_port = MailServerDraft { port: Some(587), ..smtp(ProviderKind::Google) };
        assert_eq!(filled(&by_port).2, Security::StartTls, "the port says which of the two it is");
        let microsoft = ("smtp.office365.com".to_owned(), 587, Security::StartTls);
        assert_eq!(filled(&smtp(ProviderKind::Microsoft)), microsoft);
    }

    #[test]
    fn what_a_provider_does_not_have_is_said_at_its_field() {
        let wrong = |draft: MailServerDraft| fill_in(&draft, Protocol::Imap).unwrap_err().field;
        let of = |provider| MailServerDraft { provider: Some(provider), ..Default::default() };
        assert_eq!(wrong(of(ProviderKind::Github)), Some("provider"));
        let cloud = MailServerDraft { cloud: Some(Cloud::Dod), ..of(ProviderKind::Google) };
        assert_eq!(wrong(cloud), Some("cloud"));
        let bare = fill_in(&of(ProviderKind::Custom), Protocol::Imap).unwrap();
        assert_eq!((bare.host, bare.port), (None, None));
    }
}
