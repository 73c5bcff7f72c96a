//! Lists that are longer than a page: filtered, gone through, and looked over in full.

use outlink_model::grant::{Actor, Grant, GrantState};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::console_kit::Person;
use crate::crowd::{Crowd, elsewhere, link, needs_consent, server, trouble};

/// More than one page of a list ever holds.
const MANY: u128 = 1001;

fn says(page: &Answer, text: &str) {
    assert!(page.body.contains(text), "{text:?} is missing: {}", page.body);
}

fn identities(listed: &Value) -> Vec<&str> {
    let items = listed["items"].as_array().unwrap();
    items.iter().map(|grant| grant["identity"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn grants_are_filtered_by_state_and_link() {
    let app = TestApp::new().await;
    let (work, home) = (link(&app, "Work").await, link(&app, "Home").await);
    let crowd = Crowd::of(&app).await;
    for n in 1..=6 {
        let link = if n % 2 == 0 { &home } else { &work };
        let state = if n % 3 == 0 { needs_consent() } else { GrantState::Active };
        crowd.add(&Grant { state, ..crowd.grant(link, n) }).await;
    }
    let list = async |query: &str| {
        let path = format!("/api/v1/grants{query}");
        app.get(&path).token(&app.reader).send().await.expect(200).json()
    };
    let all = list("").await;
    assert_eq!(identities(&all).len(), 6);
    for (query, expected) in [
        ("?state=needs_consent", &["3@example.org", "6@example.org"][..]),
        ("?link=Work", &["1@example.org", "3@example.org", "5@example.org"]),
        ("?link=Home&state=needs_consent", &["6@example.org"]),
        ("?link=&state=", &identities(&all)),
        ("?state=revoked", &[]),
    ] {
        assert_eq!(identities(&list(query).await), expected, "{query}");
    }
    assert_eq!(list(&format!("?link={home}")).await, list("?link=Home").await);
    let first = list("?state=active&limit=3").await;
    let next = first["next"].as_str().unwrap();
    let rest = list(&format!("?state=active&limit=3&after={next}")).await;
    assert_eq!((identities(&rest), &rest["next"]), (vec!["5@example.org"], &json!(null)));

    let refused = async |query: &str, status| {
        let path = format!("/api/v1/grants{query}");
        app.get(&path).token(&app.reader).send().await.expect(status).json()
    };
    assert_eq!(refused("?state=dead", 422).await["field"], "state");
    assert_eq!(refused("?sate=active", 422).await["field"], "sate");
    assert_eq!(refused("?link=Nowhere", 404).await["code"], "not_found");

    let person = Person::new(&app).await;
    let page = person.open("/grants?link=Home&state=needs_consent").await;
    says(&page, "Grants under Home");
    says(&page, "6@example.org");
    says(&page, "href=\"/grants?link=Home&amp;state=needs_consent\" aria-current=\"page\"");
    assert!(!page.body.contains("3@example.org"));
    says(&person.open("/grants?state=blocked").await, "There is no such grant.");
    let page = person.open("/grants?state=active&limit=3").await;
    says(&page, "&amp;state=active&amp;limit=3");
}

#[tokio::test]
async fn a_link_with_many_grants_shows_a_page_of_them() {
    let app = TestApp::new().await;
    let work = link(&app, "Work").await;
    let crowd = Crowd::of(&app).await;
    for n in 1..=60 {
        let state = if n == 55 { needs_consent() } else { GrantState::Active };
        crowd.add(&Grant { state, ..crowd.grant(&work, n) }).await;
    }
    let person = Person::new(&app).await;
    let path = format!("/links/{work}");
    let first = person.open(&path).await;
    says(&first, ">50@example.org<");
    assert!(!first.body.contains(">51@example.org<"));
    let next = first.body.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(next.starts_with(&format!("{path}?after=")) && next.ends_with("#grants"), "{next}");
    let rest = person.open(next.strip_suffix("#grants").unwrap()).await;
    says(&rest, ">51@example.org<");
    says(&rest, ">60@example.org<");
    assert!(!rest.body.contains("rel=\"next\"") && !rest.body.contains(">50@example.org<"));
    says(&first, &format!("href=\"{path}?state=needs_consent#grants\""));
    let dead = person.open(&format!("{path}?state=needs_consent")).await;
    says(&dead, ">55@example.org<");
    assert!(!dead.body.contains(">54@example.org<"));
    says(&person.open(&format!("{path}?state=revoked")).await, "There is no such grant.");
    app.get(&format!("{path}?state=dead")).cookie(person.cookie()).send().await.expect(422);
}

/// A server that began by looking at the first thousand would see none of what is wrong here.
#[tokio::test]
async fn what_is_wrong_is_found_behind_the_first_thousand() {
    let app = TestApp::new().await;
    let (work, off) = (link(&app, "Work").await, link(&app, "Off").await);
    let crowd = Crowd::of(&app).await;
    for n in 1..=MANY {
        crowd.add(&crowd.grant(&work, n)).await;
    }
    let of = |n: u128| crowd.grant(&work, MANY + n);
    let slow = GrantState::Degraded { trouble: trouble(Actor::Nobody, "Slow."), failures: 1 };
    for n in 1..=30 {
        crowd.add(&Grant { state: slow.clone(), ..of(n) }).await;
    }
    crowd.add(&Grant { state: needs_consent(), ..of(40) }).await;
    crowd.add(&Grant { bound_to: Some(elsewhere()), ..of(41) }).await;
    crowd.add(&Grant { renewable: false, ..of(42) }).await;
    crowd.add(&Grant { state: GrantState::Revoked, bound_to: Some(elsewhere()), ..of(43) }).await;
    crowd.add(&Grant { state: needs_consent(), ..crowd.grant(&off, MANY + 44) }).await;
    let away = json!({"enabled": false});
    let disable = app.ask("PATCH", "/api/v1/links/Off").token(&app.admin).json(&away);
    disable.send().await.expect(200);
    let like = server(&app, "server 0", &of(42)).await;
    for n in 1..=MANY {
        crowd.add_server(like, n, None).await;
    }
    for n in 1..=25 {
        let down = trouble(Actor::Nobody, "Nothing answers.");
        crowd.add_server(like, MANY + n, Some(down)).await;
    }

    let person = Person::new(&app).await;
    let page = person.open("/").await;
    // 3 that wait for somebody and 30 that are being retried; 25 mail servers.
    says(&page, "58 things need attention.");
    says(&page, "1041@example.org must consent anew");
    says(&page, "The tokens of 1042@example.org are locked");
    says(&page, "The grant of 1043@example.org cannot be renewed");
    says(&page, "1002@example.org could not be refreshed");
    says(&page, "13 more grants need attention.");
    says(&page, "<a href=\"/grants?state=degraded\">Being retried: 30</a>");
    says(&page, "<a href=\"/grants?state=needs_consent\">Needs consent: 1</a>");
    says(&page, "No mail comes from server 1002");
    says(&page, "5 more mail servers do not work.");
    for silent in ["1044@example.org", "1045@example.org"] {
        assert!(!page.body.contains(silent), "{silent} was given back or switched off");
    }

    // The page of a grant names every server that uses it, wherever in the list that stands.
    let lone = crowd.grant(&work, MANY);
    let last = server(&app, "server 9999", &lone).await;
    says(&person.open(&format!("/grants/{}", lone.id)).await, "server 9999");

    // A form offers what is chosen even where it offers no others like it.
    let chosen = of(41).id;
    let form = person.open(&format!("/mail-servers/new?grant={chosen}")).await;
    says(&form, &format!("<option value=\"{chosen}\" selected>1042@example.org (Work, works)"));
    says(&form, "There are more than the first 1000 that are offered here.");
    let form = person.open("/mail-servers/new").await;
    assert!(!form.body.contains("1042@example.org"));
    let listed = app.get("/api/v1/mail-servers?limit=1").token(&app.reader).send().await.json();
    assert!(listed["next"].is_string());
    app.make("/api/v1/projects", json!({"key": "SUP", "name": "Support"})).await;
    let form = person.open(&format!("/handlers/new?mail_server={last}")).await;
    says(&form, &format!("<option value=\"{last}\" selected>server 9999"));
    says(&form, "There are more than the first 1000 that are offered here.");
}
