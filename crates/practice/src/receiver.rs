//! A receiver of webhooks: plain HTTP on loopback, keeps what comes, and answers as it is told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Router};
use axum_server::accept::DefaultAcceptor;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::error::Error;
use crate::listen;
use crate::provider::cut::{Cut, CuttableAcceptor};
use crate::received::Received;

/// No notice comes near this.
const BODY_CAP: usize = 1024 * 1024;
/// How long a stop waits for what is under way.
const STOP_TIME: Duration = Duration::from_secs(2);

/// How a request is answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Reply {
    /// With this status and nothing else.
    Status(u16),
    /// With this status, these header fields and this body.
    Whole {
        /// The HTTP status.
        status: u16,
        /// Names and values.
        headers: Vec<(String, String)>,
        /// The bytes.
        body: Vec<u8>,
    },
    /// With 204, so late.
    Late(Duration),
    /// Not at all: the request is kept, and the connection is cut.
    Cut,
}

impl Reply {
    /// A way elsewhere.
    pub fn redirect(status: u16, location: &str) -> Self {
        let headers = vec![("location".to_owned(), location.to_owned())];
        Self::Whole { status, headers, body: Vec::new() }
    }

    /// 429 or 503, with `Retry-After` in seconds.
    pub fn later(status: u16, seconds: u32) -> Self {
        let headers = vec![("retry-after".to_owned(), seconds.to_string())];
        Self::Whole { status, headers, body: Vec::new() }
    }
}

/// A receiver while it runs. Dropping it stops it too, without waiting.
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    tracker: TaskTracker,
    stop: DropGuard,
}

struct Shared {
    state: Mutex<Kept>,
    /// Fires whenever a request has come.
    came: watch::Sender<()>,
}

struct Kept {
    received: Vec<Received>,
    next: VecDeque<Reply>,
    always: Reply,
}

impl Receiver {
    /// Starts a receiver on a port of its own. It answers everything by 204.
    ///
    /// # Errors
    ///
    /// If no port can be had.
    pub async fn start() -> Result<Self, Error> {
        let bound = listen::bind(0);
        let bound = bound.map_err(|source| Error::Bind { server: "webhook", port: 0, source })?;
        let state =
            Kept { received: Vec::new(), next: VecDeque::new(), always: Reply::Status(204) };
        let shared = Arc::new(Shared { state: Mutex::new(state), came: watch::Sender::new(()) });
        let router = Router::new().fallback(receive).with_state(Arc::clone(&shared));
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        for listener in bound.listeners {
            let (router, stop) = (router.clone(), stop.clone());
            tracker.spawn(async move {
                let handle = axum_server::Handle::new();
                let serve = async {
                    let server = axum_server::from_tcp(listener)?.http1_only();
                    let server = server.handle(handle.clone());
                    let acceptor = CuttableAcceptor(DefaultAcceptor::new());
                    server.acceptor(acceptor).serve(router.into_make_service()).await
                };
                tokio::select! {
                    () = stop.cancelled() => handle.shutdown(),
                    ended = serve => if let Err(error) = ended {
                        tracing::error!(%error, "the practice receiver has ended");
                    },
                }
            });
        }
        Ok(Self { address: bound.address, shared, tracker, stop: stop.drop_guard() })
    }

    /// The address of a path on it. The path begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next `count` requests are answered like this, after those already in line.
    pub fn next_replies(&self, count: usize, reply: &Reply) {
        self.shared.lock().next.extend(std::iter::repeat_n(reply, count).cloned());
    }

    /// From now on every request is answered like this, unless another reply is in line.
    pub fn always(&self, reply: Reply) {
        self.shared.lock().always = reply;
    }

    /// What has come so far, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.shared.lock().received.clone()
    }

    /// Waits until so many requests have come, and gives all that there are; fewer if the time is over before.
    pub async fn wait_for(&self, count: usize, patience: Duration) -> Vec<Received> {
        let mut came = self.shared.came.subscribe();
        let enough = async {
            while self.shared.lock().received.len() < count && came.changed().await.is_ok() {}
        };
        // Too few after all this time is for the caller to judge.
        let _ = tokio::time::timeout(patience, enough).await;
        self.received()
    }

    /// Stops it, and frees the port.
    pub async fn stop(self) {
        drop(self.stop);
        self.tracker.close();
        if tokio::time::timeout(STOP_TIME, self.tracker.wait()).await.is_err() {
            tracing::warn!("the practice receiver was slow to stop and is left to itself");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        // The lists are whole after every statement, so a panic elsewhere has not broken them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    Extension(cut): Extension<Cut>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, BODY_CAP).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let reply = {
        let mut kept = shared.lock();
        kept.received.push(Received::new(&parts, &bytes));
        kept.next.pop_front().unwrap_or_else(|| kept.always.clone())
    };
    shared.came.send_replace(());
    match reply {
        Reply::Status(status) => code(status).into_response(),
        Reply::Whole { status, headers, body } => {
            let mut response = (code(status), body).into_response();
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) =
                    (HeaderName::try_from(name), HeaderValue::try_from(value))
                {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        }
        Reply::Late(time) => {
            tokio::time::sleep(time).await;
            StatusCode::NO_CONTENT.into_response()
        }
        Reply::Cut => {
            cut.cut();
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
