use clap::Parser;

use super::super::edit::Edit;
use super::*;
use crate::client::Refused;

#[derive(Debug, Parser)]
enum Line {
    Create(Box<Create>),
    Edit(Box<Edit>),
}

fn body(words: &[&str]) -> Value {
    let words = std::iter::once("link").chain(words.iter().copied());
    match Line::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")) {
        Line::Create(create) => create.body().expect("a body"),
        Line::Edit(edit) => edit.body().expect("a body"),
    }
}

#[test]
fn only_what_was_named_is_sent() {
    let create = body(&["create", "--name", "Work", "--provider", "google", "--client-id", "ID"]);
    assert_eq!(create, json!({ "name": "Work", "provider": "google", "client_id": "ID" }));
}

#[test]
fn an_edit_without_a_change_is_refused() {
    let unchanged = ["--if-updated-at=2027-05-01T12:00:00Z"];
    for flags in [&[] as &[&str], &unchanged] {
        let words = [&["link", "edit", "Work"], flags].concat();
        let Ok(Line::Edit(edit)) = Line::try_parse_from(words) else { panic!("it parses") };
        let refused = edit.body().expect_err("nothing to change");
        let refused = refused.downcast_ref::<Refused>().expect("with a hint");
        assert!(refused.message.contains("nothing to change"), "{}", refused.message);
        assert!(refused.hint.contains("--scope") && refused.hint.contains("--help"));
    }
}

#[test]
fn flags_become_the_fields_of_the_api() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let (key, certificate) = (file("key", "KEY\n"), file("certificate", "CERTIFICATE\n"));
    let words = [
        "create",
        "--name=Work",
        "--provider=microsoft",
        "--cloud=gcc_high",
        "--tenant=contoso.example",
        "--protocol=imap,smtp",
        "--grant-type=client_credentials",
        "--client-id=-ID",
        "--private-key-file",
        &key,
        "--certificate-file",
        &certificate,
        "--key-id=k1",
        "--signing-alg=PS256",
        "--client-secret-expires=2027-05-01",
        "--no-pkce",
        "--scope-separator=comma",
        "--authorization-param=prompt=",
        "--authorization-param=a=b=c",
        "--token-param=resource=https://m.example",
    ];
    let expected = json!({
        "name": "Work", "provider": "microsoft", "cloud": "gcc_high", "tenant": "contoso.example",
        "protocols": ["imap", "smtp"], "grant_type": "client_credentials", "client_id": "-ID",
        "client_secret": "KEY", "client_certificate": "CERTIFICATE", "client_key_id": "k1",
        "signing_alg": "PS256", "client_secret_expires_at": "2027-05-01T23:59:59Z", "pkce": false,
        "scope_separator": "comma", "authorization_params": { "prompt": "", "a": "b=c" },
        "token_params": { "resource": "https://m.example" },
    });
    assert_eq!(body(&words), expected);

    let token = file("token", "TOKEN\n");
    let words = [
        "create",
        "--name=Work",
        "--provider=custom",
        "--discover=https://as.example",
        "--register",
        "--initial-access-token-file",
        &token,
    ];
    let expected = json!({
        "name": "Work", "provider": "custom", "discover": "https://as.example",
        "register": { "initial_access_token": "TOKEN" },
    });
    assert_eq!(body(&words), expected);
    let open = body(&["create", "--name=W", "--provider=custom", "--discover=x", "--register"]);
    assert_eq!(open["register"], json!({}));

    let account = file("account", "{}\n");
    let google = ["create", "--name=W", "--provider=google", "--service-account-file", &account];
    assert_eq!(
        body(&google),
        json!({ "name": "W", "provider": "google", "service_account": "{}" })
    );
}

#[test]
fn an_edit_says_what_shall_change() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("secret");
    std::fs::write(&path, "s3cret\n").expect("written");
    let path = path.display().to_string();
    let table = [
        (
            vec!["--client-secret-file", &path, "--add"],
            json!({ "client_secret": "s3cret", "add": true }),
        ),
        (vec!["--client-secret-file", &path], json!({ "client_secret": "s3cret" })),
        (vec!["--enable", "--pkce"], json!({ "enabled": true, "pkce": true })),
        (vec!["--disable", "--name", "Old"], json!({ "enabled": false, "name": "Old" })),
        (vec!["--description", "", "--issuer", ""], json!({ "description": "", "issuer": "" })),
        (vec!["--authorization-param", ""], json!({ "authorization_params": {} })),
        (
            vec!["--authorization-param=resource=a", "--param=p=x", "--param=resource=b"],
            json!({ "authorization_params": { "resource": ["a", "b"], "p": "x" } }),
        ),
        (
            vec!["--token-param=r=a", "--token-param=r=b", "--token-param=r=a"],
            json!({ "token_params": { "r": ["a", "b", "a"] } }),
        ),
        (
            vec!["--token-host", "a.example", "--token-host", "b.example"],
            json!({ "token_hosts": ["a.example", "b.example"] }),
        ),
        (vec!["--token-host", ""], json!({ "token_hosts": [] })),
        (vec!["--signing-alg", ""], json!({ "signing_alg": "" })),
        (vec!["--client-secret-expires", ""], json!({ "client_secret_expires_at": "" })),
        (
            vec!["--client-secret-id=ID", "--client-secret-expires=2027-05-01"],
            json!({
                "client_secret_id": "ID", "client_secret_expires_at": "2027-05-01T23:59:59Z",
            }),
        ),
        (
            vec!["--client-auth=none", "--delete-client-secret", "--if-updated-at=T"],
            json!({ "client_auth": "none", "delete_client_secret": true, "updated_at": "T" }),
        ),
        (
            vec!["--service-account-file", &path, "--add"],
            json!({ "service_account": "s3cret", "add": true }),
        ),
    ];
    for (flags, expected) in table {
        assert_eq!(body(&[&["edit", "Work"], flags.as_slice()].concat()), expected, "{flags:?}");
    }
    for flags in [
        vec!["--service-account-file", &path, "--client-secret-file", &path],
        vec!["--service-account-file", &path, "--private-key-file", &path],
        vec!["--client-secret-id=ID"],
        vec!["--client-secret-id=ID", "--client-secret-expires=", "--client-secret-file", &path],
        vec!["--delete-client-secret", "--client-secret-file", &path],
        vec!["--add", "--name=Work"],
    ] {
        let words = [&["link", "edit", "Work"], flags.as_slice()].concat();
        assert!(Line::try_parse_from(words).is_err(), "{flags:?}");
    }
}

#[test]
fn a_choice_is_asked_for_as_a_query() {
    let choice = Choice {
        cloud: Some("gcc".into()),
        tenant: None,
        protocols: vec!["imap".into(), "smtp".into()],
        grant_type: None,
        instance: None,
    };
    let expected = [("cloud", "gcc".to_owned()), ("protocol", "imap,smtp".to_owned())];
    assert_eq!(choice.query(), expected);
}
