//! What is wrong with a certificate, and what to do about it.

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// Nobody whom we trust vouches for it.
    UnknownIssuer,
    /// Its time is over; since when, where that is known.
    Expired(Option<String>),
    /// Its time has not begun; when it will, where that is known.
    NotYetValid(Option<String>),
    /// It is made out to others: these.
    WrongName(Vec<String>),
    /// It was withdrawn.
    Revoked,
    /// Anything else.
    Other(String),
}

impl CertificateFault {
    pub(super) fn sentence(&self, host: &str) -> String {
        match self {
            Self::UnknownIssuer => {
                format!(
                    "The certificate of {host} is issued by an authority that is not trusted here."
                )
            }
            Self::Expired(Some(when)) => format!("The certificate of {host} expired on {when}."),
            Self::Expired(None) => format!("The certificate of {host} has expired."),
            Self::NotYetValid(Some(when)) => {
                format!("The certificate of {host} is valid only from {when} on.")
            }
            Self::NotYetValid(None) => format!("The certificate of {host} is not valid yet."),
            Self::WrongName(names) if names.is_empty() => {
                format!("The certificate that {host} shows is made out to another name.")
            }
            Self::WrongName(names) => {
                format!("The certificate that {host} shows is made out to {}.", names.join(", "))
            }
            Self::Revoked => format!("The certificate of {host} was revoked."),
            Self::Other(text) => format!("The certificate of {host} cannot be accepted: {text}."),
        }
    }

    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::UnknownIssuer => {
                "If the server uses a private authority, add that authority's certificate to the file \
                 that `tls.extra_ca` names; otherwise ask its operator to send the whole chain."
            }
            Self::Expired(_) => "Ask the mail server's operator to renew the certificate.",
            Self::NotYetValid(_) => {
                "Check the clock of this machine, then ask the mail server's operator about the \
                 certificate."
            }
            Self::WrongName(_) => {
                "Enter the host under the name that its certificate bears, or ask its operator for a \
                 certificate with the right name."
            }
            Self::Revoked => "Ask the mail server's operator for a new certificate.",
            Self::Other(_) => {
                "Ask the mail server's operator for a valid certificate; a private authority's own \
                 certificate goes into the file that `tls.extra_ca` names."
            }
        }
    }
}
