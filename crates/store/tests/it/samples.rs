//! Things to put into a store.

use jiff::SignedDuration;
use outlink_model::delivery::{Delivery, DeliveryKind, DeliveryState};
use outlink_model::event::{Event, EventClass};
use outlink_model::grant::{Actor, BoundTo, Grant, GrantState, Identity, Tokens, Trouble, later};
use outlink_model::handler::{Handler, HandlerSettings, HandlerType};
use outlink_model::link::{
    ClientAuth, ClientSecret, GrantType, Link, LinkDirection, LinkHealth, ScopeSeparator,
    SigningAlg,
};
use outlink_model::mail_server::{
    After, Connection, Direction, MailServer, Protocol, Security, ServerHealth, SignIn, Take,
};
use outlink_model::message::{Authentication, Message, Outcome, Place};
use outlink_model::provider::ProviderKind;
use outlink_model::tracker::{NewComment, NewIssue, Project};
use outlink_model::webhook::Webhook;
use outlink_model::{
    ConsentId, GrantId, IssueId, LinkId, MailServerId, MessageId, PersonId, ProjectId, Secret,
    Timestamp,
};
use outlink_store::{
    BeginConsent, Consent, ConsentState, Error, Intake, NewConsent, NewTokens, Packed, Page, Store,
    pack,
};
use uuid::Uuid;

/// The id with this number.
pub(crate) fn id<T: From<Uuid>>(n: u128) -> T {
    T::from(Uuid::from_u128(n))
}

/// So many seconds after the tests begin.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// A page of so many, after a cursor.
pub(crate) fn page(limit: u32, after: Option<&str>) -> Page {
    Page { limit, after: after.map(str::to_owned) }
}

pub(crate) fn trouble(reason: &str) -> Trouble {
    Trouble {
        actor: Actor::LinkAdministrator,
        reason: reason.into(),
        hint: "Do something.".into(),
        provider_error: Some("odd \0 error".into()),
    }
}

/// The secret `n`, which is that of link `n`.
pub(crate) fn client_secret(n: u128) -> ClientSecret {
    ClientSecret {
        id: id(1000 + n),
        value: Secret::new(format!("client-secret-{n}")),
        certificate: Some("-----BEGIN CERTIFICATE-----".into()),
        key_id: Some("key".into()),
        expires_at: Some(at(9000)),
        refused_at: None,
        created_at: at(0),
    }
}

/// Where tokens of the links here come from.
pub(crate) fn bound() -> BoundTo {
    BoundTo {
        client_id: "client".into(),
        token_endpoint: "https://id.example.org/token".into(),
        issuer: Some("https://id.example.org".into()),
        origins: vec!["https://info.example.org".into()],
    }
}

pub(crate) fn link(n: u128) -> Link {
    Link {
        id: id(n),
        name: format!("link {n}"),
        description: "for mail".into(),
        direction: LinkDirection::Outgoing,
        provider: ProviderKind::Custom,
        enabled: true,
        grant_type: GrantType::AuthorizationCode,
        client_id: "client".into(),
        client_secrets: vec![client_secret(n)],
        client_auth: ClientAuth::Post,
        signing_alg: Some(SigningAlg::Ps256),
        requires_iss: true,
        authorization_endpoint: Some("https://id.example.org/authorize?a=b".into()),
        token_endpoint: "https://id.example.org/token".into(),
        revocation_endpoint: Some("https://id.example.org/revoke".into()),
        device_authorization_endpoint: Some("https://id.example.org/device".into()),
        issuer: Some("https://id.example.org".into()),
        userinfo_endpoint: None,
        introspection_endpoint: Some("https://id.example.org/introspect".into()),
        scope: "openid mail".into(),
        scope_separator: ScopeSeparator::Comma,
        pkce: false,
        authorization_params: vec![("audience".into(), "mail".into()), ("x".into(), "".into())],
        token_params: vec![("resource".into(), "mail".into())],
        token_hosts: vec!["imap.example.org".into()],
        health: LinkHealth::Healthy,
        created_at: at(0),
        updated_at: at(1),
    }
}

/// Grant `n` under link 1.
pub(crate) fn grant(n: u128) -> Grant {
    Grant {
        id: id(n),
        link_id: id(1),
        identity: Identity {
            issuer: Some("https://id.example.org".into()),
            subject: Some(format!("subject-{n}")),
            email: Some(format!("Alice{n}@Example.org")),
        },
        scopes: vec!["openid".into(), "mail".into()],
        generation: 1,
        state: GrantState::Active,
        since: at(0),
        expires_at: at(3600),
        issued_at: at(0),
        renewable: true,
        subject: None,
        refresh_expires_at: Some(at(90_000)),
        bound_to: Some(bound()),
        has_previous: false,
        next_refresh_at: Some(at(2500)),
        intent: None,
        created_at: at(0),
    }
}

pub(crate) fn tokens(n: u128) -> Tokens {
    Tokens {
        generation: 1,
        access: Secret::new(format!("access-{n}-first")),
        expires_at: at(3600),
        refresh: Some(Secret::new(format!("refresh-{n}-first"))),
    }
}

/// An answer of the token endpoint, an hour after the first.
pub(crate) fn answer(access: &str, refresh: Option<&str>) -> NewTokens {
    NewTokens {
        access: Secret::new(access),
        refresh: refresh.map(Secret::new),
        expires_at: later(at(3600), SignedDuration::from_secs(3600)),
        issued_at: at(3600),
        scopes: None,
        refresh_expires_at: None,
        bound_to: None,
    }
}

/// Link 1 with grant 1, written.
pub(crate) async fn granted(store: &Store) -> GrantId {
    store.create_link(&link(1)).await.unwrap();
    store.create_grant(&grant(1), &tokens(1)).await.unwrap();
    id(1)
}

/// The consent of this number under link 1, begun.
pub(crate) async fn begun(store: &Store, n: u8) -> ConsentId {
    let consent = Consent {
        id: id(n.into()),
        link_id: id(1),
        grant_id: None,
        mail_server: None,
        login_hint: None,
        state: ConsentState::Offered,
        verifier: None,
        nonce: None,
        redirect_url: None,
        device: None,
        created_at: at(0),
        expires_at: at(600),
    };
    store.create_consent(&consent, &[n; 32]).await.unwrap();
    let begin = BeginConsent {
        state_hash: &[n; 32],
        browser_hash: &[n; 32],
        verifier: &Secret::new("verifier"),
        nonce: None,
        redirect_url: "https://here.example.org/oauth2/callback/ref",
    };
    store.begin_consent(consent.id, &begin, at(0)).await.unwrap();
    consent.id
}

/// Gives consent `n` anew for grant 1, whose tokens were seen at this generation.
pub(crate) async fn replace(
    store: &Store,
    n: u8,
    seen: i64,
    identity: &Identity,
    same_person: bool,
    tokens: &NewTokens,
) -> Result<(), Error> {
    let consent = begun(store, n).await;
    let new = NewConsent { identity, same_person, tokens, next_refresh_at: at(6000), event: None };
    store.replace_consented_grant(consent, id(1), seen, &new, at(3600)).await
}

/// What the tokens of a grant are: generation, access token, refresh token.
pub(crate) async fn held(store: &Store, grant: GrantId) -> (i64, String, Option<String>) {
    let tokens = store.tokens(grant).await.unwrap().unwrap();
    let refresh = tokens.refresh.map(|token| token.expose().to_owned());
    (tokens.generation, tokens.access.expose().to_owned(), refresh)
}

pub(crate) fn mail_server(n: u128) -> MailServer {
    MailServer {
        id: id(n),
        name: format!("server {n}"),
        direction: Direction::Incoming,
        protocol: Protocol::Imap,
        security: Security::Tls,
        host: "imap.example.org".into(),
        port: 993,
        mailbox: "support@example.org".into(),
        sign_in: SignIn::Password(Secret::new(format!("mailbox-password-{n}"))),
        description: "where customers write".into(),
        folders: vec!["INBOX".into()],
        after: After::Keep,
        take: Take::All,
        poll_seconds: 60,
        idle: true,
        time_limit_seconds: 60,
        authserv_id: None,
        paused: false,
        health: ServerHealth::default(),
        created_at: at(0),
        updated_at: at(1),
    }
}

/// Server `n`, which mail goes out through.
pub(crate) fn outgoing(n: u128) -> MailServer {
    MailServer {
        direction: Direction::Outgoing,
        protocol: Protocol::Smtp,
        host: "smtp.example.org".into(),
        port: 465,
        ..mail_server(n)
    }
}

/// Delivery `n`: a notice that waits to be sent through server 2.
pub(crate) fn delivery(n: u128) -> Delivery {
    Delivery {
        id: id(n),
        mail_server_id: id(2),
        handler_id: Some(id(1)),
        kind: DeliveryKind::Notice,
        message_id: None,
        issue_id: None,
        to: format!("person{n}@example.org"),
        subject: "We received your mail".into(),
        text: "It is SUP-1 now.\n".into(),
        mail_id: format!("notice-{n}@outlink.example.org"),
        in_reply_to: Some("1@example.org".into()),
        state: DeliveryState::Waiting,
        attempts: 0,
        unanswered: 0,
        next_at: at(10),
        trouble: None,
        created_at: at(10),
        done_at: None,
    }
}

/// Writes deliveries, with no message.
pub(crate) async fn put(store: &Store, deliveries: &[Delivery]) {
    let mut intake = store.intake().await.unwrap();
    for delivery in deliveries {
        intake.put_delivery(delivery).await.unwrap();
    }
    intake.commit().await.unwrap();
}

pub(crate) fn project(n: u128, key: &str) -> Project {
    Project { id: id(n), key: key.into(), name: format!("Project {key}"), created_at: at(0) }
}

/// Handler `n`, from server `n` to project 1.
pub(crate) fn handler(n: u128) -> Handler {
    Handler {
        id: id(n),
        name: format!("handler {n}"),
        mail_server_id: id(n),
        project_id: id(1),
        kind: HandlerType::CreateOrComment,
        position: 0,
        enabled: true,
        settings: HandlerSettings::default(),
        outgoing_id: None,
        created_at: at(0),
        updated_at: at(1),
    }
}

pub(crate) fn event(n: u128) -> Event {
    Event {
        id: id(n),
        at: at(0),
        class: EventClass::Audit,
        kind: "link.created".into(),
        subject: "link Work".into(),
        state: Some("active".into()),
        actor: Actor::Nobody,
        message: format!("Event {n}."),
        hint: String::new(),
    }
}

/// An event that webhooks are sent.
pub(crate) fn health(n: u128) -> Event {
    Event { class: EventClass::Health, kind: "grant.needs_consent".into(), ..event(n) }
}

pub(crate) fn webhook(n: u128) -> Webhook {
    Webhook {
        id: id(n),
        name: format!("webhook {n}"),
        url: "https://hooks.example.org/outlink".into(),
        secret: Secret::new(format!("whsec_secret-{n}")),
        enabled: true,
        ok_at: None,
        trouble: None,
        created_at: at(0),
    }
}

/// Server 1, project 1 (`SUP`) and the handler between them, written.
pub(crate) async fn channel(store: &Store) -> (MailServerId, ProjectId) {
    store.create_mail_server(&mail_server(1)).await.unwrap();
    store.create_project(&project(1, "SUP")).await.unwrap();
    store.create_handler(&handler(1)).await.unwrap();
    (id(1), id(1))
}

pub(crate) fn raw(n: u128) -> Vec<u8> {
    format!("Message-ID: <{n}@example.org>\r\nSubject: {n}\r\n\r\nHello {n}\r\n").into_bytes()
}

/// Stands in for SHA-256: what the store is told is what it keeps by.
pub(crate) fn sha(n: u128) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(&n.to_be_bytes());
    hash
}

pub(crate) fn packed(n: u128) -> Packed {
    pack(&raw(n)).unwrap()
}

/// Message `n`, which lies in server 1 under the UID `n` and led to nothing.
pub(crate) fn message(n: u128) -> Message {
    Message {
        id: id(n),
        place: Place {
            mail_server_id: id(1),
            folder: "INBOX".into(),
            uid_validity: 5,
            uid: u32::try_from(n).unwrap(),
            uidl: None,
        },
        message_id: Some(format!("{n}@example.org")),
        sha256: Some(sha(n)),
        internal_date: at(0),
        from: "Alice <alice@example.org>".into(),
        sender: "alice@example.org".into(),
        authentication: Authentication::Pass,
        subject: format!("Subject {n}"),
        size: 100,
        outcome: Outcome::Rejected,
        reason: Some("it is a machine's".into()),
        handler_id: Some(id(1)),
        issue_id: None,
        comment_id: None,
        received_at: at(1),
        flagged: false,
        delete: false,
    }
}

pub(crate) async fn alice(intake: &mut Intake) -> PersonId {
    intake.person("alice@example.org", "Alice", id(1)).await.unwrap().id
}

/// What became of a statement, which is told at the end of its savepoint at the latest.
pub(crate) async fn ended<T>(intake: &mut Intake, written: Result<T, Error>) -> Result<(), Error> {
    match written {
        Ok(_) => intake.release_savepoint().await,
        Err(error) => Err(error),
    }
}

/// Issue `n` of project 1, which is to be made.
pub(crate) fn new_issue(n: u128, reporter: PersonId) -> NewIssue {
    NewIssue {
        id: id(n),
        project_id: id(1),
        summary: format!("Subject {n}"),
        description: "Hello".into(),
        issue_type: "Task".into(),
        priority: None,
        labels: Vec::new(),
        reporter,
        assignee: None,
    }
}

/// Comment `n` on issue `issue`, which is to be made.
pub(crate) fn comment(n: u128, issue: u128, author: PersonId, body: &str) -> NewComment {
    NewComment {
        id: id(n),
        issue_id: id(issue),
        author,
        body: body.into(),
        message_id: None,
        reopens: false,
    }
}

/// One poll of server `server` at so many seconds, for the connectivity log.
pub(crate) fn connection(n: u128, server: u128, seconds: i64) -> Connection {
    Connection {
        id: id(n),
        mail_server_id: id(server),
        began_at: at(seconds),
        last_at: at(seconds),
        trouble: None,
        polls: 1,
        messages: 0,
    }
}

/// Takes message `n` in as a new issue of project 1, with the issue's id the same number. Returns its key.
pub(crate) async fn created(intake: &mut Intake, n: u128) -> String {
    let reporter = alice(intake).await;
    let issue: IssueId = id(n);
    let key = intake.create_issue(&new_issue(n, reporter), at(2)).await.unwrap();
    intake.put_raws(&[(&sha(n), &packed(n))]).await.unwrap();
    let made = Message { outcome: Outcome::Created, issue_id: Some(issue), ..message(n) };
    intake.put_message(&made).await.unwrap();
    key
}

/// Takes message `n` in as it stands.
pub(crate) async fn taken(store: &Store, message: &Message, n: u128) -> MessageId {
    let mut intake = store.intake().await.unwrap();
    intake.put_raws(&[(&sha(n), &packed(n))]).await.unwrap();
    intake.put_message(message).await.unwrap();
    intake.commit().await.unwrap();
    message.id
}

/// What two things are compared by that hold secrets and so cannot be compared themselves.
pub(crate) fn shown(thing: &impl std::fmt::Debug) -> String {
    format!("{thing:?}")
}

/// The link `n`, for those who name it by its id.
pub(crate) fn link_id(n: u128) -> LinkId {
    id(n)
}
