//! What servers say of mails, and what follows.

use super::super::reply::Reader;
use super::*;

const SENDER: Part = Part::Sender { has_size: false };
const SENDER_AND_SIZE: Part = Part::Sender { has_size: true };

fn judged(part: Part, text: &str) -> Result<Sent, Error> {
    judged_to("x@example.net", part, text)
}

fn judged_to(to: &str, part: Part, text: &str) -> Result<Sent, Error> {
    let line = format!("{text}\r\n");
    let reply = Reader::new(4000).push(&mut line.as_bytes()).unwrap().unwrap();
    verdict(part, to, &reply)
}

#[test]
fn what_is_wrong_with_one_mail_is_told_and_whether_it_stays_so() {
    use MailFault::*;
    for (part, said, fault) in [
        (
            Part::Recipient,
            "550 5.1.1 The email account that you tried to reach does not exist.",
            NoSuchMailbox,
        ),
        (
            Part::Recipient,
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found",
            NoSuchMailbox,
        ),
        (Part::Recipient, "550 No such user here", NoSuchMailbox),
        (Part::Recipient, "550 5.2.1 The email account is disabled", NoSuchMailbox),
        (
            Part::Recipient,
            "553 5.1.3 The recipient address is not a valid RFC 5321 address",
            BadAddress,
        ),
        (Part::Recipient, "501 bad address syntax", BadAddress),
        (Part::Recipient, "555 5.5.2 Syntax error, goodbye. x - gsmtp", BadAddress),
        (
            Part::Recipient,
            "504 5.5.2 <x@y>: Recipient address rejected: need fully-qualified address",
            BadAddress,
        ),
        (Part::Text, "500 5.5.2 Line too long", Other),
        (Part::Recipient, "552 5.2.2 over quota", RecipientFull),
        (Part::Recipient, "554 5.7.1 <x@example.net>: Relay access denied", NoRelay),
        (
            Part::Recipient,
            "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
            NoRelay,
        ),
        (Part::Recipient, "550 5.7.1 blocked by policy", Rejected),
        (Part::Recipient, "554 5.4.4 no way to that host", Other),
        (Part::Recipient, "450 4.2.0 Greylisted, see you in 5 minutes", Later),
        (Part::Recipient, "452 4.5.3 Too many recipients", Later),
        (Part::Recipient, "454 4.7.1 <x@example.net>: Relay access denied", Later),
        (Part::Recipient, "451 4.4.0 Name server trouble", Later),
        (SENDER, "552 5.3.4 Message size exceeds fixed limit", TooLarge),
        (SENDER, "552 too large", TooLarge),
        (Part::Text, "552 5.3.4 Message too big for system", TooLarge),
        (Part::Text, "552 5.2.3 Message exceeds local size limit", TooLarge),
        (Part::Text, "552 5.2.2 over quota", RecipientFull),
        (Part::Text, "554 5.7.1 Message rejected as spam", Rejected),
        (Part::Text, "550 5.6.0 Lone CR or LF", Rejected),
        (
            Part::Text,
            "552 5.7.0 This message was blocked because its content presents a potential security issue.",
            Rejected,
        ),
        (Part::Text, "554 Transaction failed: virus found", Rejected),
        (Part::Text, "554 Transaction failed", Other),
        (Part::Text, "550 no", Other),
        (Part::Text, "554 5.5.1 No recipient was taken", Other),
        (Part::Text, "451 4.2.0 not now", Later),
        (Part::Text, "451 Requested action aborted", Later),
        // One mail that a filter or a look-up could not cope with says nothing of the next one.
        (Part::Recipient, "451 4.7.1 Service unavailable - try again later", Later),
        (Part::Text, "451 4.7.1 Service unavailable - try again later", Later),
        (Part::Recipient, "451 4.3.0 <x@example.net>: Temporary lookup failure", Later),
        (Part::Text, "451 4.3.0 queue file write error", Later),
        (Part::Recipient, "452 4.3.1 Insufficient system storage", Later),
        (Part::Text, "452 4.3.1 Insufficient system storage", Later),
        (Part::Text, "451 4.7.1 Temporary server error", Later),
        (SENDER_AND_SIZE, "452 4.3.1 Insufficient system storage", Later),
        (SENDER_AND_SIZE, "451 4.7.1 later", Later),
        (SENDER_AND_SIZE, "452 not enough room", Later),
        (Part::Recipient, "450 4.2.0 <x@example.net>: over the hourly limit of its own", Later),
    ] {
        let expected = fault.refused(Some(said.to_owned()));
        assert_eq!(judged(part, said), Ok(expected.clone()), "{said}");
        let Sent::Refused { trouble, is_for_good, .. } = expected else { panic!("taken?") };
        assert_eq!(is_for_good, said.starts_with('5'), "{said}");
        assert_eq!(trouble.actor == Actor::Nobody, !is_for_good, "{said}");
    }
}

#[test]
fn what_is_not_about_one_mail_is_an_error_of_the_session() {
    let sender = |said| match judged(SENDER, said) {
        Err(Error::Sending { fault, .. }) => Some(fault),
        _ => None,
    };
    for said in
        ["550 5.7.1 not you", "553 5.1.8 sender domain does not exist", "501 5.1.7 bad sender"]
    {
        assert_eq!(sender(said), Some(SendingFault::SenderRefused), "{said}");
    }
    for part in [SENDER, SENDER_AND_SIZE, Part::Recipient, Part::Text] {
        for said in [
            "502 5.5.1 not implemented",
            "503 5.5.1 Bad sequence of commands",
            "550 5.7.1 <[127.0.0.1]>: Helo command rejected: not today",
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using a list",
        ] {
            assert!(matches!(judged(part, said), Err(Error::Command { .. })), "{said}");
        }
        for said in [
            "421 4.4.2 bye",
            "432 4.3.2 slowly",
            "454 4.7.0 throttled",
            "451 4.3.2 Too many connections",
            "451 4.7.0 Temporary server error. Please try again later. PRX4",
            "451 4.7.500 Server busy. Please try again later from [192.0.2.1].",
            "550 5.4.5 Daily sending quota exceeded",
            "550 You have reached your daily limit",
            "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed",
            "550 5.2.0 Session invalidated - AccessTokenExpired",
        ] {
            assert!(judged(part, said).unwrap_err().is_passing(), "{said}");
        }
    }
    for said in ["500 what?", "504 no", "555 5.5.4 Unsupported parameters"] {
        assert!(matches!(judged(SENDER, said), Err(Error::Command { .. })), "{said}");
    }
    for said in ["451 4.7.1 later", "452 4.3.1 Insufficient system storage"] {
        assert!(matches!(judged(SENDER, said), Err(Error::Unavailable { .. })), "{said}");
    }
}

#[test]
fn what_a_stranger_put_into_an_address_is_not_taken_for_the_servers_word() {
    use MailFault::*;
    for (to, said, fault) in [
        (
            "accesstokenexpired@nx.example",
            "450 4.1.2 <accesstokenexpired@nx.example>: Recipient address rejected: Domain not found",
            Later,
        ),
        (
            "accesstokenexpired@nx.example",
            "550 5.7.1 <AccessTokenExpired@NX.example>: Recipient address rejected",
            Rejected,
        ),
        ("accesstokenexpired@nx.example", "550 5.7.1 No AccessTokenExpired here", Rejected),
        (
            "smtp_auth_disabled@nx.example",
            "550 5.1.1 <smtp_auth_disabled@nx.example>: no such user",
            NoSuchMailbox,
        ),
        ("smtp_auth_disabled@nx.example", "550 5.7.1 <smtp_auth_disabled> is not here", Rejected),
        (
            "sendasdenied@nx.example",
            "550 5.1.1 <sendasdenied@nx.example>: no such user",
            NoSuchMailbox,
        ),
        ("sendasdenied@nx.example", "550 No such user: sendasdenied", NoSuchMailbox),
        ("throttled@nx.example", "450 4.1.2 <throttled@nx.example>: Domain not found", Later),
        ("throttled@nx.example", "450 4.7.1 <throttled@nx.example>: Greylisted", Later),
        ("x@throttled.example", "450 4.7.1 throttled.example: Host not found", Later),
        ("relay@nx.example", "550 5.1.1 <relay@nx.example>: no such user", NoSuchMailbox),
        ("relay@nx.example", "554 5.7.1 <relay@nx.example>: Relay access denied", NoRelay),
        (
            "x@nx.example",
            "450 4.7.1 <x@nx.example>: unverified: host mx.nx.example said: 450 4.7.1 throttled",
            Later,
        ),
    ] {
        let expected = fault.refused(Some(said.to_owned()));
        assert_eq!(judged_to(to, Part::Recipient, said), Ok(expected), "{said}");
    }
    let spam = "554 5.3.0 <spam@nx.example>: Transaction failed";
    assert_eq!(
        judged_to("spam@nx.example", Part::Text, spam),
        Ok(Other.refused(Some(spam.to_owned())))
    );
}

#[test]
fn what_is_said_of_the_sender_behind_a_recipient_is_no_fault_of_the_recipient() {
    for said in [
        "550 5.1.0 <a@example.org>: Sender address rejected: User unknown in virtual mailbox table",
        "553 5.7.1 <a@example.org>: Sender address rejected: not owned by user b@example.org",
        "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied",
        "554 5.2.252 SendAsDenied",
    ] {
        let Err(Error::Sending { fault, .. }) = judged(Part::Recipient, said) else {
            panic!("{said}");
        };
        assert_eq!(fault, SendingFault::SenderRefused, "{said}");
    }
}

#[test]
fn every_fault_is_a_sentence_with_something_to_do() {
    use MailFault::*;
    for fault in [
        NoSuchMailbox,
        BadAddress,
        NeedsUtf8,
        RecipientFull,
        TooLarge,
        NoRelay,
        Rejected,
        Later,
        Other,
    ] {
        let Sent::Refused { trouble, is_for_good, .. } = fault.refused(Some(String::new())) else {
            panic!("taken?");
        };
        assert_eq!((is_for_good, trouble.provider_error), (fault != Later, None));
        for sentence in [&trouble.reason, &trouble.hint] {
            assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase));
            assert!(!sentence.contains("  "), "{sentence:?}");
        }
    }
}
