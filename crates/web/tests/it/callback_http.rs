//! The consent's three addresses as browsers see them: what is sent along, and what never is.

use http::StatusCode;
use outlink_practice::Endpoint;

use crate::app::{Answer, Ask};
use crate::consents::Scene;

/// A code and a state that can be looked for.
const CODE: &str = "needle-in-the-code";

struct Begun {
    scene: Scene,
    page: String,
    callback: String,
    cookie: String,
    state: String,
}

impl Begun {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let link = scene.app.get("/api/v1/links/Practice").token(&scene.app.reader).send().await;
        let redirect = url::Url::parse(link.json()["redirect_url"].as_str().unwrap()).unwrap();
        let (page, _) = scene.offer().await;
        let begun = scene.app.post(&page).form(&[]).send().await.expect(303);
        let location = url::Url::parse(begun.header("location")).unwrap();
        let state = location.query_pairs().find(|(name, _)| name == "state").unwrap().1;
        let (cookie, state) = (begun.cookies(), state.into_owned());
        Self { page, callback: redirect.path().to_owned(), cookie, state, scene }
    }

    fn back(&self, query: &str) -> Ask<'_> {
        self.scene.app.get(&format!("{}?{query}", self.callback))
    }

    /// What a provider would add to any answer.
    fn own(&self) -> String {
        let fields = [("state", self.state.as_str()), ("iss", &self.scene.practice.issuer)];
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    }

    /// The answer leads to the page at the end and says nothing of what came; what that page says then.
    async fn ends(&self, answer: &Answer) -> Answer {
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.header("location"), "/consent/done");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        is_closed(answer);
        self.tells_nothing(answer);
        let done = self.scene.app.get("/consent/done").cookie(&answer.cookies()).send().await;
        is_closed(&done);
        self.tells_nothing(&done);
        assert!(!done.body.contains("<form") && !done.body.contains("<iframe"));
        done
    }

    fn tells_nothing(&self, answer: &Answer) {
        let outcome = answer.cookies();
        let outcome = outcome.split('=').nth(1).map(decoded).unwrap_or_default();
        let all = format!("{:?}{}{outcome}", answer.headers, answer.body);
        assert!(!all.contains(CODE) && !all.contains(&self.state), "{all}");
    }
}

fn decoded(value: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(value);
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

/// It is shown in nobody's frame, kept in no cache, and takes nothing from elsewhere.
fn is_closed(answer: &Answer) {
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let policy = answer.header("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "script-src 'self'"] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for from in ["src=\"http", "src=\"//", "href=\"//", "url(http"] {
        assert!(!answer.body.contains(from), "{from} in {}", answer.body);
    }
}

#[tokio::test]
async fn the_start_page_is_framed_by_nobody_and_begun_by_nobody_else() {
    let begun = Begun::new().await;
    let app = &begun.scene.app;
    let start = app.get(&begun.page).send().await.expect(200);
    is_closed(&start);
    let foreign = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    for headers in [&foreign[..], &foreign[..1], &foreign[1..]] {
        let ask = headers
            .iter()
            .fold(app.post(&begun.page), |ask, (name, value)| ask.header(name, value));
        let refused = ask.send().await.expect(403);
        assert!(refused.headers.get("set-cookie").is_none(), "{headers:?}");
        is_closed(&refused);
    }
    // None of these has taken the browser's own consent away.
    let answer = begun.back(&format!("{}&code={CODE}", begun.own()));
    let answer = answer.cookie(&begun.cookie).send().await;
    let done = begun.ends(&answer).await;
    assert!(done.body.contains("code"), "the provider was asked: {}", done.body);
    assert_eq!(begun.scene.practice.requests(Endpoint::Token).len(), 1);
    for over in ["/consent/made-up", "/consent/%00", "/consent/..%2f..%2fetc"] {
        is_closed(&app.get(over).send().await.expect(404));
    }
}

#[tokio::test]
async fn whatever_comes_back_leads_to_one_page_and_asks_nobody() {
    let begun = Begun::new().await;
    let long = "s".repeat(4096);
    let state = &begun.state;
    for (query, status) in [
        (String::new(), 422),
        (format!("code={CODE}"), 403),
        (format!("state=&code={CODE}"), 403),
        (format!("state=made-up&code={CODE}"), 403),
        (format!("state={long}&code={CODE}"), 403),
        (format!("state={state}{long}&code={CODE}"), 403),
        (format!("state={state}%00&code={CODE}"), 403),
        (format!("state=%ff%fe&code={CODE}"), 403),
        (format!("state=%zz&code={CODE}"), 403),
        (format!("state={state}&state={state}&code={CODE}"), 422),
        (format!("STATE={state}&code={CODE}"), 403),
        (format!("state={state};code={CODE}"), 422),
        (format!("code={CODE}&return_to=https://evil.example&next=//evil.example"), 403),
        ("error=access_denied&state=made-up".to_owned(), 403),
        (format!("state=made-up&code={}", "c".repeat(30_000)), 403),
    ] {
        let answer = begun.back(&query).cookie(&begun.cookie).send().await;
        let done = begun.ends(&answer).await;
        assert_eq!(
            done.status.as_u16(),
            status,
            "{}: {}",
            &query[..query.len().min(80)],
            done.body
        );
        assert!(!done.body.contains("evil.example"), "{}", done.body);
    }
    assert!(begun.scene.practice.requests(Endpoint::Token).is_empty());
    // All of that has used nothing up.
    let answer = begun.back(&format!("{}&code={CODE}", begun.own()));
    begun.ends(&answer.cookie(&begun.cookie).send().await).await;
    assert_eq!(begun.scene.practice.requests(Endpoint::Token).len(), 1);
}

#[tokio::test]
async fn a_code_is_decoded_once_and_no_more() {
    let begun = Begun::new().await;
    for (n, (written, meant)) in [
        ("4%2F0Ab%2Bc", "4/0Ab+c"),
        ("a+b", "a b"),
        ("a%20b", "a b"),
        ("100%2525", "100%25"),
        ("%252F", "%2F"),
        ("4/0A=b", "4/0A=b"),
        ("x%26state%3Dy", "x&state=y"),
    ]
    .into_iter()
    .enumerate()
    {
        let begun = if n == 0 { &begun } else { &Begun::new().await };
        let answer = begun.back(&format!("{}&code={written}", begun.own()));
        begun.ends(&answer.cookie(&begun.cookie).send().await).await.expect(502);
        let sent = begun.scene.practice.requests(Endpoint::Token);
        assert_eq!(sent.len(), 1, "{written}");
        assert_eq!(sent[0].parameter("code").as_deref(), Some(meant), "{written}");
    }
}

#[tokio::test]
async fn only_the_browser_that_began_it_comes_back_and_only_by_get() {
    let begun = Begun::new().await;
    let app = &begun.scene.app;
    let query = format!("{}&code={CODE}", begun.own());
    // Somebody who is signed in here, an administrator even, has not begun it.
    let session = app.signed_in().await;
    let other = app.get(&format!("{}?{query}", begun.callback));
    let done = begun.ends(&other.cookie(&session).send().await).await.expect(403);
    assert!(done.body.contains("another browser"), "{}", done.body);
    // A cookie under another name, or of a sibling host, is not ours.
    let value = begun.cookie.split_once('=').unwrap().1;
    for cookie in [format!("outlink-consent={value}"), format!("__Host-outlink={value}")] {
        begun.ends(&begun.back(&query).cookie(&cookie).send().await).await.expect(403);
    }
    // An answer by form, as with response_mode=form_post, says how to get it by address.
    for method in ["POST", "HEAD", "PUT", "DELETE", "PATCH"] {
        let ask = app.ask(method, &begun.callback).cookie(&begun.cookie).text(query.clone());
        let ask = ask.header("content-type", "application/x-www-form-urlencoded");
        let refused = ask.header("sec-fetch-site", "cross-site").send().await;
        let refuses = [StatusCode::METHOD_NOT_ALLOWED, StatusCode::FORBIDDEN];
        assert!(refuses.contains(&refused.status), "{method}: {}", refused.status);
        begun.tells_nothing(&refused);
        is_closed(&refused);
    }
    assert!(begun.scene.practice.requests(Endpoint::Token).is_empty());
    let elsewhere = app.get(&format!("/oauth2/callback/AAAAAAAAAAAAAAAAAAAAAA?{query}"));
    begun.ends(&elsewhere.cookie(&begun.cookie).send().await).await.expect(403);
    assert!(begun.scene.practice.requests(Endpoint::Token).is_empty());
}

#[tokio::test]
async fn what_the_provider_says_is_shown_as_text() {
    let begun = Begun::new().await;
    let fields = [
        ("error", "access_denied"),
        ("error_description", "<script>alert(1)</script> \"quoted\" & so on"),
        ("error_uri", "javascript:alert(2)"),
    ];
    let more = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let answer = begun.back(&format!("{}&{more}", begun.own())).cookie(&begun.cookie);
    let done = begun.ends(&answer.send().await).await.expect(403);
    assert!(!done.body.contains("<script>alert") && !done.body.contains("href=\"javascript"));
    // Nor is anything taken from that page's own address, or from a cookie that was not made by us.
    let app = &begun.scene.app;
    let page =
        app.get(&format!("/consent/done?code={CODE}&message=hello")).send().await.expect(404);
    begun.tells_nothing(&page);
    for value in ["e30", "bm90IGpzb24", "%%%", ""] {
        let cookie = format!("__Host-outlink-outcome={value}");
        app.get("/consent/done").cookie(&cookie).send().await.expect(404);
    }
}

#[tokio::test]
async fn a_link_that_is_gone_or_off_ends_the_consent_in_words() {
    for gone in [true, false] {
        let begun = Begun::new().await;
        let app = &begun.scene.app;
        if gone {
            app.ask("DELETE", "/api/v1/links/Practice").token(&app.admin).send().await.expect(200);
        } else {
            let off = serde_json::json!({"enabled": false});
            let edit = app.ask("PATCH", "/api/v1/links/Practice").token(&app.admin).json(&off);
            edit.send().await.expect(200);
        }
        let answer = begun.back(&format!("{}&code={CODE}", begun.own()));
        let done = begun.ends(&answer.cookie(&begun.cookie).send().await).await;
        assert!(done.status.is_client_error(), "{}", done.body);
        let start = app.get(&begun.page).send().await;
        assert!(start.status.is_client_error(), "{}", start.body);
        is_closed(&start);
        assert!(begun.scene.practice.requests(Endpoint::Token).is_empty());
    }
}
