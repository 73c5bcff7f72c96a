//! The way of a mailbox owner, with a real provider on loopback.

use outlink_practice::Practice;
use serde_json::json;
use tempfile::TempDir;

use crate::app::{Answer, BASE, TestApp};

/// A provider, a server, and a link between the two.
pub(crate) struct Scene {
    pub(crate) app: TestApp,
    pub(crate) practice: Practice,
    _folder: TempDir,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let practice =
            outlink_practice::start(outlink_practice::Options::new(folder.path())).await.unwrap();
        let ca = practice.ca_pem_path.clone();
        let app = TestApp::with(|settings| settings.extra_ca = Some(ca)).await;
        let link = app
            .make(
                "/api/v1/links",
                json!({
                    "name": "Practice", "provider": "custom",
                    "client_id": practice.client_id,
                    "client_secret": practice.client_secret.expose(),
                    "authorization_endpoint": practice.authorization_endpoint,
                    "token_endpoint": practice.token_endpoint,
                    "userinfo_endpoint": practice.userinfo_endpoint,
                    "issuer": practice.issuer,
                    "scope": "openid email offline_access mail.imap",
                }),
            )
            .await;
        assert!(practice.register_redirect(link["redirect_url"].as_str().unwrap()));
        Self { app, practice, _folder: folder }
    }

    /// Asks for a consent: the path of the start page and the id to ask about.
    pub(crate) async fn offer(&self) -> (String, String) {
        let body = json!({"login_hint": self.practice.users[0].address});
        let offer = self.app.make("/api/v1/links/Practice/authorize", body).await;
        let path = offer["url"].as_str().unwrap().strip_prefix(BASE).unwrap();
        (path.to_owned(), offer["consent"].as_str().unwrap().to_owned())
    }

    /// What the person does at the provider; where the browser is sent back to, without our host.
    pub(crate) async fn at_provider(&self, location: &str, decision: &str) -> String {
        let browser =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let pages = url::Url::parse(location).unwrap();
        let at = |path: &str| pages.join(path).unwrap();
        let to =
            |answer: &reqwest::Response| answer.headers()["location"].to_str().unwrap().to_owned();
        let first = browser.get(location).send().await.unwrap();
        let request = to(&first)
            .split("request=")
            .nth(1)
            .unwrap_or_else(|| panic!("{}", to(&first)))
            .to_owned();
        let cookie = |answer: &reqwest::Response| {
            let set = answer.headers()["set-cookie"].to_str().unwrap();
            set.split(';').next().unwrap().to_owned()
        };
        let user = &self.practice.users[0];
        let form = [
            ("request", request.as_str()),
            ("username", &user.address),
            ("password", user.password.expose()),
        ];
        let login = browser.post(at("/login")).header("cookie", cookie(&first)).form(&form);
        let login = login.send().await.unwrap();
        let form = [("request", request.as_str()), ("decision", decision)];
        let consent = browser.post(at("/consent")).header("cookie", cookie(&login)).form(&form);
        let back = to(&consent.send().await.unwrap());
        back.strip_prefix(BASE).expect("back to us").to_owned()
    }

    /// The whole way to a grant: its id.
    pub(crate) async fn grant(&self) -> String {
        let (path, consent) = self.offer().await;
        let begun = self.app.post(&path).form(&[]).send().await.expect(303);
        let back = self.at_provider(begun.header("location"), "allow").await;
        self.app.get(&back).cookie(&begun.cookies()).send().await.expect(303);
        let status = self.status(&consent).await;
        status["grant"]["id"].as_str().expect("a grant").to_owned()
    }

    /// The whole way from an address that was handed out to a grant: its id.
    pub(crate) async fn consent_to(&self, url: &str) -> String {
        let path = url.strip_prefix(BASE).unwrap();
        let begun = self.app.post(path).form(&[]).send().await.expect(303);
        let back = self.at_provider(begun.header("location"), "allow").await;
        self.app.get(&back).cookie(&begun.cookies()).send().await.expect(303);
        let grants = self.app.get("/api/v1/grants").token(&self.app.reader).send().await;
        let grants = grants.expect(200).json();
        grants["items"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// The same person consents to the same grant anew, by the button on its page.
    pub(crate) async fn consent_anew(&self, grant: &str, cookie: &str) {
        let offer = self.app.post(&format!("/grants/{grant}/authorize")).cookie(cookie).form(&[]);
        let offer = offer.send().await.expect(200);
        let path = offer.body.split("href=\"/consent/").nth(1).unwrap().split('"').next().unwrap();
        let begun = self.app.post(&format!("/consent/{path}")).form(&[]).send().await.expect(303);
        let back = self.at_provider(begun.header("location"), "allow").await;
        let done = self.app.get(&back).cookie(&begun.cookies()).send().await.expect(303);
        self.app.get("/consent/done").cookie(&done.cookies()).send().await.expect(200);
    }

    async fn status(&self, consent: &str) -> serde_json::Value {
        let path = format!("/api/v1/consents/{consent}");
        self.app.get(&path).token(&self.app.reader).send().await.expect(200).json()
    }
}

fn is_clean(answer: &Answer) {
    assert_eq!(answer.header("location"), "/consent/done", "no code in the next address");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
}

#[tokio::test]
async fn a_consent_from_the_start_page_to_the_end() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let (path, consent) = scene.offer().await;
    for _ in 0..2 {
        let start = app.get(&path).send().await.expect(200);
        assert!(start.headers.get("set-cookie").is_none(), "looking changes nothing");
        assert_eq!(start.header("referrer-policy"), "same-origin", "its form must tell its origin");
        let policy = start.header("content-security-policy");
        assert!(policy.contains("form-action 'self' https: http://localhost:"), "{policy}");
        assert!(start.body.contains(&scene.practice.users[0].address));
        assert!(start.body.contains("Know who you are"), "scopes are told in words");
    }
    assert_eq!(scene.status(&consent).await["state"], "waiting");
    let begun = app.post(&path).form(&[]).send().await.expect(303);
    assert!(begun.header("set-cookie").starts_with("__Host-outlink-consent="));
    assert!(begun.header("location").starts_with(&scene.practice.authorization_endpoint));
    let back = scene.at_provider(begun.header("location"), "allow").await;

    // Neither another browser nor another method uses the answer up.
    let stranger = app.get(&back).send().await.expect(303);
    is_clean(&stranger);
    let told = app.get("/consent/done").cookie(&stranger.cookies()).send().await;
    assert_eq!(told.status, 403, "{}", told.body);
    app.ask("HEAD", &back).cookie(&begun.cookies()).send().await.expect(405);
    let posted = app.post(&back).cookie(&begun.cookies()).header("sec-fetch-site", "cross-site");
    assert!(posted.send().await.expect(405).body.contains("GET only"));

    let answer = app.get(&back).cookie(&begun.cookies()).send().await.expect(303);
    is_clean(&answer);
    let done = app.get("/consent/done").cookie(&answer.cookies()).send().await.expect(200);
    assert!(done.body.contains("The account is connected") && !done.body.contains("<form"));
    assert!(done.body.contains(&scene.practice.users[0].address));
    let status = scene.status(&consent).await;
    assert_eq!(
        (status["state"].as_str(), status["grant"]["state"].as_str()),
        (Some("done"), Some("active"))
    );

    let again = app.get(&back).cookie(&begun.cookies()).send().await.expect(303);
    app.get("/consent/done").cookie(&again.cookies()).send().await.expect(403);
    app.get(&path).send().await.expect(404);
    app.get("/consent/done").send().await.expect(404);
}

#[tokio::test]
async fn a_refusal_is_told_to_both_sides() {
    let scene = Scene::new().await;
    let (path, consent) = scene.offer().await;
    let begun = scene.app.post(&path).form(&[]).send().await.expect(303);
    let back = scene.at_provider(begun.header("location"), "deny").await;
    let answer = scene.app.get(&back).cookie(&begun.cookies()).send().await.expect(303);
    let done = scene.app.get("/consent/done").cookie(&answer.cookies()).send().await.expect(403);
    assert!(done.body.contains("The account is not connected"), "{}", done.body);
    let status = scene.status(&consent).await;
    assert_eq!(status["state"], "failed");
    assert!(!status["reason"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn a_grant_by_api_and_by_page() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let id = scene.grant().await;
    let alice = &scene.practice.users[0].address;
    let by_id = app.get(&format!("/api/v1/grants/{id}")).token(&app.reader).send().await.json();
    let by_name =
        app.get(&format!("/api/v1/grants/{alice}")).token(&app.reader).send().await.json();
    assert_eq!(by_id, by_name);
    assert_eq!(
        (by_id["link"].as_str(), by_id["identity"].as_str()),
        (Some("Practice"), Some(alice.as_str()))
    );
    assert!(by_id["actor"] == "nobody" && by_id["renewable"] == true);
    let refresh = format!("/api/v1/grants/{id}/refresh");
    let fresh = app.post(&refresh).token(&app.admin).send().await.expect(200).json();
    assert_eq!(fresh["state"], "active");

    let cookie = app.signed_in().await;
    let page = app.get(&format!("/grants/{id}")).cookie(&cookie).send().await.expect(200);
    assert!(page.body.contains("Authorise anew") && page.body.contains("Refresh now"));
    let fresh = app.post(&format!("/grants/{id}/refresh")).cookie(&cookie).form(&[]).send().await;
    assert!(fresh.expect(200).body.contains("The tokens are fresh."));
    let anew = app.post(&format!("/grants/{id}/authorize")).cookie(&cookie).form(&[]).send().await;
    let anew = anew.expect(200);
    assert!(anew.body.contains("Consent in this browser now"));
    assert!(anew.body.contains("/consent/"));

    // The provider ends the consent: the page says so first, with the button that mends it.
    scene.practice.revoke_all(alice);
    let failed = app.post(&format!("/grants/{id}/refresh")).cookie(&cookie).form(&[]).send().await;
    assert!(failed.expect(200).body.contains("Needs consent"));
    let home = app.get("/").cookie(&cookie).send().await.expect(200);
    assert!(home.body.contains("must consent anew") && home.body.contains("Authorise anew"));
    let told = app.get(&format!("/api/v1/grants/{id}")).token(&app.reader).send().await.json();
    assert_eq!(
        (told["state"].as_str(), told["actor"].as_str()),
        (Some("needs_consent"), Some("mailbox_owner"))
    );
}

#[tokio::test]
async fn whoever_waits_is_led_to_where_a_refused_consent_is_asked_anew() {
    let scene = Scene::new().await;
    let app = &scene.app;
    let cookie = app.signed_in().await;
    let watch = async |consent: &str| {
        app.get(&format!("/consents/{consent}")).cookie(&cookie).send().await.expect(200)
    };
    let refuse = async |path: &str| {
        let begun = app.post(path).form(&[]).send().await.expect(303);
        let back = scene.at_provider(begun.header("location"), "deny").await;
        app.get(&back).cookie(&begun.cookies()).send().await.expect(303);
    };
    let (path, consent) = scene.offer().await;
    assert!(watch(&consent).await.body.contains(">See whether it was given by now</a>"));
    refuse(&path).await;
    let link = app.get("/api/v1/links/Practice").token(&app.reader).send().await.json();
    let way = format!(
        "href=\"/links/{}\">Ask anew on the page of the link</a>",
        link["id"].as_str().unwrap()
    );
    let failed = watch(&consent).await;
    assert!(failed.body.contains(&way), "{}", failed.body);

    let grant = scene.grant().await;
    let path = format!("/api/v1/grants/{grant}/authorize");
    let offer = app.make(&path, json!({})).await;
    refuse(offer["url"].as_str().unwrap().strip_prefix(BASE).unwrap()).await;
    let failed = watch(offer["consent"].as_str().unwrap()).await;
    let way = format!("href=\"/grants/{grant}\">Ask anew on the page of the grant</a>");
    assert!(failed.body.contains(&way), "{}", failed.body);

    // What was begun from a mail server is asked anew there: a grant of the link alone would not be attached to it.
    let server = json!({
        "name": "Box", "host": "localhost", "port": scene.practice.imap.port(),
        "mailbox": "box@example.org", "link": "Practice",
    });
    let made = app.make("/api/v1/mail-servers", server).await;
    let server = made["id"].as_str().unwrap().to_owned();
    let asked = json!({"link": "Practice"});
    let offer = app.make(&format!("/api/v1/mail-servers/{server}/authorize"), asked).await;
    let offer = &offer["authorization"]["offer"];
    refuse(offer["url"].as_str().unwrap().strip_prefix(BASE).unwrap()).await;
    let failed = watch(offer["consent"].as_str().unwrap()).await;
    let way = format!(
        "href=\"/mail-servers/{server}#sign-in\">Ask anew on the page of the mail server</a>"
    );
    assert!(failed.body.contains(&way), "{}", failed.body);
    let form = app.get(&format!("/mail-servers/{server}")).cookie(&cookie).send().await.expect(200);
    assert!(form.body.contains("<details id=\"sign-in\" open>"), "{}", form.body);
}
