use clap::Parser;

use super::*;

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
    assert_eq!(body(&["edit", "Work"]), json!({}));
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
    ];
    for (flags, expected) in table {
        assert_eq!(body(&[&["edit", "Work"], flags.as_slice()].concat()), expected, "{flags:?}");
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
