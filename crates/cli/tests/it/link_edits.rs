//! Changing a link by commands: what was set can be seen, sent again and unset, and nothing goes by a slip.

use std::process::Command;

use outlink_model::Secret;
use serde_json::{Value, json};

use super::rig::bench::{Bench, SCOPE};

fn edit<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    [&["link", "edit", "Work"], flags].concat()
}

#[test]
fn parameters_and_hosts_are_set_shown_and_emptied() {
    let bench = Bench::start();
    let outlink = &bench.outlink;
    let twice = ["--authorization-param", "resource=a", "--authorization-param", "resource=b"];
    let made = bench.create_link("Work", &[&twice[..], &["--token-host", "a.example"]].concat());
    assert_eq!(made["authorization_params"], json!({ "resource": ["a", "b"] }), "{made}");
    assert_eq!(made["token_hosts"], json!(["a.example"]), "{made}");
    let more = ["--token-param", "audience=y", "--token-param", "audience=x"];
    let edited = outlink.json(&edit(&more));
    assert_eq!(edited["token_params"], json!({ "audience": ["y", "x"] }), "{edited}");

    // What is shown makes the flags that say the same again.
    let shown = outlink.json(&["link", "show", "Work"]);
    let mut flags = Vec::new();
    for (flag, field) in
        [("--authorization-param", "authorization_params"), ("--token-param", "token_params")]
    {
        for (name, values) in shown[field].as_object().expect("an object") {
            for value in values.as_array().expect("each comes twice") {
                flags.extend([flag.to_owned(), format!("{name}={}", value.as_str().unwrap_or(""))]);
            }
        }
    }
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let again = outlink.json(&edit(&flags));
    for field in ["authorization_params", "token_params", "token_hosts"] {
        assert_eq!(again[field], shown[field], "{field}");
    }
    let emptied = outlink.json(&edit(&["--token-host", "", "--token-param", ""]));
    assert_eq!(emptied["token_hosts"], json!([]), "{emptied}");
    assert_eq!(emptied["token_params"], json!({}), "{emptied}");
}

#[test]
fn a_slip_changes_nothing_and_says_so() {
    let bench = Bench::start();
    let outlink = &bench.outlink;
    let made = bench.create_link("Work", &[]);
    let said = outlink.refused(&edit(&[]));
    assert!(said.contains("nothing to change") && said.contains("hint: "), "{said}");

    let said = outlink.refused(&edit(&["--client-auth", "none"]));
    assert!(said.contains("would be deleted"), "{said}");
    assert!(said.contains("--delete-client-secret"), "it says how: {said}");
    let seen = made["updated_at"].as_str().expect("a time");
    let guarded = ["--description", "In time", "--if-updated-at", seen];
    outlink.json(&edit(&guarded));
    let said = outlink.refused(&edit(&guarded));
    assert!(said.contains("has been changed since"), "{said}");
    let public = outlink.json(&edit(&["--client-auth", "none", "--delete-client-secret"]));
    assert_eq!(public["has_client_secret"], false, "{public}");
}

#[test]
fn each_secret_has_an_end_that_can_be_changed_and_unset() {
    let bench = Bench::start();
    let outlink = &bench.outlink;
    bench.create_link("Work", &[]);
    let secret = bench.secret_file("new", &Secret::new("n3w-secret-of-the-test"));
    let add = ["--client-secret-file", &secret, "--add", "--client-secret-expires", "2099-05-01"];
    let two = outlink.json(&edit(&add));
    let second = two["client_secrets"][1]["id"].as_str().expect("an id").to_owned();
    let ends = |link: &Value| [0, 1].map(|at| link["client_secrets"][at]["expires_at"].clone());
    let dated = ["--client-secret-id", &second, "--client-secret-expires", "2098-05-01"];
    let told = outlink.json(&edit(&dated));
    assert_eq!(ends(&told), [json!("2099-05-01T23:59:59Z"), json!("2098-05-01T23:59:59Z")]);
    let told = outlink.json(&edit(&["--client-secret-expires", ""]));
    assert_eq!(ends(&told), [Value::Null, json!("2098-05-01T23:59:59Z")]);
    let unset = ["--client-secret-id", &second, "--client-secret-expires", ""];
    assert_eq!(ends(&outlink.json(&edit(&unset))), [Value::Null, Value::Null]);
}

#[test]
fn the_key_of_a_service_account_is_rotated_by_its_next_file() {
    let bench = Bench::start();
    let outlink = &bench.outlink;
    let file = |account: &str, key_id: &str| {
        let made = Command::new("openssl").args(["genpkey", "-algorithm", "RSA"]).output();
        let key = String::from_utf8(made.expect("openssl is there").stdout).expect("PEM");
        let file = json!({
            "type": "service_account", "client_email": account, "private_key": key,
            "private_key_id": key_id, "token_uri": bench.practice.token_endpoint,
        });
        bench.secret_file(key_id, &Secret::new(file.to_string()))
    };
    let (first, next) = (file("robot@p.example", "k1"), file("robot@p.example", "k2"));
    let robot = ["link", "create", "--name", "Work", "--provider", "custom", "--scope", SCOPE];
    let robot = [&robot[..], &["--grant-type", "jwt_bearer", "--signing-alg", "PS256"]].concat();
    let made = outlink.json(&[&robot[..], &["--service-account-file", &first]].concat());
    assert_eq!(made["client_secrets"][0]["key_id"], "k1", "{made}");
    let rotated = outlink.json(&edit(&["--service-account-file", &next, "--add"]));
    let keys = rotated["client_secrets"].as_array().expect("keys");
    let names: Vec<&Value> = keys.iter().map(|key| &key["key_id"]).collect();
    assert_eq!(names, ["k2", "k1"], "{rotated}");
    assert_eq!(
        (&rotated["client_id"], &rotated["signing_alg"]),
        (&made["client_id"], &json!("PS256"))
    );
    let fits = outlink.json(&edit(&["--signing-alg", ""]));
    assert_eq!(fits["signing_alg"], Value::Null, "{fits}");
    let other = file("other@p.example", "k3");
    let said = outlink.refused(&edit(&["--service-account-file", &other]));
    assert!(said.contains("other@p.example"), "{said}");
}
