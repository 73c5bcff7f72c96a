//! Webhooks by pages alone.

use outlink_practice::{Receiver, Reply};

use crate::app::TestApp;
use crate::console_kit::{PageForm, Person};

#[tokio::test]
async fn a_webhook_is_made_tried_switched_off_and_deleted() {
    let app = TestApp::new().await;
    let person = Person::new(&app).await;
    let receiver = Receiver::start().await.unwrap();
    let form = PageForm::of(&person.open("/webhooks/new").await, "/webhooks").with("name", "Ops");
    let wrong = form.clone().with("url", "http://ops.example/hook");
    let wrong = person.send_to(&wrong, "/webhooks").await.expect(422);
    assert!(wrong.body.contains("id=\"e-url\""), "{}", wrong.body);
    let made = person.send_to(&form.with("url", &receiver.url("/hook")), "/webhooks").await;
    let made = made.expect(200);
    let secret = made.body.split("value=\"whsec_").nth(1).unwrap().split('"').next().unwrap();
    let path = made.body.split("action=\"/webhooks/").nth(1).unwrap().split('/').next().unwrap();
    let path = format!("/webhooks/{path}");
    let shown = person.open(&path).await;
    assert!(!shown.body.contains(secret) && !shown.body.contains("whsec_"));

    let test = format!("{path}/test");
    let tested = person.post(&test, &[]).await.expect(200);
    assert!(tested.body.contains("The test event has arrived"), "{}", tested.body);
    receiver.always(Reply::Status(500));
    let failed = person.post(&test, &[]).await.expect(200);
    assert!(failed.body.contains("role=\"alert\""), "{}", failed.body);

    let form = PageForm::of(&person.open(&path).await, &path);
    let wrong = person.send_to(&form.clone().with("url", "nonsense"), &path).await.expect(422);
    assert!(wrong.body.contains("id=\"e-url\"") && wrong.body.contains("value=\"nonsense\""));
    let moved = person.send_to(&form.with("url", "https://other.example/hook"), &path).await;
    assert!(person.follow(moved).await.body.contains("https://other.example/hook"));
    let off = person.post(&format!("{path}/disable"), &[]).await;
    assert!(person.follow(off).await.body.contains(">Switched off<"));
    let on = person.post(&format!("{path}/enable"), &[]).await;
    assert!(!person.follow(on).await.body.contains(">Switched off<"));
    let gone = person.post(&format!("{path}/delete"), &[]).await;
    assert!(person.follow(gone).await.body.contains("There is no webhook yet"));
}
