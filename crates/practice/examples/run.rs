//! x
#[tokio::main]
async fn main() {
    let mut o = outlink_practice::Options::new("/tmp/practice-gen/run");
    o.seed = true;
    let p = outlink_practice::start(o).await.unwrap();
    p.register_redirect("http://127.0.0.1:9/callback");
    let t = p.issue("alice@example.org", &["mail.imap", "mail.smtp", "openid"]).unwrap().0;
    let text = format!("AUTH={}\nTOKEN={}\nIMAP={}\nSMTP={}\nT={}\n", p.authorization_endpoint, p.token_endpoint, p.imap.port(), p.smtp.port(), t.expose());
    std::fs::write("/tmp/practice-gen/run/env", text).unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(240)).await;
    p.stop().await;
}
