//! The certificates of a run: an authority made at the start, and one server certificate under it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, crypto::aws_lc_rs};

use crate::error::Error;

/// The certificate's names: everything that people call their own machine.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What the servers need to speak TLS.
pub(crate) struct Certificates {
    pub(crate) ca_pem: String,
    pub(crate) server: Arc<ServerConfig>,
}

/// Makes an authority and a server certificate. The authority's key is gone when this returns, so nobody can make
/// further certificates that a user of the CA file would trust.
pub(crate) fn certificates(now: Timestamp) -> Result<Certificates, Error> {
    make(now).map_err(|error| Error::Certificates(error.to_string()))
}

fn make(now: Timestamp) -> Result<Certificates, Box<dyn std::error::Error>> {
    let (ca_pem, issuer) = authority(now)?;
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(NAMES.map(str::to_owned))?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    limit_validity(&mut params, now);
    let certificate = params.signed_by(&key, &issuer)?;

    // The crypto provider is named, since a process that links two of them has no default.
    let provider = Arc::new(aws_lc_rs::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok(Certificates { ca_pem, server: Arc::new(server) })
}

fn authority(now: Timestamp) -> Result<(String, Issuer<'static, KeyPair>), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::default())?;
    params.distinguished_name.push(DnType::CommonName, "outlink practice authority of this run");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    limit_validity(&mut params, now);
    let pem = params.self_signed(&key)?.pem();
    Ok((pem, Issuer::new(params, key)))
}

/// From two days ago to thirty days ahead: longer than any demonstration, and tolerant of clocks a little off.
fn limit_validity(params: &mut CertificateParams, now: Timestamp) {
    let today = now.to_zoned(TimeZone::UTC).date();
    let moment = |date: jiff::civil::Date| {
        let (year, month, day) = (date.year(), date.month(), date.day());
        date_time_ymd(i32::from(year), month.unsigned_abs(), day.unsigned_abs())
    };
    params.not_before = moment(today.saturating_sub(2.days()));
    params.not_after = moment(today.saturating_add(30.days()));
}

/// Writes the authority's certificate, so that clients can be told to trust it.
pub(crate) fn write_ca(directory: &Path, pem: &str) -> Result<PathBuf, Error> {
    let path = directory.join("practice-ca.pem");
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(&path, pem))
        .map_err(|source| Error::CaFile { path: path.clone(), source })?;
    Ok(path)
}
