//! A text in every form: what HTML shows, what is new in an answer, and what charsets do to both.

#![no_main]

use libfuzzer_sys::fuzz_target;

const TYPES: [&str; 4] = [
    "text/plain",
    "text/html",
    "text/plain; format=flowed",
    "text/plain; format=flowed; delsp=yes",
];
const CHARSETS: [&str; 8] =
    ["utf-8", "utf-8", "iso-8859-1", "windows-1252", "iso-2022-jp", "utf-16", "gb18030", "utf-7"];
const ENCODINGS: [&str; 4] = ["8bit", "8bit", "quoted-printable", "base64"];
const SUBJECTS: [&str; 4] = ["Re: SUP-1 Printer", "Printer", "Fwd: Printer", "AW: Printer"];

fuzz_target!(|octets: &[u8]| {
    let [form, encoding, body @ ..] = octets else { return };
    let subject = SUBJECTS[usize::from(encoding >> 2 & 3)];
    let encoding = ENCODINGS[usize::from(encoding & 3)];
    let charset = CHARSETS[usize::from(form >> 2 & 7)];
    let kind = TYPES[usize::from(form & 3)];
    let head = format!(
        "From: ann@a.example\nSubject: {subject}\nContent-Transfer-Encoding: {encoding}\n\
         Content-Type: {kind}; charset={charset}\n\n"
    );
    outlink_fuzz::mail::check(&[head.as_bytes(), body].concat());
});
