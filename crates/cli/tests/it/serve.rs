//! `outlink serve`: refuses a bad configuration with file, key and what is expected; ends cleanly.

use std::fs;
use std::time::Duration;

use super::rig::outlink::{Outlink, Ran, command, write_configuration};
use super::rig::{free_port, make_certificates, scratch};

#[test]
fn a_bad_configuration_is_refused_with_file_key_and_what_is_expected() {
    let dir = scratch();
    let cases = [
        ("base_url = \"http://outlink.example.org\"", "base_url", "https"),
        ("base_url = \"outlink\"", "base_url", "https"),
        (
            "listen = \"0.0.0.0:8080\"\nbase_url = \"https://outlink.example.org\"",
            "listen",
            "tls.cert",
        ),
        ("listen = \"somewhere\"", "listen", "127.0.0.1:8080"),
        ("bse_url = \"https://outlink.example.org\"", "bse_url", "base_url"),
        ("database_url = \"mysql://db/outlink\"", "database_url", "postgres"),
        ("[egress]\nallow = [\"every where\"]", "egress.allow", "host names"),
        ("[tls]\ncert = \"cert.pem\"", "tls.key", "private key"),
        ("listen = ", "outlink.toml", ""),
    ];
    for (text, key, expected) in cases {
        let path = dir.path().join("outlink.toml");
        fs::write(&path, format!("data_dir = \"data\"\nkey_file = \"key\"\n{text}\n"))
            .expect("written");
        let ran =
            Ran::of(&command().args(["serve", "--config"]).arg(&path).output().expect("it runs"));
        assert_eq!(ran.code, Some(1), "{text}: {ran:?}");
        for part in ["outlink.toml", key, expected] {
            assert!(ran.stderr.contains(part), "{text}: {part:?} is missing in {}", ran.stderr);
        }
        assert!(
            !dir.path().join("data").exists() && !dir.path().join("key").exists(),
            "nothing half-made stays"
        );
    }
}

#[test]
fn it_ends_cleanly_when_asked_and_does_not_run_twice_on_the_same_data() {
    let dir = scratch();
    let certs = dir.path().join("certs");
    make_certificates(&certs);
    let ca = certs.join("ca.crt");
    let mut outlink = Outlink::start(&dir.path().join("outlink"), &ca, &[]);
    assert_eq!(outlink.get("links").status, 200);

    let port = free_port();
    let config = fs::read_to_string(outlink.dir().join("outlink.toml")).expect("readable");
    let second = dir.path().join("outlink/second.toml");
    let own_port = outlink.base_url.rsplit(':').next().expect("a port");
    fs::write(&second, config.replace(own_port, &port.to_string())).expect("written");
    let ran =
        Ran::of(&command().args(["serve", "--config"]).arg(&second).output().expect("it runs"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("data"), "it says what is in use: {}", ran.stderr);

    assert_eq!(outlink.stop().code(), Some(0), "{}", outlink.log());
    outlink.start_again(&[]);
    assert_eq!(outlink.get("links").status, 200, "the token made before is still good");
    assert_eq!(outlink.stop().code(), Some(0));
}

#[test]
fn a_missing_or_wrong_key_is_refused_and_none_is_made_over_data() {
    let dir = scratch();
    let certs = dir.path().join("certs");
    make_certificates(&certs);
    let mut outlink = Outlink::start(&dir.path().join("outlink"), &certs.join("ca.crt"), &[]);
    assert_eq!(outlink.stop().code(), Some(0));
    let key = outlink.dir().join("key");
    let kept = fs::read(&key).expect("the key was made at the first start");
    let serve = || {
        let config = outlink.dir().join("outlink.toml");
        Ran::of(&command().args(["serve", "--config"]).arg(config).output().expect("it runs"))
    };

    fs::remove_file(&key).expect("removed");
    let ran = serve();
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("key") && !key.exists(), "{ran:?}");

    let other = dir.path().join("other");
    fs::create_dir(&other).expect("a directory");
    write_configuration(&other, &certs.join("ca.crt"), free_port(), "");
    let made = command()
        .args(["token", "create", "--local", "--name", "other", "--scope", "admin", "--config"])
        .arg(other.join("outlink.toml"))
        .output();
    Ran::of(&made.expect("it runs")).succeeded();
    fs::copy(other.join("key"), &key).expect("another server's key");
    let ran = serve();
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("key"), "{ran:?}");

    fs::write(&key, kept).expect("written");
    outlink.start_again(&[]);
    assert_eq!(outlink.stop().code(), Some(0));
}

#[test]
fn a_port_in_use_is_told() {
    let dir = scratch();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let certs = dir.path().join("certs");
    make_certificates(&certs);
    let config = write_configuration(dir.path(), &certs.join("ca.crt"), port, "");
    let mut serve = command();
    serve.args(["serve", "--config"]).arg(&config);
    let mut process = super::rig::process::Process::start(&mut serve, &dir.path().join("log"));
    let ended = process.wait(Duration::from_secs(20));
    assert_eq!(ended.code(), Some(1), "{}", process.log());
    assert!(process.log().contains(&port.to_string()), "{}", process.log());
}
