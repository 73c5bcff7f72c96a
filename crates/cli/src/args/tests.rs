//! Which command lines are taken and which are not, before any server is asked.

use clap::Parser as _;
use clap::error::ErrorKind;

use super::Cli;

/// What is said of a command line, where it is not taken.
fn refusal(line: &str) -> Option<(ErrorKind, String)> {
    let words = std::iter::once("outlink").chain(line.split_whitespace());
    Cli::try_parse_from(words).err().map(|error| (error.kind(), error.to_string()))
}

#[test]
fn the_commands_hang_together() {
    use clap::CommandFactory as _;
    Cli::command().debug_assert();
}

#[test]
fn every_command_that_is_promised_is_taken() {
    for line in [
        "link create --name Work --provider google --client-id ID --client-secret-file F",
        "link create --name Work --provider microsoft --client-id ID --client-secret-file - \
         --cloud gcc_high --tenant contoso.example --protocol imap,smtp --client-secret-expires 2027-05-01",
        "link create --name Work --provider custom --client-id=-x --issuer https://as.example \
         --authorization-endpoint https://as.example/a --token-endpoint https://as.example/t \
         --revocation-endpoint https://as.example/r --device-authorization-endpoint https://as.example/d \
         --userinfo-endpoint https://as.example/u --introspection-endpoint https://as.example/i \
         --scope mail --scope-separator comma --no-pkce --client-auth client_secret_post \
         --authorization-param prompt=consent --param a=b --token-param resource=https://m.example --description x",
        "link create --name Work --provider custom --client-id ID --discover https://as.example \
         --private-key-file K --certificate-file C --key-id -k1 --signing-alg PS256 --client-auth private_key_jwt",
        "link create --name Work --provider custom --discover https://as.example --register",
        "link create --name Work --provider custom --discover https://as.example --register \
         --initial-access-token-file F",
        "link create --name Work --provider google --grant-type jwt_bearer --service-account-file F",
        "link create --name Git --provider gitlab --instance https://git.example --client-id ID",
        "link edit Work --client-secret-file F --client-secret-expires 2027-05-01 --add",
        "link edit Work --private-key-file F --certificate-file C --add",
        "link edit Work --client-secret-expires 2027-05-01T12:00:00Z",
        "link edit Work --name Office --enable --pkce",
        "link edit Work --disable",
        "link delete Work --with-grants --revoke",
        "link test Work --json",
        "link discover https://as.example",
        "link redirect-url --provider microsoft --cloud gcc_high --tenant common",
        "link redirect-url --authorization-endpoint https://a.example --token-endpoint https://t.example",
        "link authorize Work --login-hint a@x.example --expires-in-hours 24 --wait --timeout 5",
        "grant create Work --refresh-token-file F --subject a@x.example --json",
        "grant authorize ID --expires-in-hours 24",
        "grant token ID --min-ttl 300",
        "grant revoke ID",
        "grant restore ID",
        "grant refresh ID",
        "grant delete ID --revoke --detach",
        "hand-out list --grant ID --limit 5",
        "token create --name t --scope grant_token --grant A --grant B",
        "token create --name t --scope grant_token --grant A B C",
        "webhook create --name ops --to https://hooks.example/x",
        "webhook list",
        "webhook show ops",
        "webhook edit ops --to https://hooks.example/y --disable",
        "webhook delete ops",
        "webhook test ops",
        "mail-server edit Inbox --link Work --host h",
        "mail-server edit Inbox --grant ID --poll-seconds 60 --resume",
        "mail-server edit Inbox --password-file F",
        "mail-server create --name I --provider google --protocol pop3 --mailbox a@x.example --link Work",
        "mail-server create --test-only --host mail.example --mailbox a@x.example --grant ID --folder A --folder B",
        "mail-server edit Inbox --name Mail --host h --port 143 --security starttls --move-to Done --no-idle",
        "mail-server edit Inbox --since 2026-01-01 --time-limit 5 --authserv-id mx.example --delete-handled --test-only",
        "mail-server delete Inbox --handlers",
        "mail-server authorize Inbox --link Work --login-hint a@x.example --wait",
        "mail-server connections Inbox --failed --limit 5",
        "mail-server connections",
        "handler create --name A --mail-server I --project SUP --type comment_before_marker --split ^-+$ --split x \
         --disabled --catch a@x.example --bulk forward --forward-to b@x.example --bulk-lists true \
         --create-persons false --default-reporter c@x.example --cc-assignee true --cc-watchers true",
        "handler edit A --name B --project OPS --mail-server J --enable --allow x.example --only-allowed true \
         --deny *@y.example --priority false --sub-addresses true --only-involved false --issue-type Incident",
        "handler edit A --disable --unauthenticated quarantine --reopen false --sender-per-hour 5 --issue-per-hour 0 \
         --strip-quotes false --attachments-largest 1000 --attachments-most 3 --attachments-deny-type video/* \
         --attachments-deny-name *.exe --attachments-decorations true",
        "handler delete A",
        "handler order --mail-server I A B",
        "handler try A --newest 5",
        "handler try A --file F --json",
        "handler try --mail-server I",
        "message list --handler A --outcome unhandled --project SUP --from a@x.example --text t --since 2026-01-01 \
         --until 2026-02-01 --mail-server I --limit 5",
        "message replay ID",
        "mail-server create --name Out --protocol smtp --security starttls --host mail.example --mailbox a@x.example --grant G",
        "mail-server edit Out --protocol smtp --port 465 --test-only",
        "handler create --name A --mail-server I --project SUP --outgoing Out --notify true --forward-to b@x.example",
        "handler edit A --outgoing Out --notify false",
        "delivery list --state failed --kind notice --mail-server Out --issue SUP-1 --message ID --limit 5 --after C --json",
        "delivery show ID --json",
        "delivery retry ID --json",
        "delivery delete ID --json",
        "sender-rule list --list deny",
        "sender-rule add allow ann@x.example",
        "sender-rule delete ID",
        "issue move SUP-1 --project OPS",
        "issue close SUP-1",
        "issue reopen SUP-1",
        "event list --class health --json",
        "provider show microsoft --cloud gcc_high --tenant ID --protocol imap,smtp --grant-type client_credentials",
    ] {
        assert_eq!(refusal(line), None, "{line}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
    use ErrorKind::{ArgumentConflict, MissingRequiredArgument, UnknownArgument, ValueValidation};
    let create = "link create --name Work --provider custom";
    let table = [
        ("link create --name Work --provider google", MissingRequiredArgument, "--client-id"),
        (
            &format!("{create} --client-id ID --client-secret-file A --private-key-file B"),
            ArgumentConflict,
            "--private-key-file",
        ),
        (
            &format!("{create} --service-account-file A --client-secret-file B"),
            ArgumentConflict,
            "--service-account-file",
        ),
        (
            &format!("{create} --service-account-file A --private-key-file B"),
            ArgumentConflict,
            "--service-account-file",
        ),
        ("handler try", MissingRequiredArgument, "NAME"),
        ("handler try A --mail-server I", ArgumentConflict, "--mail-server"),
        ("handler try A --file F --newest 3", ArgumentConflict, "--newest"),
        ("handler edit A --enable --disable", ArgumentConflict, "--disable"),
        ("handler order --mail-server I", MissingRequiredArgument, "HANDLER"),
        ("issue move SUP-1", MissingRequiredArgument, "--project"),
        (&format!("{create} --register"), MissingRequiredArgument, "--discover"),
        (
            &format!("{create} --client-id ID --initial-access-token-file F"),
            MissingRequiredArgument,
            "--register",
        ),
        (
            &format!("{create} --discover https://as.example --register --client-secret-file F"),
            ArgumentConflict,
            "--register",
        ),
        (
            &format!("{create} --client-id ID --certificate-file F"),
            MissingRequiredArgument,
            "--private-key-file",
        ),
        (
            &format!("{create} --client-id ID --key-id k"),
            MissingRequiredArgument,
            "--private-key-file",
        ),
        (
            &format!("{create} --client-id ID --client-secret-file F --key-id k"),
            ArgumentConflict,
            "--key-id",
        ),
        (&format!("{create} --client-id ID --pkce --no-pkce"), ArgumentConflict, "--no-pkce"),
        (
            &format!("{create} --client-id ID --client-secret-file F --client-secret-expires soon"),
            ValueValidation,
            "2027-05-01",
        ),
        (&format!("{create} --client-id ID --token-param nonsense"), ValueValidation, "NAME=VALUE"),
        // A secret on the command line would stand in the list of processes and in the shell's history.
        (
            &format!("{create} --client-id ID --client-secret hunter2"),
            UnknownArgument,
            "--client-secret",
        ),
        ("link edit Work --add", MissingRequiredArgument, "--client-secret-file"),
        (
            "link edit Work --add --client-secret-expires 2027-05-01",
            MissingRequiredArgument,
            "--private-key-file",
        ),
        ("link edit Work --enable --disable", ArgumentConflict, "--disable"),
        ("link edit Work --grant-type device_code", UnknownArgument, "--grant-type"),
        ("link redirect-url", MissingRequiredArgument, "--provider"),
        (
            "link redirect-url --authorization-endpoint https://a.example",
            MissingRequiredArgument,
            "--token-endpoint",
        ),
        ("link authorize Work --timeout 5", MissingRequiredArgument, "--wait"),
        ("grant create Work --refresh-token hunter2", UnknownArgument, "--refresh-token"),
        ("token create --name t --grant A", MissingRequiredArgument, "--scope"),
        ("webhook create --name ops", MissingRequiredArgument, "--to"),
        ("webhook edit ops", MissingRequiredArgument, "--to"),
        ("webhook edit ops --enable --disable", ArgumentConflict, "--disable"),
        ("mail-server create --host mail.example", MissingRequiredArgument, "--name"),
        ("mail-server create --name I --link L --grant G", ArgumentConflict, "--grant"),
        (
            "mail-server edit Inbox --move-to F --delete-handled",
            ArgumentConflict,
            "--delete-handled",
        ),
        (
            "mail-server edit Inbox --grant ID --password-file F",
            ArgumentConflict,
            "--password-file",
        ),
        ("delivery retry", MissingRequiredArgument, "<ID>"),
        ("delivery create", ErrorKind::InvalidSubcommand, "create"),
        ("handler edit A --notify", ErrorKind::InvalidValue, "--notify"),
        ("mail-server edit Inbox --pause --resume", ArgumentConflict, "--resume"),
    ];
    for (line, kind, says) in table {
        let (told, message) = refusal(line).unwrap_or_else(|| panic!("{line}: taken"));
        assert_eq!(told, kind, "{line}: {message}");
        assert!(message.contains(says), "{line}: {message}");
    }
}
