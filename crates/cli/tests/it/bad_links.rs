//! Links that are refused: by the commands, by the REST API and in the console, with a sentence that says what was
//! wrong and what to do. Nothing half-made stays behind.

use serde_json::{Value, json};

use super::rig::browser::{Page, problem_code};
use super::rig::outlink::Outlink;
use super::rig::{make_certificates, scratch};

const AUTHORIZATION: &str = "https://as.example/authorize";
const TOKEN: &str = "https://as.example/token";

/// What is wrong, and what is said of it.
struct Case {
    provider: &'static str,
    authorization_endpoint: &'static str,
    token_endpoint: &'static str,
    code: &'static str,
    field: &'static str,
    says: &'static str,
}

const GOOD: Case = Case {
    provider: "custom",
    authorization_endpoint: AUTHORIZATION,
    token_endpoint: TOKEN,
    code: "",
    field: "",
    says: "",
};

const CASES: &[Case] = &[
    Case { provider: "acme", code: "unknown_choice", field: "provider", says: "acme", ..GOOD },
    Case {
        authorization_endpoint: "http://as.example/authorize",
        code: "endpoint_not_https",
        field: "authorization_endpoint",
        says: "https",
        ..GOOD
    },
    Case {
        // A loopback host, but not one that the configuration names.
        token_endpoint: "http://[::1]:9/token",
        code: "endpoint_not_https",
        field: "token_endpoint",
        says: "https",
        ..GOOD
    },
    Case {
        token_endpoint: "https://as.example/token#part",
        code: "endpoint_fragment",
        field: "token_endpoint",
        says: "fragment",
        ..GOOD
    },
    Case {
        authorization_endpoint: "https://me:pass-word@as.example/authorize",
        code: "endpoint_userinfo",
        field: "authorization_endpoint",
        says: "user name",
        ..GOOD
    },
    Case {
        authorization_endpoint: "as.example/authorize",
        code: "endpoint_invalid",
        field: "authorization_endpoint",
        says: "https://",
        ..GOOD
    },
];

fn body(name: &str, case: &Case) -> Value {
    json!({
        "name": name,
        "provider": case.provider,
        "authorization_endpoint": case.authorization_endpoint,
        "token_endpoint": case.token_endpoint,
        "client_id": "id",
        "client_secret": "very-secret",
        "scope": "mail",
    })
}

fn create<'a>(name: &'a str, case: &'a Case, secret_file: &'a str) -> [&'a str; 16] {
    [
        "link",
        "create",
        "--name",
        name,
        "--provider",
        case.provider,
        "--authorization-endpoint",
        case.authorization_endpoint,
        "--token-endpoint",
        case.token_endpoint,
        "--client-id",
        "id",
        "--client-secret-file",
        secret_file,
        "--scope",
        "mail",
    ]
}

#[test]
fn every_bad_link_is_refused_by_command_api_and_console() {
    let dir = scratch();
    let certs = dir.path().join("certs");
    make_certificates(&certs);
    let outlink = Outlink::start(&dir.path().join("outlink"), &certs.join("ca.crt"), &[]);
    let secret_file = dir.path().join("secret").display().to_string();
    std::fs::write(&secret_file, "very-secret\n").expect("written");
    outlink.sign_in();

    for case in CASES {
        let said = outlink.refused(&create("Bad", case, &secret_file));
        assert!(said.contains(case.says), "{}: {said}", case.code);
        assert_no_secret(&said);

        let page = outlink.post("links", &body("Bad", case));
        assert_eq!(problem_code(&page), case.code, "{page:?}");
        assert_eq!((page.status, &page.json()["field"]), (422, &json!(case.field)), "{page:?}");
        assert_no_secret(&page.body);

        let page = console(&outlink, "Bad", case);
        assert_eq!(page.status, 422, "{page:?}");
        assert!(page.body.contains(case.says), "beside the field, the sentence: {page:?}");
        // A provider that is not in the list cannot be typed into the form, so there is none to come back.
        let comes_back = page.form().is_some() || case.field == "provider";
        assert!(comes_back, "the form comes back with what was typed: {page:?}");
        // The address comes back as it was typed, to be mended; the secret does not.
        assert!(!page.body.contains("very-secret"), "{page:?}");
    }
    assert!(outlink.list("link").is_empty(), "nothing half-made stays");

    // The same name twice. What is good is taken, plain http to the loopback host that is allowed included.
    let good = Case { token_endpoint: "http://127.0.0.1:9/token", ..GOOD };
    outlink.json(&create("Work", &good, &secret_file));
    let said = outlink.refused(&create("Work", &GOOD, &secret_file));
    assert!(said.contains("already") && said.contains("Work"), "{said}");
    let page = outlink.post("links", &body("Work", &GOOD));
    assert_eq!((problem_code(&page).as_str(), page.status), ("name_taken", 409), "{page:?}");
    let page = console(&outlink, "Work", &GOOD);
    assert!(page.status >= 400 && page.body.contains("already"), "{page:?}");
    let links = outlink.list("link");
    assert_eq!(links.len(), 1, "{links:?}");
    assert_no_secret(&links[0].to_string());
}

fn console(outlink: &Outlink, name: &str, case: &Case) -> Page {
    let form = outlink.browser.get(&format!("{}/links/new?provider=custom", outlink.base_url));
    let values = [
        ("name", name),
        ("provider", case.provider),
        ("authorization_endpoint", case.authorization_endpoint),
        ("token_endpoint", case.token_endpoint),
        ("client_id", "id"),
        ("client_secret", "very-secret"),
        ("scope", "mail"),
    ];
    outlink.browser.submit(&form, &values)
}

fn assert_no_secret(text: &str) {
    assert!(
        !text.contains("very-secret") && !text.contains("pass-word"),
        "a secret comes back: {text}"
    );
}

#[test]
fn what_the_api_does_not_know_is_a_problem_too() {
    let dir = scratch();
    let certs = dir.path().join("certs");
    make_certificates(&certs);
    let outlink = Outlink::start(&dir.path().join("outlink"), &certs.join("ca.crt"), &[]);

    assert_eq!(
        (problem_code(&outlink.get("links/Nope")).as_str(), outlink.get("links/Nope").status),
        ("not_found", 404)
    );
    assert_eq!(outlink.get("nothing-of-the-kind").status, 404);
    problem_code(&outlink.get("nothing-of-the-kind"));
    let unreadable = outlink.post("links", &json!(["not", "a", "link"]));
    problem_code(&unreadable);
    assert!((400..500).contains(&unreadable.status), "{unreadable:?}");
    let url = format!("{}/api/v1/links", outlink.base_url);
    for token in ["", "olk_nonsense"] {
        let page = outlink.browser.get_with_token(&url, token);
        assert_eq!(page.status, 401, "{page:?}");
        problem_code(&page);
        assert!(page.header("www-authenticate").starts_with("Bearer"), "{:?}", page.headers);
    }
    let said = outlink.refused(&["link", "show", "Nope"]);
    assert!(said.contains("Nope") && said.contains("link"), "{said}");
}
