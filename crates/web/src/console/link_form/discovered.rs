//! What a server says of itself, laid over the form. Nothing of it is saved until somebody has looked at it.

use outlink_engine::links::Discovered;
use outlink_model::link::{ClientAuth, GrantType};
use outlink_oauth::Metadata;

use crate::form::Form;

/// Scopes without which it is not known who consented, or the grant ends within the hour.
const USUAL_SCOPES: [&str; 3] = ["openid", "email", "offline_access"];

/// The form with the endpoints of the server, and what was filled in, in words.
pub(super) fn lay(form: Form, grant_type: GrantType, found: &Discovered) -> (Form, String) {
    let metadata = &found.metadata;
    let consent = grant_type.has_consent();
    // Microsoft's template for several tenants is nobody's name.
    let is_name = !metadata.issuer.contains(['{', '}']);
    let issuer = (consent && is_name).then(|| metadata.issuer.clone());
    let requires_iss = if metadata.sends_issuer { "yes" } else { "no" };
    let own = |wanted: bool, url: &Option<String>| url.clone().filter(|_| wanted);
    let told = [
        (
            "authorization_endpoint",
            own(grant_type.has_redirect(), &metadata.authorization_endpoint),
        ),
        ("token_endpoint", Some(metadata.token_endpoint.clone())),
        (
            "device_authorization_endpoint",
            own(grant_type == GrantType::DeviceCode, &metadata.device_authorization_endpoint),
        ),
        ("revocation_endpoint", metadata.revocation_endpoint.clone()),
        ("issuer", issuer),
        ("userinfo_endpoint", own(consent, &metadata.userinfo_endpoint)),
        ("introspection_endpoint", own(consent, &metadata.introspection_endpoint)),
        ("scope", scope(&form, consent, metadata)),
        ("client_auth", client_auth(&form, grant_type, metadata)),
    ];
    let laid: Vec<_> = told.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let names: Vec<_> = laid.iter().map(|(name, _)| name.replace('_', " ")).collect();
    let form = laid.into_iter().fold(form, |form, (name, value)| form.with(name, value));
    let form = match consent && is_name && grant_type.has_redirect() {
        true => form.with("requires_iss", requires_iss),
        false => form,
    };
    (form, words(&names, grant_type, found))
}

fn words(names: &[String], grant_type: GrantType, found: &Discovered) -> String {
    let Discovered { metadata, warnings } = found;
    let mut words = format!(
        "Filled in from the issuer: {}. Nothing is saved yet, and all of it can be changed.",
        names.join(", ")
    );
    let offered = &metadata.grant_types;
    if !offered.is_empty() && !offered.contains(&grant_type) {
        let offered: Vec<_> = offered.iter().map(ToString::to_string).collect();
        words.push_str(&format!(
            " The server says that it offers the grant types {}, and not {grant_type}.",
            offered.join(", ")
        ));
    }
    if metadata.registration_endpoint.is_some() && grant_type != GrantType::JwtBearer {
        words.push_str(" The server offers to register this one by itself; see below.");
    }
    for warning in warnings {
        words.push(' ');
        words.push_str(warning);
    }
    words
}

/// Only where nothing is asked for yet: what else is needed, the administrator alone knows.
fn scope(form: &Form, consent: bool, metadata: &Metadata) -> Option<String> {
    if !consent || !form.value("scope").trim().is_empty() {
        return None;
    }
    let known = |scope: &&str| metadata.scopes_supported.iter().any(|told| told == scope);
    let usual: Vec<_> = USUAL_SCOPES.into_iter().filter(known).collect();
    (!usual.is_empty()).then(|| usual.join(" "))
}

/// A way that the server names, where the chosen one is not among those.
fn client_auth(form: &Form, grant_type: GrantType, metadata: &Metadata) -> Option<String> {
    let chosen: ClientAuth = form.value("client_auth").parse().unwrap_or(ClientAuth::Basic);
    let known = &metadata.client_auths;
    if grant_type == GrantType::JwtBearer || known.is_empty() || known.contains(&chosen) {
        return None;
    }
    let fits = |auth: &&ClientAuth| matches!(auth, ClientAuth::Basic | ClientAuth::Post);
    known.iter().find(fits).map(|auth| auth.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Discovered {
        let metadata = Metadata {
            issuer: "https://id.example".into(),
            authorization_endpoint: Some("https://id.example/a".into()),
            token_endpoint: "https://id.example/t".into(),
            revocation_endpoint: Some("https://id.example/r".into()),
            introspection_endpoint: None,
            userinfo_endpoint: Some("https://id.example/u".into()),
            device_authorization_endpoint: Some("https://id.example/d".into()),
            registration_endpoint: Some("https://id.example/reg".into()),
            scopes_supported: vec!["email".into(), "openid".into(), "mail".into()],
            client_auths: vec![ClientAuth::None, ClientAuth::Post],
            grant_types: vec![GrantType::AuthorizationCode],
            signing_algs: vec![],
            pkce_s256: Some(true),
            sends_issuer: false,
        };
        Discovered { metadata, warnings: vec!["It was left out.".into()] }
    }

    #[test]
    fn what_the_grant_type_uses_is_filled_in_and_named() {
        let form = Form::new(&[("scope", ""), ("client_auth", "")]);
        let (laid, words) = lay(form.clone(), GrantType::AuthorizationCode, &found());
        assert_eq!(laid.value("authorization_endpoint"), "https://id.example/a");
        assert_eq!(laid.value("device_authorization_endpoint"), "");
        assert_eq!(laid.value("issuer"), "https://id.example");
        assert_eq!(laid.value("requires_iss"), "no", "its callbacks do not name it");
        assert!(words.ends_with("It was left out."), "{words}");
        assert_eq!(laid.value("scope"), "openid email");
        assert_eq!(laid.value("client_auth"), "client_secret_post");
        assert!(words.contains("token endpoint") && words.contains("Nothing is saved"), "{words}");
        let (laid, words) = lay(form, GrantType::ClientCredentials, &found());
        assert_eq!((laid.value("userinfo_endpoint"), laid.value("scope")), ("", ""));
        assert!(words.contains("not client_credentials"), "{words}");
        let (laid, _) =
            lay(Form::new(&[("scope", "mail")]), GrantType::AuthorizationCode, &found());
        assert_eq!(laid.value("scope"), "mail");
    }
}
