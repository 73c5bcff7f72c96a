//! What is cut and what stays.

use super::*;
use proptest::prelude::*;

#[test]
fn secrets_are_cut_and_the_rest_stays() {
    let table = [
        // What an administrator needs stays.
        (
            "AADSTS70000: bad\r\nTrace ID: 0b6ca5d1-3f7c-4f4c-9a35-5a1a0d1e2b00\r\nTimestamp: 2016-01-09 02:02:12Z",
            "AADSTS70000: bad Trace ID: 0b6ca5d1-3f7c-4f4c-9a35-5a1a0d1e2b00 Timestamp: 2016-01-09 02:02:12Z",
        ),
        (
            "see https://login.microsoftonline.com/error?code=70011 now",
            "see https://login.microsoftonline.com/error?code=70011 now",
        ),
        (
            "scope https://outlook.office365.com/IMAP.AccessAsUser.All is not known",
            "scope https://outlook.office365.com/IMAP.AccessAsUser.All is not known",
        ),
        ("Missing parameter: refresh_token", "Missing parameter: refresh_token"),
        ("client_secret: is missing", "client_secret: is missing"),
        ("use a Bearer token", "use a Bearer token"),
        // Secrets do not.
        (r#"{"access_token":"a!b c","x":1}"#, r#"{"access_token":"[secret]","x":1}"#),
        (r#"{\"refresh_token\": \"1//x\"}"#, r#"{\"refresh_token\": \"[secret]\"}"#),
        ("grant_type=x&refresh_token=r-1&a=b", "grant_type=x&refresh_token=[secret]&a=b"),
        ("code=4/0AbCdEfGhIjKl&x=1", "code=[secret]&x=1"),
        ("Authorization: Basic aWQ6c2VjcmV0MTIzNDU2 x", "Authorization: Basic [secret] x"),
        ("got eyJhbGciOi.eyJpc3Mi.sig here", "got [secret] here"),
        ("token ya29.a0AfH6SMBx1234567890abcdefgh is bad", "token [secret] is bad"),
        (
            "https://as.example/revoke/abcdefghijklmnopqrstuvwxyz0123/x",
            "https://as.example/revoke/[secret]/x",
        ),
        ("id hunter2! and form hunter2%21.", "id [secret] and form [secret]."),
        ("a\u{202e}b\0c\n\n d", "ab c d"),
        ("", ""),
    ];
    let known = Secret::new("hunter2!");
    for (text, expected) in table {
        assert_eq!(redact(text, &[&known]), expected);
        assert_eq!(redact(expected, &[&known]), expected, "a second time changes nothing");
    }
}

#[test]
fn what_we_sign_and_sign_with_is_cut() {
    let table = [
        (
            "key -----BEGIN PRIVATE KEY-----\nMIIE\nab==\n-----END PRIVATE KEY----- is bad",
            "key [secret] is bad",
        ),
        (
            "-----BEGIN RSA PRIVATE KEY-----\\nMIIE\\nab==\\n-----END RSA PRIVATE KEY-----\\n!",
            "[secret]\\n!",
        ),
        ("k=-----BEGIN+EC+PRIVATE+KEY-----%0AMIIE%0A", "k=[secret]"),
        ("-----BEGIN CERTIFICATE----- is public", "-----BEGIN CERTIFICATE----- is public"),
        (r#"{"private_key":"short one","kid":"k1"}"#, r#"{"private_key":"[secret]","kid":"k1"}"#),
        ("client_assertion=x.y.z&client_id=a", "client_assertion=[secret]&client_id=a"),
        ("assertion=eyJ.e30.c2ln&x=1", "assertion=[secret]&x=1"),
        ("jwt: eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "jwt: [secret]"),
        ("device_code=GMMh_x-1&a=b", "device_code=[secret]&a=b"),
        (r#"{"device_code":"GMMh"}"#, r#"{"device_code":"[secret]"}"#),
        ("line MIIEab here", "line [secret] here"),
    ];
    let key = Secret::new("-----BEGIN PRIVATE KEY-----\nMIIEab\n-----END PRIVATE KEY-----\n");
    for (text, expected) in table {
        assert_eq!(redact(text, &[&key]), expected);
        assert_eq!(redact(expected, &[&key]), expected, "a second time changes nothing");
    }
}

#[test]
fn the_answer_is_short_and_no_secret_is_cut_in_two() {
    let long = "word ".repeat(10_000);
    assert_eq!(redact(&long, &[]).chars().count(), LONGEST + 1);
    let straddling = format!("{}{}", " ".repeat(MOST - 10), "a1b2c3d4e5".repeat(5));
    assert_eq!(redact(&straddling, &[]), "");
    let secret = Secret::new("abc");
    assert_eq!(redact("abcabc", &[&secret]), "abcabc", "too short to be one");
}

#[test]
fn what_is_cut_before_a_secret_is_known_leaves_no_part_of_it() {
    let padding = "word ".repeat(198);
    let table = [
        ("abc,defghij", "client_secret=abc,defghij&a=b".to_owned()),
        ("ab;cd&ef'gh", "client_secret=ab;cd&ef'gh".to_owned()),
        ("p!w9 AbCdEfGhIjKlMnOpQrStUvWx12!zz", "x p!w9 AbCdEfGhIjKlMnOpQrStUvWx12!zz y".to_owned()),
        ("straddling!the-end", format!("{padding}: straddling!the-end of it")),
    ];
    for (secret, text) in table {
        let known = Secret::new(secret);
        let twice = redact(&redact(&text, &[]), &[&known]);
        for part in secret.split([',', ';', '&', '\'', '!', ' ']).filter(|part| part.len() > 1) {
            assert!(!twice.contains(part), "{part} in {twice}");
        }
    }
    let quoted = Secret::new("abc\"def\\ghi");
    assert_eq!(redact(r#"{"x":"abc\"def\\ghi"}"#, &[&quoted]), r#"{"x":"[secret]"}"#);
}

proptest! {
    #[test]
    fn a_known_secret_never_comes_out(
        before in ".{0,40}", secret in "[a-zA-Z0-9!:+/= ]{6,40}", after in ".{0,40}",
    ) {
        let known = Secret::new(secret.clone());
        let line = redact(&format!("{before}{secret}{after}"), &[&known]);
        prop_assert!(before.contains(&secret) || !line.contains(&secret), "{line}");
    }

    #[test]
    fn any_text_gives_one_line(text in "\\PC{0,200}|[\\x00-\\xff]{0,200}") {
        let line = redact(&text, &[]);
        prop_assert!(!line.chars().any(char::is_control));
    }
}
