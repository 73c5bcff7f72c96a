//! Configurations and what is said about them.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Config, Refusals, check, keys, raw};

fn load(toml: &str, environment: &[(&str, &str)]) -> Result<Config, Refusals> {
    let environment: BTreeMap<String, String> =
        environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    check::check(&raw::read(Path::new("/etc/outlink.toml"), toml, &environment)?)
}

#[test]
fn a_bad_file_is_refused_with_file_key_what_was_found_and_what_is_expected() {
    #[rustfmt::skip]
    let table = [
        ("listen = ", "/etc/outlink.toml, line 1: found what is no TOML"),
        ("\nlisten = 'x'\nlisten = 'y'", "/etc/outlink.toml, line 3: found what is no TOML"),
        ("listn = '127.0.0.1:1'", "/etc/outlink.toml: `listn`: found an unknown key; expected a known one, perhaps `listen`."),
        ("[tls]\ncrt = 'a.pem'", "/etc/outlink.toml: `tls.crt`: found an unknown key; expected a known one, perhaps `tls.cert`."),
        ("[database]\nurl = 'x'", "`database.url`: found an unknown key; expected a known one, perhaps `database_url`."),
        ("cookies = 'x'", "`cookies`: found an unknown key; expected a known one; `outlink config schema` lists them."),
        ("listen_file = 'x'", "`listen_file`: found an unknown key"),
        ("listen = 8080", "`listen`: found a value of type integer; expected a value like \"127.0.0.1:8080\"."),
        ("trusted_proxies = '127.0.0.1'", "`trusted_proxies`: found a value of type string; expected a value like [\"127.0.0.1\", \"10.0.0.0/8\"]."),
        ("trusted_proxies = [1]", "`trusted_proxies`: found a value of type array"),
        ("tls = 'x'", "`tls`: found an unknown key"),
        ("listen = 'localhost:8080'", "`listen`: found \"localhost:8080\"; expected an IP address and a port"),
        ("listen = '0.0.0.0:80'\nbase_url = 'https://a.example'", "`listen`: found plain HTTP on 0.0.0.0:80, which is no loopback address; expected `tls.cert` and `tls.key`, or `trusted_proxies`"),
        ("listen = '0.0.0.0:80'\ntrusted_proxies = ['10.0.0.1']", "`base_url`: found nothing; expected the https address"),
        ("listen = '127.0.0.1:0'", "`base_url`: found nothing"),
        ("base_url = 'http://a.example'", "`base_url`: found \"http://a.example\"; expected an https address; http is taken only for a loopback host"),
        ("base_url = 'http://localhost.example'", "`base_url`: found \"http://localhost.example\"; expected an https address"),
        ("base_url = 'https://u:hunter2@a.example'", "`base_url`: found an address; expected an address without a user name or password."),
        ("base_url = 'https://a.example/outlink'", "expected an address that ends after the host and port"),
        ("base_url = 'https://a.example/?x=1'", "expected an address that ends after the host and port"),
        ("base_url = 'a.example'", "`base_url`: found \"a.example\"; expected an address like"),
        ("base_url = 'ftp://localhost'", "expected an https address"),
        ("base_url = ''", "expected an address like"),
        ("[tls]\ncert = 'a.pem'", "`tls.key`: found nothing; expected the private key that belongs to `tls.cert`."),
        ("[tls]\nkey = 'a.pem'", "`tls.cert`: found nothing; expected the certificate that belongs to `tls.key`."),
        ("data_dir = ''", "`data_dir`: found an empty text; expected a path."),
        ("database_url = 'mysql://u:hunter2@h/d'", "`database_url`: found something else than a PostgreSQL address; expected one like"),
        ("database_url = 'u-hunter2:x@h/d'", "`database_url`: found something else than a PostgreSQL address"),
        ("database_url = 'hunter2@h:5432/d'", "`database_url`: found something else than a PostgreSQL address"),
        ("database_url = 'postgres://u:hunter2@h:port/d'", "`database_url`: found an address that cannot be read"),
        ("database_url = 'hunter2'", "`database_url`: found a text without a scheme"),
        ("database_url_file = 'missing'", "`database_url_file`: found /etc/missing, which cannot be read"),
        ("database_url = 'postgres://h/d'\ndatabase_url_file = 'x'", "`database_url_file`: found this, and /etc/outlink.toml: `database_url` as well; expected one of the two."),
        ("trusted_proxies = ['10.0.0.0/33']", "`trusted_proxies`: found \"10.0.0.0/33\"; expected addresses or networks"),
        ("[egress]\nallow = ['https://a.example']", "`egress.allow`: found \"https://a.example\"; expected networks or host names"),
        ("[egress]\nallow = ['10.0.0']", "`egress.allow`: found \"10.0.0\""),
        ("[egress]\nproxy = 'proxy:hunter2'", "`egress.proxy`: found something else; expected an http or https address"),
        ("[mail]\nunencrypted_hosts = ['10.0.0.0/8']", "`mail.unencrypted_hosts`: found \"10.0.0.0/8\"; expected host names or addresses"),
        ("[retention]\nraw_days = 0", "`retention.raw_days`: found \"0\"; expected a number of days from 1 to 36500."),
        ("[retention]\nlog_days = -1", "`retention.log_days`: found \"-1\"; expected a number of days"),
        ("[retention]\nlog_days = '90'", "`retention.log_days`: found a value of type string; expected a value like 90."),
        ("[log]\nformat = 'xml'", "`log.format`: found \"xml\"; expected \"text\" or \"json\"."),
        ("[log]\nlevel = 'trace'", "`log.level`: found \"trace\"; expected \"error\", \"warn\", \"info\" or \"debug\"."),
    ];
    for (toml, expected) in table {
        let refused = load(toml, &[]).expect_err(toml).to_string();
        assert!(refused.contains(expected), "{toml}\n  says     {refused}\n  expected {expected}");
        assert!(!refused.contains("hunter2"), "a password is shown: {refused}");
    }
}

#[test]
fn a_bad_variable_is_refused_by_its_name() {
    #[rustfmt::skip]
    let table = [
        ("OUTLINK_TLS__CRT", "x", "OUTLINK_TLS__CRT: found an unknown setting; expected a known one, perhaps `OUTLINK_TLS__CERT`."),
        ("OUTLINK_DATADIR", "x", "perhaps `OUTLINK_DATA_DIR`"),
        ("OUTLINK_BASE_URL", "http://a.example", "OUTLINK_BASE_URL: found \"http://a.example\"; expected an https address"),
        ("OUTLINK_EGRESS__ALLOW", "10.0.0.0/8, a b", "OUTLINK_EGRESS__ALLOW: found \"a b\""),
        ("OUTLINK_DATABASE_URL_FILE", "/missing", "OUTLINK_DATABASE_URL_FILE: found /missing, which cannot be read"),
    ];
    for (name, value, expected) in table {
        let refused = load("", &[(name, value)]).expect_err(name).to_string();
        assert!(refused.contains(expected), "{name}={value}\n  says     {refused}");
    }
}

#[test]
fn everything_wrong_is_told_at_once() {
    let refused = load("base_url = 'x'\n[log]\nformat = 'xml'", &[]).expect_err("two slips");
    assert_eq!(refused.0.len(), 2, "{refused}");
}

#[test]
fn nothing_set_is_a_server_on_loopback() {
    let config = load("", &[]).expect("the defaults stand");
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.base_url, "http://localhost:8080");
    assert_eq!(config.data_dir, Path::new("/var/lib/outlink"));
    assert_eq!(config.key_file, Path::new("/etc/outlink/key"));
    assert!(!config.key_file.starts_with(&config.data_dir), "the key lies outside of the data");
}

#[test]
fn paths_are_relative_to_the_file_and_variables_win() {
    let toml =
        "data_dir = 'data'\nkey_file = '/k'\nlisten = '[::1]:1'\nbase_url = 'https://a.example/'";
    let config = load(
        toml,
        &[
            ("OUTLINK_LISTEN", "0.0.0.0:2"),
            ("OUTLINK_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8"),
            ("OUTLINK_TLS__CERT", ""),
            ("OUTLINK_URL", "https://elsewhere.example"),
            ("OUTLINK_SERVICE_HOST", "10.1.2.3"),
        ],
    )
    .expect("it stands");
    assert_eq!(config.data_dir, Path::new("/etc/data"));
    assert_eq!(config.key_file, Path::new("/k"));
    assert_eq!(config.listen.to_string(), "0.0.0.0:2");
    assert_eq!(
        config.base_url, "https://a.example",
        "without the slash, since paths are put behind it"
    );
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.tls, None, "an empty variable sets nothing");
}

#[test]
fn a_secret_can_come_from_a_file_and_does_not_show() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("url");
    std::fs::write(&path, "postgres://u:hunter2@h/d\n").expect("written");
    let named = path.display().to_string();
    let config = load("", &[("OUTLINK_DATABASE_URL_FILE", &named)]).expect("it stands");
    let url = config.database_url.as_ref().map(|url| url.expose().to_owned());
    assert_eq!(url.as_deref(), Some("postgres://u:hunter2@h/d"));
    let shown = format!("{config:?} {}", config.to_json());
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn the_example_is_a_configuration_and_names_every_key() {
    let example = keys::example();
    load(&example, &[]).expect("the example stands as it is");
    for name in keys::names().filter(|name| !name.ends_with("_file")) {
        let last = name.rsplit('.').next().unwrap_or(&name);
        assert!(example.contains(&format!("{last} = ")), "{name} is missing from the example");
    }
    // Every commented example is a good value too.
    let all: String = example.lines().map(|line| uncommented(line) + "\n").collect();
    load(&all, &[]).expect("the examples stand as well");
}

fn uncommented(line: &str) -> String {
    let is_example = line.strip_prefix('#').is_some_and(|rest| !rest.starts_with(' '));
    if is_example { line[1..].to_owned() } else { line.to_owned() }
}
