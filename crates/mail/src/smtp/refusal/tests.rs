//! What servers say to whoever signs in or is to be let in, and what it means.

use std::time::Duration;

use super::super::reply::Reader;
use super::*;

fn reply(text: &str) -> Reply {
    let line = format!("{text}\r\n");
    Reader::new(4000).push(&mut line.as_bytes()).unwrap().unwrap()
}

fn signing_in(mechanism: &'static str, text: &str) -> Error {
    let token = (mechanism != "PLAIN").then_some(1500);
    let offered = vec![mechanism.to_owned()];
    let asked = SignIn { mechanism, challenge: None, token, has_said: true, offered };
    sign_in(asked, &reply(text))
}

/// One word for each kind of error.
fn kind(error: &Error) -> &'static str {
    match error {
        Error::Refused { .. } => "refused",
        Error::Unavailable { .. } => "later",
        Error::Barred { .. } => "barred",
        Error::TokenTooLong { .. } => "too long",
        Error::NoMechanism { .. } => "no mechanism",
        Error::Command { .. } => "command",
        Error::StartTls { .. } => "starttls",
        Error::Bye { .. } => "bye",
        Error::Full { .. } => "full",
        Error::SessionExpired { .. } => "expired",
        Error::Sending { fault, .. } => match fault {
            SendingFault::SwitchedOff => "off",
            SendingFault::PasswordsOff => "no passwords",
            SendingFault::LimitReached => "limit",
            SendingFault::SenderRefused => "sender",
            SendingFault::NeedsUtf8 => "letters",
            SendingFault::Blocked => "blocked",
            SendingFault::NotSignedIn => "not signed in",
        },
        _ => "another",
    }
}

#[test]
fn sign_ins_are_refused_for_reasons_that_are_told_apart() {
    for (mechanism, said, expected) in [
        // Gmail.
        (
            "XOAUTH2",
            "535 5.7.8 Username and Password not accepted. For more information, go to https://support.google.com/mail/?p=BadCredentials a1 - gsmtp",
            "refused",
        ),
        ("PLAIN", "535 5.7.8 Username and Password not accepted.", "refused"),
        (
            "PLAIN",
            "534 5.7.9 Application-specific password required. For more information, go to https://support.google.com/mail/?p=InvalidSecondFactor",
            "no passwords",
        ),
        ("PLAIN", "534 5.7.14 Please log in via your web browser and then try again.", "barred"),
        (
            "PLAIN",
            "534 5.7.9 Please log in with your web browser and then try again. For more information, go to https://support.google.com/mail/?p=WebLoginRequired",
            "barred",
        ),
        (
            "XOAUTH2",
            "454 4.7.0 Cannot authenticate due to temporary system problem. Try again later.",
            "later",
        ),
        ("XOAUTH2", "454 4.7.0 Too many login attempts, please try again later.", "later"),
        ("XOAUTH2", "421 4.7.0 Try again later, closing connection.", "later"),
        ("XOAUTH2", "421 4.3.0 Temporary System Problem. Try again later.", "later"),
        ("XOAUTH2", "555 5.5.2 Syntax error, command line too long", "too long"),
        // Exchange Online and outlook.com.
        (
            "XOAUTH2",
            "535 5.7.3 Authentication unsuccessful [AM0PR01CA0001.eurprd01.prod.exchangelabs.com]",
            "refused",
        ),
        (
            "XOAUTH2",
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information. [X]",
            "off",
        ),
        (
            "XOAUTH2",
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information. [X]",
            "off",
        ),
        (
            "PLAIN",
            "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact your administrator.",
            "off",
        ),
        (
            "PLAIN",
            "535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [X]",
            "no passwords",
        ),
        (
            "PLAIN",
            "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect. [X]",
            "refused",
        ),
        (
            "PLAIN",
            "550 5.7.30 Basic authentication is not supported for Client Submission.",
            "no passwords",
        ),
        (
            "XOAUTH2",
            "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information.",
            "later",
        ),
        ("XOAUTH2", "451 4.7.0 Temporary server error. Please try again later. PRX4", "later"),
        // Postfix, Dovecot, Exim.
        ("PLAIN", "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6", "refused"),
        ("XOAUTH2", "500 5.5.2 Line too long", "too long"),
        ("XOAUTH2", "500 5.5.6 Authentication exchange line is too long", "too long"),
        (
            "XOAUTH2",
            "454 4.7.0 Temporary authentication failure: Connection lost to authentication server",
            "later",
        ),
        ("PLAIN", "535 Incorrect authentication data", "refused"),
        ("PLAIN", "435 Unable to authenticate at present", "later"),
        ("PLAIN", "530 5.7.0 Must issue a STARTTLS command first", "starttls"),
        (
            "PLAIN",
            "538 5.7.11 Encryption required for requested authentication mechanism",
            "refused",
        ),
        ("XOAUTH2", "501 5.5.2 Invalid base64 data in continued response", "command"),
        ("XOAUTH2", "503 5.5.1 Error: authentication not enabled", "command"),
        ("XOAUTH2", "550 5.2.0 Session invalidated - AccessTokenExpired", "bye"),
    ] {
        let error = signing_in(mechanism, said);
        assert_eq!(kind(&error), expected, "{said}");
        assert_eq!(error.server_words().as_deref(), Some(said), "{said}");
        assert_eq!(error.is_token_refused(), expected == "refused" && mechanism == "XOAUTH2");
    }
}

#[test]
fn a_mechanism_that_is_not_there_is_told_from_one_that_does_not_work() {
    let asked = |offered: &[&str]| SignIn {
        mechanism: "XOAUTH2",
        challenge: None,
        token: None,
        has_said: false,
        offered: offered.iter().map(|&name| name.to_owned()).collect(),
    };
    for said in
        ["504 5.5.4 Unrecognized authentication type", "502 5.5.1 not implemented", "503 no"]
    {
        assert_eq!(kind(&sign_in(asked(&["PLAIN"]), &reply(said))), "no mechanism", "{said}");
        assert_eq!(kind(&sign_in(asked(&[]), &reply(said))), "no mechanism", "{said}");
        assert_eq!(kind(&sign_in(asked(&["XOAUTH2"]), &reply(said))), "command", "{said}");
    }
}

#[test]
fn whatever_follows_an_error_challenge_is_about_the_token() {
    let challenge = crate::sasl::parse_challenge("eyJzdGF0dXMiOiI0MDEifQ==");
    for said in ["535 5.7.8 no", "501 5.5.2 Cannot decode AUTH parameter", "500 what?"] {
        let (challenge, offered) = (Some(challenge.clone()), Vec::new());
        let asked =
            SignIn { mechanism: "XOAUTH2", challenge, token: Some(9), has_said: true, offered };
        let error = sign_in(asked, &reply(said));
        assert!(error.is_token_refused(), "{said}: {error:?}");
        assert!(error.server_words().unwrap().contains("401"), "{said}");
    }
}

#[test]
fn a_door_that_is_closed_for_now_is_told_from_one_that_is_closed() {
    let busy = greeting(&reply(
        "421 4.7.0 [IP] Our system has detected an unusual rate; try again in 10 minutes",
    ));
    assert_eq!(kind(&busy), "later");
    assert_eq!(busy.retry_after(), Some(Duration::from_secs(600)));
    let closed = greeting(&reply("554 5.7.1 You are on a list"));
    assert_eq!((kind(&closed), closed.is_session_over()), ("bye", true));
}

#[test]
fn a_long_token_explains_a_connection_that_is_cut() {
    let closed = || Error::Closed { doing: "signing in" };
    assert_eq!(kind(&cut_off(closed(), Some(TOKEN + 1))), "too long");
    assert_eq!(cut_off(closed(), Some(TOKEN)), closed());
    assert_eq!(cut_off(closed(), None), closed());
}

#[test]
fn what_is_said_of_an_account_is_not_taken_for_a_fault_of_one_mail() {
    for (said, expected) in [
        (
            "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to https://support.google.com/a/answer/166852 - gsmtp",
            Some("limit"),
        ),
        ("550 5.4.5 Daily sending quota exceeded", Some("limit")),
        (
            "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message",
            Some("limit"),
        ),
        (
            "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
            Some("limit"),
        ),
        (
            "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message due to a permanent exception",
            Some("sender"),
        ),
        (
            "554 5.2.252 SendAsDenied; a@example.org not allowed to send as b@example.org",
            Some("sender"),
        ),
        (
            "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            Some("sender"),
        ),
        (
            "553 5.7.1 <b@example.org>: Sender address rejected: not owned by user a@example.org",
            Some("sender"),
        ),
        (
            "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException",
            Some("full"),
        ),
        ("550 5.1.8 Access denied, bad outbound sender AS(42003)", Some("blocked")),
        ("550 5.7.501 Access denied, spam abuse detected", Some("blocked")),
        (
            "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM",
            Some("not signed in"),
        ),
        ("530 5.7.0 Authentication Required.", Some("not signed in")),
        ("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", Some("later")),
        ("421 4.4.2 Connection timed out", Some("later")),
        ("421 4.7.0 Too many messages in this connection", Some("later")),
        ("451 4.3.0 Queue is not working", Some("later")),
        ("452 4.3.1 Insufficient system storage", Some("later")),
        ("454 4.7.0 throttled", Some("later")),
        ("451 4.7.500 Server busy. Please try again later from [192.0.2.1].", Some("later")),
        ("550 5.2.0 Session invalidated - AccessTokenExpired", Some("expired")),
        (
            "450 4.2.0 <x@example.net>: Recipient address rejected: Greylisted, try again later",
            None,
        ),
        (
            "450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages",
            None,
        ),
        ("452 4.2.2 The email account that you tried to reach is over quota", None),
        ("550 5.1.1 no such user", None),
        ("552 5.2.2 The email account that you tried to reach is over quota", None),
        ("552 5.3.4 Message size exceeds fixed limit", None),
        ("552 4.3.4 too large for now", None),
        ("550 5.7.1 Message rejected as spam", None),
        ("451 4.4.0 Name server temporary failure", None),
    ] {
        let reply = reply(said);
        let error = of_account(None, &reply, &super::said(&reply));
        assert_eq!(error.as_ref().map(kind), expected, "{said}");
        for part in [Part::Sender { has_size: true }, Part::Recipient, Part::Text] {
            // What is wrong with the server itself is told of one mail too.
            let is_of_server = matches!(reply.status, (4, 3, 0 | 1));
            let expected = expected.filter(|_| !is_of_server);
            let error = of_account(Some(part), &reply, &super::said(&reply));
            assert_eq!(error.as_ref().map(kind), expected, "{part:?} {said}");
        }
        if let Some(error) = error {
            assert_eq!(error.server_words().as_deref(), Some(said));
            assert!(!error.may_be_of_one_message(), "{said}");
        }
    }
}
