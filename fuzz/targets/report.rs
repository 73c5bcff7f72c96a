//! A mail system's report: the words, the status and the returned header, each after an octet 0xFF.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let mut pieces = octets.split(|&octet| octet == 0xFF);
    let mut next = || pieces.next().unwrap_or_default();
    let standard: [&[u8]; 7] = [
        b"From: MAILER-DAEMON@mx.example\nSubject: Undelivered Mail Returned to Sender\n\
          Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n",
        next(),
        b"\n--b\nContent-Type: message/delivery-status\n\n",
        next(),
        b"\n--b\nContent-Type: text/rfc822-headers\n\n",
        next(),
        b"\n--b--\n",
    ];
    outlink_fuzz::mail::check(&standard.concat());
    // The same told in words alone.
    let words: [&[u8]; 3] = [
        b"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nReferences: <m1@x.example>\n\
          Subject: failure notice\n\n",
        standard[1],
        standard[5],
    ];
    outlink_fuzz::mail::check(&words.concat());
});
