//! What a certificate says of itself. Whether that is to be believed is not decided here.

use std::net::IpAddr;

use outlink_model::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

/// A certificate that ends sooner than this is worth a warning.
const SOON: i64 = 14;
/// The most names that are kept of one certificate.
const NAMES: usize = 50;
/// The longest name of anything in a certificate.
const LONGEST: usize = 200;

/// What a server showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// Whose it is.
    pub(crate) subject: String,
    /// Who issued it.
    pub(crate) issuer: String,
    /// The host names and addresses that it is made out to.
    pub(crate) names: Vec<String>,
    /// From when it is valid.
    pub(crate) not_before: Timestamp,
    /// Until when.
    pub(crate) not_after: Timestamp,
    /// The subjects of the further certificates that came with it.
    pub(crate) chain: Vec<String>,
    /// Whether it names itself as its issuer.
    pub(crate) self_signed: bool,
}

impl Certificate {
    /// Reads the first certificate, and who vouches for it. `None` for what cannot be read.
    pub(super) fn read(shown: &[CertificateDer<'_>]) -> Option<Self> {
        let (first, others) = shown.split_first()?;
        let (_, certificate) = X509Certificate::from_der(first).ok()?;
        let alternative = certificate.subject_alternative_name().ok().flatten();
        let alternative = alternative.map(|names| names.value.general_names.as_slice());
        let chain = others.iter().take(10).filter_map(|der| {
            let (_, certificate) = X509Certificate::from_der(der).ok()?;
            Some(name(certificate.subject()))
        });
        Some(Self {
            subject: name(certificate.subject()),
            issuer: name(certificate.issuer()),
            names: alternative.unwrap_or_default().iter().filter_map(host).take(NAMES).collect(),
            not_before: time(certificate.validity().not_before)?,
            not_after: time(certificate.validity().not_after)?,
            chain: chain.collect(),
            self_signed: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        })
    }

    /// Whole days until it ends; negative once it has.
    pub(crate) fn days_left(&self, now: Timestamp) -> i64 {
        (self.not_after.as_second() - now.as_second()).div_euclid(24 * 60 * 60)
    }

    /// What to do when it ends soon.
    pub(crate) fn warning(&self, now: Timestamp) -> Option<String> {
        let left = self.days_left(now);
        let when = match left {
            ..0 => "is over".to_owned(),
            0 => "ends within a day".to_owned(),
            1 => "ends in 1 day".to_owned(),
            2..SOON => format!("ends in {left} days"),
            _ => return None,
        };
        Some(format!("The certificate {when}: see that whoever runs that server renews it."))
    }

    /// One sentence for a report.
    pub(crate) fn summary(&self) -> String {
        let names = match self.names.as_slice() {
            [] => "nobody".to_owned(),
            names if names.len() > 5 => {
                format!("{} and {} more", names[..5].join(", "), names.len() - 5)
            }
            names => names.join(", "),
        };
        let until = day(self.not_after);
        format!("The certificate for {names} is issued by {} and valid until {until}.", self.issuer)
    }
}

pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn name(name: &X509Name<'_>) -> String {
    let text = plain(&name.to_string());
    if text.is_empty() { "nobody".to_owned() } else { text }
}

fn host(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(plain(name)),
        GeneralName::IPAddress(octets) => {
            let v4 = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
            let any = v4.or_else(|_| <[u8; 16]>::try_from(*octets).map(IpAddr::from));
            any.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

fn time(time: ASN1Time) -> Option<Timestamp> {
    Timestamp::from_second(time.timestamp()).ok()
}

/// Anybody may write anything into a certificate.
fn plain(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

    fn made(change: fn(&mut CertificateParams)) -> Certificate {
        let names = ["idp.example.org", "*.example.org", "192.0.2.7", "2001:db8::7"];
        let mut params = CertificateParams::new(names.map(str::to_owned)).unwrap();
        params.distinguished_name.push(DnType::CommonName, "idp\r\nexample");
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 3, 1);
        change(&mut params);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        Certificate::read(&[certificate.der().clone()]).unwrap()
    }

    #[test]
    fn what_a_certificate_says() {
        let certificate = made(|_| ());
        assert_eq!(
            certificate.names,
            ["idp.example.org", "*.example.org", "192.0.2.7", "2001:db8::7"]
        );
        assert!(certificate.self_signed && certificate.chain.is_empty());
        assert_eq!(day(certificate.not_before), "2026-01-01");
        assert!(!certificate.subject.contains('\r'), "{:?}", certificate.subject);
        assert!(
            certificate.summary().ends_with("and valid until 2026-03-01."),
            "{}",
            certificate.summary()
        );
    }

    #[test]
    fn an_end_that_is_near_is_told() {
        let certificate = made(|_| ());
        for (now, left, warning) in [
            ("2026-01-01T00:00:00Z", 59, None),
            ("2026-02-15T00:00:00Z", 14, None),
            ("2026-02-15T00:00:01Z", 13, Some("ends in 13 days")),
            ("2026-02-27T12:00:00Z", 1, Some("ends in 1 day:")),
            ("2026-02-28T12:00:00Z", 0, Some("within a day")),
            ("2026-03-01T00:00:01Z", -1, Some("is over")),
        ] {
            let now: Timestamp = now.parse().unwrap();
            assert_eq!(certificate.days_left(now), left, "{now}");
            let told = certificate.warning(now);
            assert_eq!(told.is_some(), warning.is_some(), "{now}");
            assert!(told.unwrap_or_default().contains(warning.unwrap_or_default()), "{now}");
        }
    }

    #[test]
    fn nonsense_is_no_certificate() {
        assert_eq!(Certificate::read(&[]), None);
        assert_eq!(Certificate::read(&[CertificateDer::from(vec![0x30, 0x82, 0xff])]), None);
    }
}
