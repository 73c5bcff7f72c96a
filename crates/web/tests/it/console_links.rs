//! Links by pages alone, without a script.

use jiff::SignedDuration;
use outlink_practice::Practice;
use tempfile::TempDir;

use crate::app::{Answer, TestApp};
use crate::console_kit::{PageForm, Person};

/// A server that trusts a provider on loopback, and that provider.
async fn scene() -> (TestApp, Practice, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let practice =
        outlink_practice::start(outlink_practice::Options::new(folder.path())).await.unwrap();
    let ca = practice.ca_pem_path.clone();
    let app = TestApp::with(|settings| settings.extra_ca = Some(ca)).await;
    (app, practice, folder)
}

/// A link to the practice provider, filled in from its issuer and saved: the path of its page.
async fn practice_link(person: &Person<'_>, practice: &Practice) -> String {
    let page = person.open("/links/new?provider=custom").await;
    let form = PageForm::of(&page, "/links").with("discover", &practice.issuer);
    let page = person.send_to(&form, "/links/discover").await.expect(200);
    let form = PageForm::of(&page, "/links")
        .with("name", "Practice")
        .with("client_id", &practice.client_id)
        .with("client_secret", practice.client_secret.expose())
        .with("scope", "openid email offline_access mail.imap");
    let saved = person.send_to(&form, "/links").await.expect(303);
    saved.header("location").to_owned()
}

/// Makes a grant from a refresh token that exists already: the path of its page.
async fn import(person: &Person<'_>, practice: &Practice, link: &str, user: usize) -> String {
    let scopes = ["openid", "email", "offline_access", "mail.imap"];
    let (_, refresh) = practice.issue(&practice.users[user].address, &scopes).unwrap();
    let page = person.open(link).await;
    let form = PageForm::of(&page, &format!("{link}/grants"));
    let form = form.with("refresh_token", refresh.unwrap().expose());
    let made = person.send_to(&form, &format!("{link}/grants")).await.expect(303);
    made.header("location").to_owned()
}

fn says(page: &Answer, text: &str) {
    assert!(page.body.contains(text), "{text:?} is missing: {}", page.body);
}

#[tokio::test]
async fn three_providers_come_first_and_every_one_has_a_form() {
    let app = TestApp::new().await;
    let person = Person::new(&app).await;
    let page = person.open("/links/new").await;
    let (first, more) = page.body.split_once("More providers").unwrap();
    for name in ["google", "microsoft", "custom"] {
        assert!(first.contains(&format!("provider={name}\"")), "{name}");
    }
    for name in ["yahoo", "aol", "fastmail", "yandex", "github", "gitlab", "bitbucket", "forgejo"] {
        assert!(more.contains(&format!("provider={name}\"")), "{name}");
        person.open(&format!("/links/new?provider={name}")).await;
    }
    for name in ["google", "microsoft"] {
        let page = person.open(&format!("/links/new?provider={name}")).await;
        says(&page, "https://outlink.example/oauth2/callback/");
        says(&page, "data-copy=\"redirect-url\"");
        says(&page, "<ol class=\"todo\">");
    }
    let custom = person.open("/links/new?provider=custom").await;
    assert!(!custom.body.contains("/oauth2/callback/"), "no endpoint stands yet");
}

#[tokio::test]
async fn microsoft_is_filled_in_by_choice_and_nothing_typed_is_lost() {
    let app = TestApp::new().await;
    let person = Person::new(&app).await;
    let page = person.open("/links/new?provider=microsoft").await;
    let form = PageForm::of(&page, "/links");
    assert!(form.value("token_endpoint").contains("/common/"));
    let form = form
        .with("cloud", "gcc_high")
        .with("tenant", "contoso.example")
        .with("name", "My <Work>")
        .with("client_secret", "hunter2-secret")
        .with("revocation_endpoint", "https://mine.example/revoke")
        .tick("protocols", "smtp");
    let page = person.send_to(&form, "/links/fill").await.expect(200);
    let form = PageForm::of(&page, "/links");
    assert_eq!(form.value("name"), "My <Work>");
    assert_eq!(form.value("revocation_endpoint"), "https://mine.example/revoke");
    assert!(form.value("token_endpoint").starts_with("https://login.microsoftonline.us/contoso"));
    assert!(form.value("scope").contains("outlook.office365.us/SMTP.Send"));
    assert!(!page.body.contains("hunter2"), "a secret is never shown again");

    // Client credentials need one tenant, and the page says so beside it.
    let wrong = form.clone().with("grant_type", "client_credentials").with("tenant", "common");
    let page = person.send_to(&wrong, "/links/fill").await.expect(422);
    says(&page, "id=\"e-tenant\"");
    let page = person.send_to(&form.with("grant_type", "client_credentials"), "/links/fill").await;
    let page = page.expect(200);
    let form = PageForm::of(&page, "/links");
    assert!(form.value("scope").ends_with("/.default"));
    says(&page, "New-ServicePrincipal");
    assert!(!form.has("authorization_endpoint") && !form.has("userinfo_endpoint"));
    assert!(!page.body.contains("/oauth2/callback/"), "nothing is sent back");

    // A key has other fields than a secret. Saving before they are there saves nothing, and shows them.
    assert!(!form.has("client_certificate"));
    let page =
        person.send_to(&form.with("client_auth", "private_key_jwt"), "/links").await.expect(200);
    says(&page, "Nothing is saved yet");
    let form = PageForm::of(&page, "/links");
    assert!(form.has("client_certificate") && form.has("client_key_id") && form.has("signing_alg"));
    let form = form.with("client_id", "id-1").with("client_secret", "no key at all");
    let page = person.send_to(&form, "/links").await.expect(422);
    says(&page, "id=\"e-client_secret\"");
    assert!(!page.body.contains("no key at all"));
    assert!(app.engine.links(Default::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_key_file_is_asked_for_and_never_shown_again() {
    let app = TestApp::new().await;
    let person = Person::new(&app).await;
    let page = person.open("/links/new?provider=google").await;
    let form = PageForm::of(&page, "/links").with("grant_type", "jwt_bearer");
    let page = person.send_to(&form, "/links/fill").await.expect(200);
    let form = PageForm::of(&page, "/links")
        .with("name", "Service")
        .with("service_account", "{\"type\":\"service_account\",\"private_key\":\"hunter2\"}");
    let page = person.send_to(&form, "/links").await.expect(422);
    says(&page, "id=\"e-service_account\"");
    assert!(!page.body.contains("hunter2"));
}

#[tokio::test]
async fn a_self_hosted_instance_is_named_first() {
    let app = TestApp::new().await;
    let person = Person::new(&app).await;
    let page = person.open("/links/new?provider=forgejo").await;
    let form = PageForm::of(&page, "/links/fill");
    assert!(!form.has("client_id"));
    says(&person.send_to(&form, "/links/fill").await.expect(422), "id=\"e-instance\"");
    let form = form.with("instance", "https://git.example");
    let page = person.send_to(&form, "/links/fill").await.expect(200);
    let form = PageForm::of(&page, "/links");
    assert!(form.value("token_endpoint").starts_with("https://git.example/"));
}

#[tokio::test]
async fn an_issuer_fills_in_what_can_still_be_changed() {
    let (app, practice, _folder) = scene().await;
    let person = Person::new(&app).await;
    let page = person.open("/links/new?provider=custom").await;
    let form = PageForm::of(&page, "/links").with("name", "Practice");
    let wrong = form.clone().with("discover", "https://localhost:1");
    let page = person.send_to(&wrong, "/links/discover").await;
    says(&page, "id=\"e-discover\"");
    let form = form.with("discover", &practice.issuer);
    let page = person.send_to(&form, "/links/discover").await.expect(200);
    says(&page, "Filled in from the issuer");
    says(&page, "/oauth2/callback/");
    let form = PageForm::of(&page, "/links");
    assert_eq!(form.value("token_endpoint"), practice.token_endpoint);
    assert_eq!(form.value("name"), "Practice");
    assert!(app.engine.links(Default::default()).await.unwrap().items.is_empty());
    assert_eq!(practice_link(&person, &practice).await.split('/').nth(1), Some("links"));
}

#[tokio::test]
async fn a_server_that_offers_it_registers_us_by_itself() {
    let (app, practice, _folder) = scene().await;
    practice.set(|settings| settings.registration = outlink_practice::Registration::Open);
    let person = Person::new(&app).await;
    let page = person.open("/links/new?provider=custom").await;
    let form = PageForm::of(&page, "/links").with("discover", &practice.issuer);
    let page = person.send_to(&form, "/links/discover").await.expect(200);
    let form = PageForm::of(&page, "/links").with("name", "By itself").tick("register", "yes");
    let saved = person.send_to(&form, "/links").await;
    let page = if saved.status == 200 { saved } else { person.follow(saved).await };
    says(&page, "By itself");
    let link = app.engine.link("By itself").await.unwrap();
    assert!(!link.client_id.is_empty() && link.client_secret().is_some());
    assert!(!page.body.contains(link.client_secret().unwrap().expose()));
}

#[tokio::test]
async fn a_link_is_tested_edited_switched_off_and_on() {
    let (app, practice, _folder) = scene().await;
    let person = Person::new(&app).await;
    let link = practice_link(&person, &practice).await;
    let report = person.post(&format!("{link}/test"), &[]).await.expect(200);
    for step in ["base url", "resolve", "tls", "token endpoint", "client", "redirect url"] {
        says(&report, &format!("<strong>{step}</strong>"));
    }
    says(&report, "The test went well");

    // Keeps "A moved endpoint locks its secrets", said beside the secret.
    let edit = format!("{link}/edit");
    let form = PageForm::of(&person.open(&edit).await, &edit);
    let moved = form.clone().with("token_endpoint", "https://evil.example/token");
    let page = person.send_to(&moved, &edit).await.expect(422);
    says(&page, "id=\"e-client_secret\"");
    says(&page, "value=\"https://evil.example/token\"");
    assert_eq!(app.engine.link("Practice").await.unwrap().token_endpoint, practice.token_endpoint);

    let key = form.clone().with("client_auth", "private_key_jwt");
    let page = person.send_to(&key, &edit).await.expect(200);
    says(&page, "Nothing is saved yet");
    assert!(PageForm::of(&page, &edit).has("client_key_id"));
    let page = person.send_to(&form.with("description", "What <it> is for"), &edit).await;
    says(&person.follow(page).await, "What &lt;it&gt; is for");

    let off = person.post(&format!("{link}/disable"), &[]).await;
    says(&person.follow(off).await, "Switched off");
    let refused = person.post(&format!("{link}/authorize"), &[]).await.expect(422);
    says(&refused, "is switched off");
    let on = person.post(&format!("{link}/enable"), &[]).await;
    assert!(!person.follow(on).await.body.contains("Switched off"));
}

#[tokio::test]
async fn two_secrets_stand_beside_each_other_and_their_ends_are_told() {
    let (app, practice, _folder) = scene().await;
    let person = Person::new(&app).await;
    let link = practice_link(&person, &practice).await;
    let path = format!("{link}/secret");
    let soon = app.engine.now() + SignedDuration::from_hours(24 * 12);
    let soon = soon.strftime("%Y-%m-%d").to_string();
    let ends = format!("{path}/ends");
    let form = PageForm::of(&person.open(&path).await, &ends);
    let dated = person.send_to(&form.with("ends_on", &soon), &ends).await;
    says(&person.follow(dated).await, &soon);
    says(&person.open("/").await, "The client secret of Practice ends in 1");
    says(&person.open("/").await, &format!("href=\"{path}\""));

    let form = PageForm::of(&person.open(&path).await, &path);
    let added = person.send_to(&form.with("client_secret", "hunter2-second"), &path).await;
    let page = if added.status == 200 { added } else { person.follow(added).await };
    says(&page, "Used where the first is refused");
    assert_eq!(app.engine.link("Practice").await.unwrap().client_secrets.len(), 2);
    let form = PageForm::of(&person.open(&path).await, &path);
    let replace = form.with("how", "replace").with("client_secret", "hunter2-third");
    person.send_to(&replace, &path).await;
    assert_eq!(app.engine.link("Practice").await.unwrap().client_secrets.len(), 1);
    let form = PageForm::of(&person.open(&path).await, &path);
    says(&person.send_to(&form, &path).await.expect(422), "id=\"e-client_secret\"");
    for path in [link.as_str(), "/", "/events", &path, &format!("{link}/edit")] {
        assert!(!person.open(path).await.body.contains("hunter2"), "{path}");
    }
}

#[tokio::test]
async fn a_link_in_use_names_what_hangs_on_it_before_it_goes() {
    let (app, practice, _folder) = scene().await;
    let person = Person::new(&app).await;
    let link = practice_link(&person, &practice).await;
    let grant = import(&person, &practice, &link, 0).await;
    let alice = practice.users[0].address.clone();
    let id = grant.rsplit('/').next().unwrap();
    let port = practice.imap.port().to_string();
    let server = [
        ("name", "Support mail"),
        ("mailbox", alice.as_str()),
        ("host", "localhost"),
        ("port", port.as_str()),
        ("grant", id),
        ("take", "all"),
    ];
    let server = person.post("/mail-servers", &server).await.expect(303);
    let server = server.header("location").to_owned();
    let path = format!("{link}/delete");
    let page = person.open(&path).await;
    says(&page, &format!("<li>{alice}</li>"));
    says(&page, "<li>Support mail</li>");
    let form = PageForm::of(&page, &path);
    says(&person.send_to(&form, &path).await.expect(422), "Support mail");
    assert!(app.engine.link("Practice").await.is_ok());

    let form = form.tick("with_grants", "yes").tick("revoke", "yes");
    let page = person.send_to(&form, &path).await.expect(200);
    says(&page, "<li>Support mail</li>");
    assert!(app.engine.link("Practice").await.is_err());
    says(&person.open("/").await, "Support mail has nothing to sign in with");
    says(&person.open(&server).await, "nothing: its grant was deleted");

    // A new link, a new grant, attached to the same server, which goes on.
    let link = practice_link(&person, &practice).await;
    let grant = import(&person, &practice, &link, 0).await;
    let edit = format!("{server}/sign-in");
    let form = PageForm::of(&person.open(&server).await, &edit);
    assert_eq!(form.value("resume"), "yes");
    let nobody = person.send_to(&form.clone().with("grant", "nobody@example.org"), &edit).await;
    says(&nobody.expect(422), "id=\"e-grant\"");
    let form = form.with("grant", grant.rsplit('/').next().unwrap());
    let page = person.send_to(&form, &edit).await;
    let page = person.follow(page).await;
    says(&page, &format!("href=\"{grant}\""));
    assert!(!page.body.contains(">Paused<"));
}

#[tokio::test]
async fn a_hostile_name_is_a_name_on_every_page() {
    const NAME: &str = "<script>alert(1)</script>\"'>";
    let (app, practice, _folder) = scene().await;
    let person = Person::new(&app).await;
    let link = practice_link(&person, &practice).await;
    let edit = format!("{link}/edit");
    let form = PageForm::of(&person.open(&edit).await, &edit);
    let form = form.with("name", NAME).with("description", NAME);
    person.send_to(&form, &edit).await.expect(303);
    let grant = import(&person, &practice, &link, 0).await;
    for path in [
        "/".to_owned(),
        "/links".to_owned(),
        "/grants".to_owned(),
        "/events".to_owned(),
        "/tokens".to_owned(),
        "/mail-servers/new".to_owned(),
        format!("{link}/secret"),
        format!("{link}/delete"),
        format!("{grant}/delete"),
        edit.clone(),
        link,
        grant,
    ] {
        let page = person.open(&path).await;
        assert!(!page.body.contains("<script>alert"), "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{path}");
    }
    assert_eq!(PageForm::of(&person.open(&edit).await, &edit).value("name"), NAME);
}
