//! Messages that the tests deliver.

use super::rig::desk::ALICE;

/// A message as it lies in a mailbox. `more` are further header lines, each with its line end.
pub(crate) fn plain(id: &str, subject: &str, more: &str, body: &str) -> Vec<u8> {
    message(id, subject, &format!("{more}Content-Type: text/plain; charset=utf-8\r\n"), body)
}

/// A message of any media type: `headers` say which.
pub(crate) fn message(id: &str, subject: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "Return-Path: <carol@customer.example>\r\n\
         From: Carol Customer <carol@customer.example>\r\n\
         To: <{ALICE}>\r\n\
         Subject: {subject}\r\n\
         Date: Thu, 19 Nov 2026 09:15:00 +0100\r\n\
         Message-ID: <{id}>\r\n\
         MIME-Version: 1.0\r\n\
         {headers}\r\n{}\r\n",
        body.replace('\n', "\r\n")
    )
    .into_bytes()
}

/// Plain text and one attachment.
pub(crate) fn with_attachment(
    id: &str,
    subject: &str,
    body: &str,
    name: &str,
    content: &[u8],
) -> Vec<u8> {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(content);
    let parts = format!(
        "--cut\nContent-Type: text/plain; charset=utf-8\n\n{body}\n\
         --cut\nContent-Type: application/pdf; name=\"{name}\"\n\
         Content-Disposition: attachment; filename=\"{name}\"\nContent-Transfer-Encoding: base64\n\n{encoded}\n\
         --cut--\n"
    );
    message(id, subject, "Content-Type: multipart/mixed; boundary=cut\r\n", &parts)
}
