//! What stands in the fields of the form: filled in, or typed over that.

use outlink_model::provider::ProviderKind;
use outlink_oauth::Filled;

use super::Asked;
use crate::form::{Fields, Form};

/// What is filled in for a choice, by the names of the fields.
fn filled_values(kind: ProviderKind, filled: &Filled) -> Vec<(&'static str, String)> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let auth = match kind {
        ProviderKind::Custom => "",
        _ => filled.client_auth.as_str(),
    };
    vec![
        ("authorization_endpoint", text(&filled.authorization_endpoint)),
        ("token_endpoint", text(&filled.token_endpoint)),
        ("revocation_endpoint", text(&filled.revocation_endpoint)),
        ("device_authorization_endpoint", text(&filled.device_authorization_endpoint)),
        ("issuer", text(&filled.issuer)),
        ("userinfo_endpoint", text(&filled.userinfo_endpoint)),
        ("introspection_endpoint", text(&filled.introspection_endpoint)),
        ("scope", filled.scope.clone()),
        ("scope_separator", filled.scope_separator.as_str().to_owned()),
        ("pkce", if filled.pkce { "on" } else { "off" }.to_owned()),
        ("client_auth", auth.to_owned()),
        ("authorization_params", lines(&filled.authorization_params)),
        ("token_params", lines(&filled.token_params)),
    ]
}

/// The form with what is filled in for a choice.
pub(crate) fn blank(kind: ProviderKind, asked: &Asked, filled: Option<&Filled>) -> Form {
    let choice = &asked.choice;
    let protocols: Vec<_> = choice.protocols.iter().map(|protocol| protocol.as_str()).collect();
    let form = Form::new(&[
        ("filled_by", ""),
        ("cloud", choice.cloud.map_or("worldwide", |cloud| cloud.as_str())),
        ("tenant", choice.tenant.as_deref().unwrap_or("common")),
        ("protocols", &protocols.join(" ")),
        ("grant_type", choice.grant_type.as_str()),
        ("instance", choice.instance.as_deref().unwrap_or_default()),
        ("discover", ""),
        ("register", ""),
        ("name", ""),
        ("description", ""),
        ("client_id", ""),
        ("client_certificate", ""),
        ("client_key_id", ""),
        ("client_secret_expires_at", ""),
        ("signing_alg", ""),
        ("requires_iss", ""),
        ("token_hosts", ""),
    ]);
    let filled = filled.map(|filled| filled_values(kind, filled)).unwrap_or_default();
    filled.into_iter().fold(form, |form, (name, value)| form.with(name, value))
}

/// The form for a choice, with what was typed. A field that still holds what `was` filled in before is filled in anew.
pub(crate) fn merged(
    kind: ProviderKind,
    asked: &Asked,
    filled: &Filled,
    was: Option<&Filled>,
    fields: &Fields,
) -> Form {
    let before = was.map(|was| filled_values(kind, was)).unwrap_or_default();
    let anew = filled_values(kind, filled);
    let form = blank(kind, asked, Some(filled)).typed(fields).ticked("protocols", fields);
    let stands = |name: &str, form: &Form| {
        // Nobody consents, so a public client could be anybody: that choice is not on the page any more.
        if name == "client_auth"
            && form.value(name) == "none"
            && !asked.choice.grant_type.has_consent()
        {
            return true;
        }
        let filled_in = before.iter().find(|(field, _)| *field == name);
        filled_in.is_some_and(|(_, value)| value.trim() == form.value(name).trim())
    };
    anew.into_iter().fold(form, |form, (name, value)| match stands(name, &form) {
        true => form.with(name, value),
        false => form,
    })
}

/// Parameters as the form shows them: one on each line.
pub(crate) fn lines(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use outlink_model::link::GrantType;
    use outlink_oauth::{Choice, fill};

    use super::*;

    #[test]
    fn what_was_typed_over_a_filled_in_value_stays() {
        let kind = ProviderKind::Microsoft;
        let before = fill(kind, &Choice::default()).unwrap();
        let choice = Choice { tenant: Some("contoso.example".into()), ..Choice::default() };
        let anew = fill(kind, &choice).unwrap();
        let token = before.token_endpoint.clone().unwrap();
        let fields = Fields::of(&[
            ("name", "Work"),
            ("token_endpoint", &token),
            ("scope", "offline_access mine"),
            ("protocols", "imap"),
        ]);
        let asked = Asked { choice, client_auth: None };
        let form = merged(kind, &asked, &anew, Some(&before), &fields);
        assert_eq!(form.value("token_endpoint"), anew.token_endpoint.as_deref().unwrap());
        assert_eq!(form.value("scope"), "offline_access mine");
        assert_eq!(form.value("name"), "Work");
        // A field that the page did not have yet is filled in.
        assert!(form.value("authorization_endpoint").contains("/contoso.example/"));
        assert_eq!(form.value("protocols"), "imap");
    }

    #[test]
    fn another_grant_type_brings_another_authentication() {
        let kind = ProviderKind::Microsoft;
        let before = fill(kind, &Choice::default()).unwrap();
        let choice = Choice { grant_type: GrantType::DeviceCode, ..Choice::default() };
        let anew = fill(kind, &choice).unwrap();
        let fields = Fields::of(&[("client_auth", before.client_auth.as_str())]);
        let asked = Asked { choice, client_auth: None };
        let form = merged(kind, &asked, &anew, Some(&before), &fields);
        assert_eq!(form.value("client_auth"), "none");

        let choice = Choice {
            grant_type: GrantType::ClientCredentials,
            tenant: Some("contoso.example".into()),
            ..Choice::default()
        };
        let anew = fill(kind, &choice).unwrap();
        let asked = Asked { choice, client_auth: None };
        let fields = Fields::of(&[("client_auth", "none")]);
        let form = merged(kind, &asked, &anew, Some(&before), &fields);
        assert_eq!(form.value("client_auth"), anew.client_auth.as_str());
    }
}
