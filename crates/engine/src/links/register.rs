//! Dynamic registration: the server itself makes our client (RFC 7591).

use outlink_model::Secret;
use outlink_model::link::{ClientAuth, GrantType, Link};
use outlink_model::problem::{Problem, ProblemKind};
use outlink_oauth::{self as oauth, Metadata, Registration};

use super::{LinkDraft, NewSecret, Register, fields, given};
use crate::{Engine, Error};

/// What stands for the id and the secret until the server has made them.
const NOT_YET: &str = "not-registered-yet";
/// So much of an id is told.
const LONGEST_SHOWN: usize = 200;

/// What was entered, with what the server added.
pub(super) struct Registered {
    pub(super) draft: LinkDraft,
    pub(super) warnings: Vec<String>,
}

impl Engine {
    /// Has the discovered server register us. Everything else about the link is checked first, since a registration
    /// that nothing comes of stays at the server.
    pub(super) async fn register(
        &self,
        base: &Link,
        mut draft: LinkDraft,
        register: &Register,
        metadata: Option<&Metadata>,
    ) -> Result<Registered, Error> {
        let endpoint = registration_endpoint(metadata)?;
        check_draft(&draft)?;
        let wanted = wanted(base, &draft, metadata)?;
        let mut rehearsal = draft.clone();
        rehearsal.client_id = Some(NOT_YET.into());
        rehearsal.client_auth = Some(wanted);
        rehearsal.secret =
            (wanted != ClientAuth::None).then(|| NewSecret::new(Secret::new(NOT_YET)));
        let link = self.lay_over(base, &self.creating(rehearsal))?.link;
        if self.store().link_by_name(&link.name).await?.is_some() {
            return Err(Problem::taken("name", "link", &link.name).into());
        }
        let redirect_uris: Vec<_> = self.redirect_url_of(&link).into_iter().collect();
        let token = register.initial_access_token.as_ref().filter(|token| !token.is_empty());
        let request = oauth::registration_request(
            endpoint,
            &Registration {
                client_name: &link.name,
                redirect_uris: &redirect_uris,
                grant_type: link.grant_type,
                client_auth: wanted,
                scope: &link.scope,
                initial_access_token: token,
            },
        );
        let response = self.0.http.send(&request).await.map_err(|failure| {
            let trouble = failure.trouble;
            let message =
                format!("The server could not be asked to register us: {}", trouble.reason);
            Problem::new(ProblemKind::Remote, "registration_failed", message, trouble.hint)
        })?;
        let sent: Vec<_> = token.into_iter().collect();
        let made = oauth::parse_registration(&response, &sent)?;
        fields::check_client_id(&made.client_id)
            .map_err(|problem| left_behind(&problem, &made.client_id))?;
        let (auth, warning) = method(&made, wanted);
        draft.client_id = Some(made.client_id);
        draft.client_auth = Some(auth);
        draft.secret = made.client_secret.map(|value| NewSecret {
            expires_at: made.client_secret_expires_at,
            ..NewSecret::new(value)
        });
        Ok(Registered { draft, warnings: warning.into_iter().collect() })
    }
}

/// How the client that was made authenticates: as the server says, as far as that can be done with what it handed out;
/// and what the administrator should know about it. Nothing is refused, since the client is there.
fn method(made: &oauth::Registered, wanted: ClientAuth) -> (ClientAuth, Option<String>) {
    // Some servers name the method of a client without a secret, and some give a secret to a public client.
    let with_a_secret = match wanted {
        ClientAuth::Post => ClientAuth::Post,
        _ => ClientAuth::Basic,
    };
    let (auth, told) = match (made.client_auth, made.client_secret.is_some()) {
        (_, false) => return (ClientAuth::None, differs(ClientAuth::None, wanted)),
        (Some(auth @ (ClientAuth::Basic | ClientAuth::Post)), true) => (auth, None),
        (Some(ClientAuth::None), true) => (ClientAuth::Basic, None),
        (Some(told), true) => (with_a_secret, Some(told.to_string())),
        (None, true) => (with_a_secret, made.unknown_auth.clone()),
    };
    let warning = match told {
        Some(told) => Some(format!(
            "The server says that the client authenticates by {told}, which cannot be done with the secret that it handed \
             out; {auth} is used instead. Test the link, and change it at the provider if it is refused."
        )),
        None => differs(auth, wanted),
    };
    (auth, warning)
}

fn differs(auth: ClientAuth, wanted: ClientAuth) -> Option<String> {
    // Servers know no name for credentials that are sent as they are.
    (auth != wanted && (auth, wanted) != (ClientAuth::Basic, ClientAuth::BasicRaw))
        .then(|| format!("The server registered the client with {auth}, not with {wanted}."))
}

/// A refusal that comes after the server has made a client, which would stay there unknown to anybody.
pub(super) fn left_behind(problem: &Problem, client_id: &str) -> Problem {
    let id: String = client_id.chars().take(LONGEST_SHOWN).collect();
    Problem {
        message: format!(
            "{} The server has registered a client already, whose ID is {id:?}.",
            problem.message
        ),
        hint: format!(
            "{} Delete the client {id:?} at the provider before trying again.",
            problem.hint
        ),
        ..*problem
    }
}

fn registration_endpoint(metadata: Option<&Metadata>) -> Result<&str, Problem> {
    let Some(metadata) = metadata else {
        return Err(Problem::invalid(
            "register",
            "issuer_missing",
            "Only a server that was discovered can register us.",
            "Enter the issuer to discover as well, or register by hand and enter the client ID.",
        ));
    };
    metadata.registration_endpoint.as_deref().ok_or_else(|| {
        Problem::invalid(
            "register",
            "registration_not_offered",
            "The server does not say that clients can register themselves.",
            "Register by hand at the provider's own page, and enter the client ID and the secret.",
        )
    })
}

fn check_draft(draft: &LinkDraft) -> Result<(), Problem> {
    let secret = draft.secret.as_ref().map(|new| new.value.expose());
    if given(draft.client_id.as_deref()).is_some() || given(secret).is_some() {
        return Err(Problem::invalid(
            "register",
            "registration_clash",
            "A client ID or secret was entered, but the server was to make them.",
            "Leave them out, or leave the registration out.",
        ));
    }
    Ok(())
}

/// How we ask to authenticate: as entered, else by what both sides know.
fn wanted(
    base: &Link,
    draft: &LinkDraft,
    metadata: Option<&Metadata>,
) -> Result<ClientAuth, Problem> {
    let unfit = |what: &str| {
        Problem::invalid(
            "register",
            "registration_unfit",
            format!("A client that {what} cannot be registered from here."),
            "Register it by hand at the provider's own page, with its key or certificate.",
        )
    };
    if base.grant_type == GrantType::JwtBearer {
        return Err(unfit("signs assertions"));
    }
    let possible = |auth: &ClientAuth| match auth {
        ClientAuth::Basic | ClientAuth::Post => true,
        ClientAuth::None => base.grant_type.has_consent(),
        ClientAuth::BasicRaw | ClientAuth::PrivateKeyJwt => false,
    };
    match draft.client_auth {
        Some(ClientAuth::PrivateKeyJwt) => Err(unfit("authenticates by a signed token")),
        Some(entered) => Ok(entered),
        None => {
            let told =
                metadata.map(|metadata| metadata.client_auths.as_slice()).unwrap_or_default();
            // A client that proves itself is the safer one, wherever the server's list has it.
            let mut told: Vec<_> = told.iter().copied().filter(possible).collect();
            told.sort_by_key(|auth| *auth == ClientAuth::None);
            Ok(told.first().copied().unwrap_or(ClientAuth::Basic))
        }
    }
}
