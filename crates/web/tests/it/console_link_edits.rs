//! Changing a link by pages: nobody undoes what somebody else did, and nothing goes without being asked about.

use outlink_engine::Caller;
use outlink_engine::links::{LinkDraft, LinkEdit};

use crate::app::{Answer, TestApp};
use crate::consents::Scene;
use crate::console_kit::{PageForm, Person};

/// A server with a link to a provider, and the path of its page.
async fn scene() -> (Scene, String) {
    let scene = Scene::new().await;
    let id = scene.app.engine.link("Practice").await.unwrap().id;
    (scene, format!("/links/{id}"))
}

fn says(page: &Answer, text: &str) {
    assert!(page.body.contains(text), "{text:?} is missing: {}", page.body);
}

/// What somebody else does meanwhile.
async fn describe(app: &TestApp, text: &str) {
    let draft = LinkDraft { description: Some(text.into()), ..LinkDraft::default() };
    let edit = LinkEdit { draft, ..LinkEdit::default() };
    app.engine.edit_link("Practice", edit, &Caller::System).await.unwrap();
}

#[tokio::test]
async fn a_form_does_not_undo_what_somebody_else_saved_since() {
    let (scene, link) = scene().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let edit = format!("{link}/edit");
    let form = PageForm::of(&person.open(&edit).await, &edit);
    describe(app, "Theirs <b>").await;
    let mine = form.with("scope", "openid mail.imap").with("description", "Mine");
    let page = person.send_to(&mine, &edit).await.expect(422);
    says(&page, "has been changed since it was read");
    says(&page, "save again");
    // What the link is now stands beside what was entered, field by field where they differ.
    says(&page, "<dt>Description</dt><dd class=\"written\">Theirs &lt;b&gt;</dd>");
    says(&page, "<dt>Scopes</dt>");
    assert!(!page.body.contains("<dt>Client ID</dt>"), "what is the same is not named");
    let stands = app.engine.link("Practice").await.unwrap();
    assert_eq!(stands.description, "Theirs <b>");
    let again = PageForm::of(&page, &edit);
    assert_eq!((again.value("description"), again.value("scope")), ("Mine", "openid mail.imap"));
    // A third one is in time again; the second look saves what it shows.
    describe(app, "Theirs once more").await;
    let page = person.send_to(&again, &edit).await.expect(422);
    let page = person.send_to(&PageForm::of(&page, &edit), &edit).await;
    person.follow(page).await;
    assert_eq!(app.engine.link("Practice").await.unwrap().description, "Mine");

    let garbled = PageForm::of(&person.open(&edit).await, &edit).with("updated_at", "");
    says(&person.send_to(&garbled, &edit).await.expect(422), "Open it anew.");
}

#[tokio::test]
async fn the_fields_of_another_authentication_keep_what_was_seen() {
    let (scene, link) = scene().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let edit = format!("{link}/edit");
    let form = PageForm::of(&person.open(&edit).await, &edit);
    describe(app, "Theirs").await;
    let fields = format!("{edit}/fields");
    let page = person.send_to(&form.with("client_auth", "none"), &fields).await.expect(200);
    let form = PageForm::of(&page, &edit).tick("delete_client_secret", "yes");
    says(&person.send_to(&form, &edit).await.expect(422), "has been changed since");
    assert!(app.engine.link("Practice").await.unwrap().client_secret().is_some());
}

#[tokio::test]
async fn a_public_client_is_asked_about_its_secret() {
    let (scene, link) = scene().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let edit = format!("{link}/edit");
    let page = person.open(&edit).await;
    assert!(!page.body.contains("delete_client_secret"), "nobody is tempted before");
    let form = PageForm::of(&page, &edit).with("client_auth", "none");
    let page = person.send_to(&form, &edit).await.expect(422);
    says(&page, "id=\"e-delete_client_secret\"");
    assert!(app.engine.link("Practice").await.unwrap().client_secret().is_some());
    let form = PageForm::of(&page, &edit).tick("delete_client_secret", "yes");
    let page = person.send_to(&form, &edit).await.expect(200);
    says(&page, "The client secret was deleted");
    assert!(app.engine.link("Practice").await.unwrap().client_secret().is_none());
    let page = person.open(&edit).await;
    assert!(!page.body.contains("delete_client_secret"), "there is none any more");
}

#[tokio::test]
async fn the_day_of_each_secret_is_changed_and_emptied() {
    let (scene, link) = scene().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let path = format!("{link}/secret");
    let ends = format!("{path}/ends");
    let form = PageForm::of(&person.open(&path).await, &path);
    let form = form.with("client_secret", "hunter2-second");
    person.send_to(&form.with("client_secret_expires_at", "2098-05-01"), &path).await;
    let days = || async {
        let secrets = app.engine.link("Practice").await.unwrap().client_secrets;
        let day = |at: outlink_model::Timestamp| at.to_string();
        secrets.iter().map(|s| s.expires_at.map(day).unwrap_or_default()).collect::<Vec<_>>()
    };
    let second = app.engine.link("Practice").await.unwrap().client_secrets[1].id.to_string();
    let first_form = PageForm::of(&person.open(&path).await, &ends);
    assert_eq!(first_form.value("ends_on"), "2098-05-01");
    let form = first_form.clone().with("client_secret_id", &second).with("ends_on", "2097-05-01");
    person.send_to(&form, &ends).await.expect(303);
    assert_eq!(days().await, ["2098-05-01T23:59:59Z", "2097-05-01T23:59:59Z"]);
    // The page is older than that change.
    let page = person.send_to(&first_form.with("ends_on", ""), &ends).await.expect(422);
    says(&page, "has been changed since it was read");
    let form = PageForm::of(&page, &ends).with("ends_on", "");
    person.send_to(&form, &ends).await.expect(303);
    assert_eq!(days().await, ["", "2097-05-01T23:59:59Z"]);
    let form = PageForm::of(&person.open(&path).await, &ends);
    let page = person.send_to(&form.clone().with("ends_on", "soon"), &ends).await.expect(422);
    says(&page, "id=\"e-ends_on\"");
    let gone = "01980000-0000-7000-8000-000000000001";
    let page = person.send_to(&form.with("client_secret_id", gone), &ends).await.expect(422);
    says(&page, "does not keep this secret");
}

#[tokio::test]
async fn hosts_are_emptied_and_repeated_parameters_stay() {
    let (scene, link) = scene().await;
    let app = &scene.app;
    let person = Person::new(app).await;
    let edit = format!("{link}/edit");
    let form = PageForm::of(&person.open(&edit).await, &edit)
        .with("token_hosts", "a.example b.example")
        .with("authorization_params", "resource=a\nresource=b")
        .with("client_secret", scene.practice.client_secret.expose());
    person.send_to(&form, &edit).await;
    let form = PageForm::of(&person.open(&edit).await, &edit);
    assert_eq!(form.value("authorization_params"), "resource=a\nresource=b");
    person.send_to(&form.with("token_hosts", ""), &edit).await.expect(200);
    let stands = app.engine.link("Practice").await.unwrap();
    assert!(stands.token_hosts.is_empty(), "{:?}", stands.token_hosts);
    assert_eq!(stands.authorization_params.len(), 2);
}
