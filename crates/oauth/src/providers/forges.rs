//! Hosts of Git repositories. Their tokens are for repositories; there is no mail behind them.

use outlink_model::link::{ClientAuth, GrantType};
use outlink_model::problem::Problem;
use outlink_model::provider::ProviderKind;

use super::check::instance;
use super::{Choice, Filled, MORE, Preset, sentences};

/// What these rows share: most of them run on hosts of anybody's own.
const FORGE: Preset = Preset { asks_instance: true, ..MORE };

pub(super) const GITHUB: Preset = Preset {
    kind: ProviderKind::Github,
    display_name: "GitHub",
    text: "Repositories at GitHub, or at a GitHub Enterprise Server of your own.",
    grant_types: &[GrantType::AuthorizationCode, GrantType::DeviceCode],
    authorization_endpoint: Some("https://github.com/login/oauth/authorize"),
    token_endpoint: Some("https://github.com/login/oauth/access_token"),
    userinfo_endpoint: Some("https://api.github.com/user"),
    device_authorization_endpoint: Some("https://github.com/login/device/code"),
    // There is no smaller scope for private repositories.
    scope: "repo",
    documentation: Some(
        "https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
    ),
    notes: &[
        "Tokens of an OAuth app do not end by themselves and come without a refresh token; those of a GitHub App end after \
         eight hours and are renewed.",
        "GitHub says by its API who consented. The address is known only where the account shows it to everybody, or \
         where user:email is among the scopes.",
        "GitHub gives tokens back by a way of its own, so they are not revoked from here.",
    ],
    ..FORGE
};

pub(super) const GITLAB: Preset = Preset {
    kind: ProviderKind::Gitlab,
    display_name: "GitLab",
    text: "Repositories at GitLab.com, or at a GitLab of your own.",
    grant_types: &[GrantType::AuthorizationCode, GrantType::DeviceCode],
    authorization_endpoint: Some("https://gitlab.com/oauth/authorize"),
    token_endpoint: Some("https://gitlab.com/oauth/token"),
    issuer: Some("https://gitlab.com"),
    revocation_endpoint: Some("https://gitlab.com/oauth/revoke"),
    userinfo_endpoint: Some("https://gitlab.com/oauth/userinfo"),
    introspection_endpoint: Some("https://gitlab.com/oauth/introspect"),
    device_authorization_endpoint: Some("https://gitlab.com/oauth/authorize_device"),
    scope: "openid email read_user read_repository",
    documentation: Some("https://docs.gitlab.com/integration/oauth_provider/"),
    ..FORGE
};

pub(super) const BITBUCKET: Preset = Preset {
    kind: ProviderKind::Bitbucket,
    display_name: "Bitbucket Cloud",
    text: "Repositories at bitbucket.org.",
    asks_instance: false,
    grant_types: &[GrantType::AuthorizationCode, GrantType::ClientCredentials],
    authorization_endpoint: Some("https://bitbucket.org/site/oauth2/authorize"),
    token_endpoint: Some("https://bitbucket.org/site/oauth2/access_token"),
    userinfo_endpoint: Some("https://api.bitbucket.org/2.0/user"),
    client_auth: ClientAuth::Basic,
    documentation: Some("https://developer.atlassian.com/cloud/bitbucket/oauth-2/"),
    notes: &[
        "The permissions of the consumer decide what its tokens may do, so no scopes need to be asked for.",
        "Bitbucket says by its API who consented where the consumer has the permission Account: Read; without it the \
         account is not known. The address is not told either way.",
        "Whether Bitbucket Cloud checks the code challenge of PKCE is not documented; it does no harm.",
    ],
    ..FORGE
};

pub(super) const FORGEJO: Preset = Preset {
    kind: ProviderKind::Forgejo,
    display_name: "Forgejo or Gitea",
    text: "Repositories at a Forgejo or Gitea, such as Codeberg.",
    scope: "openid email read:user read:repository",
    documentation: Some("https://forgejo.org/docs/latest/user/oauth2-provider/"),
    notes: &[
        "Forgejo does not limit such tokens to scopes: they may do all that the account may. Gitea limits them.",
        "There is no endpoint to give tokens back; the account's owner withdraws them in the settings.",
    ],
    ..FORGE
};

/// Endpoints of an instance, and what to do there.
pub(super) fn fill(
    filled: &mut Filled,
    kind: ProviderKind,
    choice: &Choice,
) -> Result<(), Problem> {
    let own = choice.instance.as_deref().map(instance).transpose()?;
    match (kind, &own) {
        (ProviderKind::Github, Some(own)) => {
            filled.authorization_endpoint = Some(format!("{own}/login/oauth/authorize"));
            filled.token_endpoint = Some(format!("{own}/login/oauth/access_token"));
            filled.device_authorization_endpoint = Some(format!("{own}/login/device/code"));
            filled.userinfo_endpoint = Some(format!("{own}/api/v3/user"));
        }
        (ProviderKind::Gitlab, Some(own)) => {
            let endpoint = |name: &str| Some(format!("{own}/oauth/{name}"));
            filled.issuer = Some(own.clone());
            filled.authorization_endpoint = endpoint("authorize");
            filled.token_endpoint = endpoint("token");
            filled.revocation_endpoint = endpoint("revoke");
            filled.userinfo_endpoint = endpoint("userinfo");
            filled.introspection_endpoint = endpoint("introspect");
            filled.device_authorization_endpoint = endpoint("authorize_device");
        }
        (ProviderKind::Forgejo, Some(own)) => {
            let endpoint = |name: &str| Some(format!("{own}/login/oauth/{name}"));
            filled.authorization_endpoint = endpoint("authorize");
            filled.token_endpoint = endpoint("access_token");
            filled.userinfo_endpoint = endpoint("userinfo");
        }
        (ProviderKind::Forgejo, None) => {
            return Err(Problem::invalid(
                "instance",
                "instance_missing",
                "Forgejo and Gitea run on many hosts, and none is named.",
                "Enter the address of the one that is meant, for example https://codeberg.org.",
            ));
        }
        _ => {}
    }
    filled.steps = steps(kind, choice.grant_type);
    Ok(())
}

fn steps(kind: ProviderKind, grant_type: GrantType) -> Vec<String> {
    let mut steps = sentences(match kind {
        ProviderKind::Github => &[
            "At GitHub go to Settings, Developer settings, OAuth Apps, and register a new application.",
            "Copy this link's redirect URL into Authorization callback URL.",
            "Copy the client ID into this link, make a client secret, and copy that too.",
        ],
        ProviderKind::Gitlab => &[
            "At GitLab go to Preferences, Applications (of an account, a group or, for administrators, the instance), and \
             add a new application; leave Confidential ticked.",
            "Copy this link's redirect URL into Redirect URI, and tick the scopes that this link asks for.",
            "Copy the application ID and the secret into this link.",
        ],
        ProviderKind::Bitbucket => &[
            "At Bitbucket go to the workspace's settings, OAuth consumers, and add a consumer.",
            "Copy this link's redirect URL into Callback URL, and tick the permissions that are needed.",
            "Copy the key (as client ID) and the secret into this link.",
        ],
        _ => &[
            "At the instance go to Settings, Applications, and create a new OAuth2 application; leave Confidential client \
             ticked.",
            "Copy this link's redirect URL into Redirect URIs.",
            "Copy the client ID and the client secret into this link.",
        ],
    });
    if kind == ProviderKind::Github && grant_type == GrantType::DeviceCode {
        steps.push("Tick Enable Device Flow in the application's settings.".to_owned());
    }
    steps
}
