//! Grants by pages alone: by device code, put back, given back, deleted, handed out.

use outlink_practice::Practice;
use serde_json::json;
use tempfile::TempDir;

use crate::app::{Answer, TestApp};
use crate::consents::Scene;
use crate::console_kit::{PageForm, Person};

fn says(page: &Answer, text: &str) {
    assert!(page.body.contains(text), "{text:?} is missing: {}", page.body);
}

async fn with_link(grant_type: &str) -> (TestApp, Practice, TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let practice =
        outlink_practice::start(outlink_practice::Options::new(folder.path())).await.unwrap();
    let ca = practice.ca_pem_path.clone();
    let app = TestApp::with(|settings| settings.extra_ca = Some(ca)).await;
    let mut body = json!({
        "name": "Practice", "provider": "custom", "grant_type": grant_type,
        "client_id": practice.client_id, "client_secret": practice.client_secret.expose(),
        "token_endpoint": practice.token_endpoint,
        "revocation_endpoint": practice.revocation_endpoint,
        "scope": "mail.imap",
    });
    if grant_type == "device_code" {
        body["device_authorization_endpoint"] = json!(practice.device_authorization_endpoint);
        body["userinfo_endpoint"] = json!(practice.userinfo_endpoint);
        body["scope"] = json!("openid email offline_access mail.imap");
    }
    let link = app.make("/api/v1/links", body).await;
    let path = format!("/links/{}", link["id"].as_str().unwrap());
    (app, practice, folder, path)
}

#[tokio::test]
async fn a_code_is_shown_with_its_address_and_a_qr_code() {
    let (app, practice, _folder, link) = with_link("device_code").await;
    app.engine.start();
    practice.set(|settings| settings.device_interval = std::time::Duration::from_secs(1));
    let person = Person::new(&app).await;
    let page = person.post(&format!("{link}/authorize"), &[]).await.expect(200);
    let code = page.body.split("id=\"user-code\">").nth(1).unwrap().split('<').next().unwrap();
    says(&page, "<svg class=\"qr\"");
    says(&page, "<path d=\"M");
    assert!(!page.body.contains(" style=") && !page.body.contains("data:"));
    let watch = page.body.split("href=\"/consents/").nth(1).unwrap().split('"').next().unwrap();
    let watch = format!("/consents/{watch}");
    says(&person.open(&watch).await, code);
    let alice = practice.users[0].address.clone();
    assert!(practice.approve_device(code, &alice));
    says(&person.wait_for(&watch, "The consent was given").await, &alice);
    app.engine.stop().await;
}

#[tokio::test]
async fn a_link_that_acts_for_itself_makes_its_grant_by_one_button() {
    let (app, _practice, _folder, link) = with_link("client_credentials").await;
    let person = Person::new(&app).await;
    let page = person.open(&link).await;
    assert!(!page.body.contains("login_hint"), "nobody consents");
    let made = person.post(&format!("{link}/grants"), &[]).await;
    let page = person.follow(made).await;
    says(&page, ">Works<");
    assert!(!page.body.contains("Authorise anew"));
}

#[tokio::test]
async fn a_refusal_of_the_provider_is_told_on_the_page_of_the_link() {
    let (app, _practice, _folder, link) = with_link("device_code").await;
    let person = Person::new(&app).await;
    let path = format!("{link}/grants");
    says(&person.post(&path, &[("refresh_token", "")]).await.expect(422), "id=\"e-refresh_token\"");
    let refused = person.post(&path, &[("refresh_token", "hunter2-refresh")]).await;
    assert!(refused.status.as_u16() >= 400, "{}", refused.body);
    says(&refused, "Grants under this link");
    assert!(!refused.body.contains("hunter2"));
    let hours = [("expires_in_hours", "soon")];
    let refused = person.post(&format!("{link}/authorize"), &hours).await.expect(422);
    says(&refused, "expires_in_hours");
}

#[tokio::test]
async fn an_earlier_consent_is_put_back_and_a_grant_given_back() {
    let scene = Scene::new().await;
    let person = Person::new(&scene.app).await;
    let id = scene.grant().await;
    let grant = format!("/grants/{id}");
    assert!(!person.open(&grant).await.body.contains("Put the earlier consent back"));
    scene.consent_anew(&id, person.cookie()).await;
    says(&person.open(&grant).await, "Put the earlier consent back");
    let restored = person.post(&format!("{grant}/restore"), &[]).await.expect(200);
    says(&restored, "The earlier consent is back");

    let revoked = person.post(&format!("{grant}/revoke"), &[]).await.expect(200);
    // This link names no revocation endpoint, and the page does not pretend that it does.
    says(&revoked, "The provider offers no way to give them back from here");
    says(&revoked, ">Given back<");
    assert!(!revoked.body.contains("Give it back"), "there is nothing left to give");
    let path = format!("{grant}/delete");
    let form = PageForm::of(&person.open(&path).await, &path);
    let deleted = person.send_to(&form, &path).await;
    says(&person.follow(deleted).await, "Nobody has consented yet");
}

#[tokio::test]
async fn a_grant_in_use_names_its_mail_servers() {
    let scene = Scene::new().await;
    let person = Person::new(&scene.app).await;
    let id = scene.grant().await;
    let server = json!({
        "name": "Support <mail>", "direction": "incoming", "protocol": "imap", "security": "tls",
        "host": "localhost", "port": scene.practice.imap.port(), "mailbox": "a@example.org",
        "grant": id, "take": "all",
    });
    scene.app.make("/api/v1/mail-servers", server).await;
    says(&person.open(&format!("/grants/{id}")).await, "Support &lt;mail&gt;");
    let path = format!("/grants/{id}/delete");
    let page = person.open(&path).await;
    says(&page, "<li>Support &lt;mail&gt;</li>");
    let form = PageForm::of(&page, &path);
    says(&person.send_to(&form, &path).await.expect(422), "is used by");
    let form = form.tick("detach", "yes").tick("revoke", "yes");
    let page = person.send_to(&form, &path).await.expect(200);
    says(&page, "Support &lt;mail&gt;");
    says(&person.open("/mail-servers").await, ">No sign-in<");
}

#[tokio::test]
async fn a_token_is_handed_out_for_named_grants_and_that_is_seen() {
    let scene = Scene::new().await;
    let person = Person::new(&scene.app).await;
    let id = scene.grant().await;
    let alice = &scene.practice.users[0].address;
    let form = PageForm::of(&person.open("/tokens").await, "/tokens")
        .with("name", "mailer")
        .with("scope", "grant_token");
    says(&person.send_to(&form, "/tokens").await.expect(422), "id=\"e-grants\"");
    let made = person.send_to(&form.tick("grants", &id), "/tokens").await.expect(200);
    let token = made.body.split("value=\"olk_").nth(1).unwrap().split('"').next().unwrap();
    let token = format!("olk_{token}");
    says(&made, &format!("<li>{alice}</li>"));
    let path = format!("/api/v1/grants/{id}/token");
    let handed = scene.app.get(&path).token(&token).send().await.expect(200).json();
    let access = handed["access_token"].as_str().unwrap();
    scene.app.engine.stop().await;
    let page = person.open(&format!("/grants/{id}")).await;
    says(&page, "<td data-label=\"API token\">mailer</td>");
    let all = person.open(&format!("/hand-outs?grant={id}")).await;
    says(&all, alice);
    for page in [page, all, person.open("/hand-outs").await, person.open("/events").await] {
        assert!(!page.body.contains(access) && !page.body.contains(&token));
    }
}

#[tokio::test]
async fn events_are_told_apart() {
    let scene = Scene::new().await;
    let person = Person::new(&scene.app).await;
    let id = scene.grant().await;
    scene.practice.revoke_all(&scene.practice.users[0].address);
    person.post(&format!("/grants/{id}/refresh"), &[]).await.expect(200);
    let health = person.open("/events?class=health").await;
    says(&health, "grant.needs_consent");
    assert!(!health.body.contains("link.created"));
    let audit = person.open("/events?class=audit").await;
    says(&audit, "link.created");
    assert!(!audit.body.contains("grant.needs_consent"));
}
