//! What was entered for a link, as the engine takes it.

use outlink_engine::links::{Change, LinkDraft, NewLink, NewSecret, Register};
use outlink_model::link::{ClientAuth, GrantType, SigningAlg};
use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;
use outlink_model::{Secret, Timestamp};
use outlink_oauth::{fill, parse_service_account};

use super::Asked;
use super::asked::Proof;
use crate::choice::optional_choice;
use crate::error::ApiError;
use crate::extract::moment;
use crate::form::Fields;

/// A new link.
pub(super) fn new_link(
    kind: ProviderKind,
    asked: Asked,
    fields: &Fields,
) -> Result<NewLink, ApiError> {
    let registers = fields.optional("register").is_some();
    let issuer = fields.optional("discover");
    let unfilled = fields.optional("token_endpoint").is_none();
    // What the issuer said stands in the fields already, where they were filled in from it.
    let discover = issuer.filter(|_| registers || unfilled);
    // An assertion proves everything by itself; the field is not on the page then.
    let auth = asked.client_auth.filter(|_| asked.choice.grant_type != GrantType::JwtBearer);
    let mut draft = draft(fields, auth, asked.proof())?;
    if discover.is_some() {
        for endpoint in endpoints(&mut draft) {
            *endpoint = endpoint.take().filter(|text| !text.trim().is_empty());
        }
        draft.scope = draft.scope.filter(|text| !text.trim().is_empty());
    }
    let service_account = fields.secret("service_account");
    if let (Some(json), None) = (&service_account, &draft.secret) {
        draft.secret = dated_key(json, fields)?;
    }
    if service_account.is_some() || registers {
        // These say who we are themselves.
        draft.client_id = draft.client_id.filter(|text| !text.trim().is_empty());
    }
    let preset = fill(kind, &asked.choice)?;
    if let Some(entered) = &mut draft.authorization_params {
        take_away(entered, &preset.authorization_params);
    }
    if let Some(entered) = &mut draft.token_params {
        take_away(entered, &preset.token_params);
    }
    Ok(NewLink {
        provider: kind,
        choice: asked.choice,
        draft,
        discover,
        register: registers
            .then(|| Register { initial_access_token: fields.secret("initial_access_token") }),
        service_account,
    })
}

/// The key of a key file, where a day was entered on which it ends: the file itself names none.
fn dated_key(json: &Secret, fields: &Fields) -> Result<Option<NewSecret>, ApiError> {
    let Some(expires_at) = ends(fields)? else { return Ok(None) };
    let account = parse_service_account(json)?;
    Ok(Some(NewSecret {
        key_id: account.private_key_id,
        expires_at: Some(expires_at),
        ..NewSecret::new(account.private_key)
    }))
}

/// The day on which the secret ends, where one was entered.
pub(crate) fn ends(fields: &Fields) -> Result<Option<Timestamp>, ApiError> {
    let field = "client_secret_expires_at";
    Ok(moment(field, fields.optional(field).as_deref())?)
}

fn endpoints(draft: &mut LinkDraft) -> [&mut Option<String>; 7] {
    [
        &mut draft.authorization_endpoint,
        &mut draft.token_endpoint,
        &mut draft.revocation_endpoint,
        &mut draft.device_authorization_endpoint,
        &mut draft.issuer,
        &mut draft.userinfo_endpoint,
        &mut draft.introspection_endpoint,
    ]
}

/// A line that was deleted from what the preset gives is meant to be gone: an empty value says so.
fn take_away(entered: &mut Vec<(String, String)>, preset: &[(String, String)]) {
    for (name, _) in preset {
        if !entered.iter().any(|(own, _)| own == name) {
            entered.push((name.clone(), String::new()));
        }
    }
}

/// The fields that new links and edits have in common. What was not sent is left as it is.
pub(crate) fn draft(
    fields: &Fields,
    client_auth: Option<ClientAuth>,
    proof: Proof,
) -> Result<LinkDraft, ApiError> {
    let pkce = fields.sent("pkce").filter(|text| !text.is_empty());
    let params = |name: &'static str| -> Result<_, Problem> {
        fields.sent(name).map(|text| pairs(name, &text)).transpose()
    };
    Ok(LinkDraft {
        name: fields.sent("name"),
        description: fields.sent("description"),
        enabled: None,
        client_id: fields.sent("client_id"),
        client_auth,
        signing_alg: signing_alg(fields)?,
        authorization_endpoint: fields.sent("authorization_endpoint"),
        token_endpoint: fields.sent("token_endpoint"),
        revocation_endpoint: fields.sent("revocation_endpoint"),
        device_authorization_endpoint: fields.sent("device_authorization_endpoint"),
        issuer: fields.sent("issuer"),
        requires_iss: match fields.text("requires_iss").as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
        userinfo_endpoint: fields.sent("userinfo_endpoint"),
        introspection_endpoint: fields.sent("introspection_endpoint"),
        scope: fields.sent("scope"),
        scope_separator: optional_choice(
            "scope_separator",
            fields.sent("scope_separator").as_deref(),
        )?,
        pkce: pkce.map(|text| text == "on"),
        authorization_params: params("authorization_params")?,
        token_params: params("token_params")?,
        token_hosts: fields.sent("token_hosts").map(|text| words(&text)),
        secret: new_secret(fields, proof)?,
    })
}

/// How assertions are signed. Where the field was on the page, its empty choice is a choice too.
pub(crate) fn signing_alg(fields: &Fields) -> Result<Change<SigningAlg>, Problem> {
    let Some(text) = fields.sent("signing_alg") else { return Ok(Change::Keep) };
    Ok(optional_choice("signing_alg", Some(&text))?.map_or(Change::Clear, Change::Set))
}

/// Words that stand apart by white space or commas.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',');
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// What proves us, where it was entered.
pub(crate) fn new_secret(fields: &Fields, proof: Proof) -> Result<Option<NewSecret>, ApiError> {
    let Some(value) = fields.secret("client_secret") else { return Ok(None) };
    let mut new = NewSecret { expires_at: ends(fields)?, ..NewSecret::new(value) };
    if proof == Proof::Key {
        new.certificate = fields.optional("client_certificate");
        new.key_id = fields.optional("client_key_id");
    }
    Ok(Some(new))
}

/// One `name=value` on each line.
pub(crate) fn pairs(field: &'static str, text: &str) -> Result<Vec<(String, String)>, Problem> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| match line.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            }
            _ => Err(Problem::invalid(
                field,
                "params_unusable",
                format!("The line {line:?} is not of the form name=value."),
                "Write one parameter on each line, like prompt=consent.",
            )),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use outlink_oauth::Choice;

    use super::*;

    #[test]
    fn parameters_are_lines() {
        let field = "authorization_params";
        let read = pairs(field, " prompt = consent\n\nclaims={\"a\"=1}\n").unwrap();
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        assert_eq!(read, [pair("prompt", "consent"), pair("claims", "{\"a\"=1}")]);
        assert_eq!(pairs(field, "prompt").unwrap_err().field, Some(field));
        assert!(pairs(field, "=x").is_err());
    }

    #[test]
    fn a_preset_parameter_that_was_deleted_is_taken_away() {
        let fields = Fields::of(&[("name", "G"), ("authorization_params", "access_type=offline")]);
        let new = new_link(ProviderKind::Google, Asked::usual(ProviderKind::Google), &fields);
        let params = new.unwrap().draft.authorization_params.unwrap();
        assert!(params.contains(&("prompt".into(), String::new())), "{params:?}");
        assert!(params.contains(&("access_type".into(), "offline".into())));
    }

    #[test]
    fn an_issuer_is_asked_again_only_where_its_answer_is_not_on_the_page() {
        let asked = || Asked::usual(ProviderKind::Custom);
        let read = |pairs: &[(&str, &str)]| {
            new_link(ProviderKind::Custom, asked(), &Fields::of(pairs)).unwrap()
        };
        let issuer = ("discover", "https://id.example.org");
        let empty = read(&[issuer, ("token_endpoint", ""), ("scope", "")]);
        assert!(empty.discover.is_some() && empty.draft.token_endpoint.is_none());
        assert!(empty.draft.scope.is_none());
        let token = ("token_endpoint", "https://id.example.org/token");
        assert!(read(&[issuer, token]).discover.is_none());
        let registers = read(&[issuer, token, ("register", "yes"), ("client_id", "")]);
        assert!(registers.discover.is_some() && registers.register.is_some());
        assert!(registers.draft.client_id.is_none());
    }

    #[test]
    fn an_algorithm_that_is_not_chosen_any_more_is_unset() {
        let read = |pairs: &[(&str, &str)]| signing_alg(&Fields::of(pairs)).map_err(|p| p.field);
        assert_eq!(read(&[]), Ok(Change::Keep), "the page had no such field");
        assert_eq!(read(&[("signing_alg", "")]), Ok(Change::Clear));
        assert_eq!(read(&[("signing_alg", "PS256")]), Ok(Change::Set(SigningAlg::Ps256)));
        assert_eq!(read(&[("signing_alg", "magic")]), Err(Some("signing_alg")));
    }

    #[test]
    fn a_certificate_belongs_to_a_key() {
        let fields = Fields::of(&[("client_secret", "s"), ("client_key_id", "k")]);
        let read = |proof| new_secret(&fields, proof).unwrap().unwrap().key_id;
        assert_eq!(read(Proof::Secret), None);
        assert_eq!(read(Proof::Key).as_deref(), Some("k"));
        let choice = Choice { grant_type: GrantType::JwtBearer, ..Choice::default() };
        assert_eq!(Asked { choice, client_auth: None }.proof(), Proof::Key);
    }
}
