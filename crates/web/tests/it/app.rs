//! A server in this process, asked without a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use outlink_engine::{Caller, Clock, Engine, Limits, Settings, egress};
use outlink_model::Secret;
use outlink_model::user::TokenScope;
use outlink_store::{Store, Vault};
use outlink_web::{Options, app};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

pub(crate) const BASE: &str = "https://outlink.example";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A server with an administrator called `admin`.
pub(crate) struct TestApp {
    pub(crate) engine: Engine,
    router: Router,
    pub(crate) admin: String,
    pub(crate) reader: String,
    pub(crate) folder: TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The cookies that were set, as a browser would send them back.
    pub(crate) fn cookies(&self) -> String {
        let set = self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap());
        let pairs = set.map(|line| line.split(';').next().unwrap());
        pairs.filter(|pair| !pair.ends_with('=')).collect::<Vec<_>>().join("; ")
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }
}

/// A request, as it is put together.
pub(crate) struct Ask<'a> {
    app: &'a TestApp,
    request: http::request::Builder,
    body: Body,
}

impl Ask<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    pub(crate) fn cookie(self, cookie: &str) -> Self {
        self.header(COOKIE.as_str(), cookie)
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.body = Body::from(body.to_string());
        self.header(CONTENT_TYPE.as_str(), "application/json")
    }

    pub(crate) fn text(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// As a browser sends a form from one of our own pages.
    pub(crate) fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        self.body = Body::from(text.extend_pairs(fields).finish());
        let origin = self.app.engine.base_url();
        self.header(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")
            .header("origin", origin)
            .header("sec-fetch-site", "same-origin")
    }

    pub(crate) async fn send(self) -> Answer {
        let request = self.request.body(self.body).unwrap();
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 64 << 20).await.unwrap();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

impl TestApp {
    /// Without anybody who could sign in.
    pub(crate) async fn empty(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::new(&[7; 32]).unwrap();
        let store = Store::open_sqlite(&folder.path().join("outlink.db"), vault).await.unwrap();
        let mut settings = Settings {
            base_url: BASE.into(),
            egress: egress::Policy::parse(&["127.0.0.0/8".into(), "localhost".into()], None)
                .unwrap(),
            extra_ca: None,
            node: "test".into(),
            clock: Clock::System,
            limits: Limits::default(),
            unencrypted_hosts: Vec::new(),
            retention: outlink_engine::Retention::default(),
            failpoint: None,
        };
        change(&mut settings);
        let engine = Engine::new(store, settings).unwrap();
        let options = Options { version: "1.2.3".into(), ..Options::default() };
        let router = app(engine.clone(), options);
        Self { engine, router, admin: String::new(), reader: String::new(), folder }
    }

    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut app = Self::empty(change).await;
        let password = Some(Secret::new(PASSWORD));
        app.engine.create_user("admin", password, &Caller::System).await.unwrap();
        app.admin = app.new_token("t-admin", TokenScope::Admin).await;
        app.reader = app.new_token("t-reader", TokenScope::Read).await;
        app
    }

    async fn new_token(&self, name: &str, scope: TokenScope) -> String {
        let made = self.engine.create_token(name, vec![scope], &[], &Caller::System).await.unwrap();
        made.text.expose().to_owned()
    }

    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask<'_> {
        Ask { app: self, request: Request::builder().method(method).uri(path), body: Body::empty() }
    }

    pub(crate) fn get(&self, path: &str) -> Ask<'_> {
        self.ask("GET", path)
    }

    pub(crate) fn post(&self, path: &str) -> Ask<'_> {
        self.ask("POST", path)
    }

    /// Posts JSON as an administrator and expects this status.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "calls read better with json! as it is")]
    pub(crate) fn make(&self, path: &str, body: Value) -> impl Future<Output = Value> {
        let ask = self.post(path).token(&self.admin).json(&body);
        async move {
            let answer = ask.send().await;
            assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
            answer.json()
        }
    }

    /// The session cookie of the administrator.
    pub(crate) async fn signed_in(&self) -> String {
        let fields = [("name", "admin"), ("password", PASSWORD), ("next", "/")];
        self.post("/sign-in").form(&fields).send().await.expect(303).cookies()
    }
}
