//! Whom we trust when we dial: the system's authorities and those of `tls.extra_ca`. There is no off switch.

mod certificate;
mod fault;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use outlink_model::grant::Trouble;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Error;
pub(crate) use certificate::Certificate;

/// One configuration for everything that is dialled, HTTP and mail alike.
#[derive(Clone)]
pub(crate) struct Trust {
    config: Arc<ClientConfig>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Trust {
    /// Reads the authorities.
    ///
    /// # Errors
    /// When the file of extra authorities cannot be read or holds none.
    pub(crate) fn load(extra: Option<&Path>) -> Result<Self, Error> {
        let system = rustls_native_certs::load_native_certs();
        Self::of(system.certs, extra)
    }

    fn of(system: Vec<CertificateDer<'static>>, extra: Option<&Path>) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(system);
        if let Some(path) = extra {
            let unreadable = |why: String| {
                Error::Broken(format!(
                    "tls.extra_ca: {} cannot be used: {why}; it must be a PEM file with one or more certificates",
                    path.display()
                ))
            };
            let certificates = CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| unreadable(error.to_string()))?;
            let (added, _) = roots.add_parsable_certificates(certificates);
            if added == 0 {
                return Err(unreadable("it holds no certificate".into()));
            }
        }
        if roots.is_empty() {
            // Nobody is trusted, and each handshake will say so; a start that fails would help less.
            tracing::warn!(
                "this machine has no certificate authorities, so no TLS will be trusted"
            );
        }
        Self::in_roots(roots)
    }

    fn in_roots(roots: RootCertStore) -> Result<Self, Error> {
        let broken = |error: &dyn std::fmt::Display| Error::Broken(error.to_string());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(&error))?;
        let roots = Arc::new(roots);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider)
            .build()
            .map_err(|error| broken(&error))?;
        let config = config.with_webpki_verifier(verifier.clone()).with_no_client_auth();
        Ok(Self { config: Arc::new(config), verifier })
    }

    /// What a handshake needs.
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }

    /// The same for one handshake whose certificates are looked at, trusted or not.
    pub(crate) fn watched(&self) -> (Arc<ClientConfig>, Arc<Watcher>) {
        let watcher =
            Arc::new(Watcher { verifier: self.verifier.clone(), shown: Mutex::default() });
        let mut config = self.config.as_ref().clone();
        config.dangerous().set_certificate_verifier(watcher.clone());
        // A session that is resumed shows no certificate.
        config.resumption = Resumption::disabled();
        (Arc::new(config), watcher)
    }
}

/// Notes the certificates that are shown, and leaves the judgement on them to the verifier that everybody asks.
#[derive(Debug)]
pub(crate) struct Watcher {
    verifier: Arc<WebPkiServerVerifier>,
    shown: Mutex<Vec<CertificateDer<'static>>>,
}

impl Watcher {
    /// What the server has shown, its own certificate first.
    pub(crate) fn certificate(&self) -> Option<Certificate> {
        Certificate::read(&self.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ServerCertVerifier for Watcher {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let all = std::iter::once(end_entity).chain(intermediates);
        let all = all.map(|certificate| certificate.clone().into_owned()).collect();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = all;
        self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Makes a stream secure. The certificate must be made out to `host`, which is a name or an address.
///
/// # Errors
/// When the handshake takes too long or breaks, or the certificate is not trusted.
pub(crate) async fn secure<S>(
    stream: S,
    host: &str,
    config: Arc<ClientConfig>,
    limit: Duration,
) -> Result<TlsStream<S>, Trouble>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let went = handshake(stream, host, config, limit).await;
    went.map_err(|error| fault::trouble(host, &error, None))
}

/// As [`secure`], for a configuration that is watched: the words tell more, since they know what was shown.
pub(crate) async fn secure_watched<S>(
    stream: S,
    host: &str,
    (config, watcher): (Arc<ClientConfig>, &Watcher),
    limit: Duration,
) -> Result<TlsStream<S>, Trouble>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let went = handshake(stream, host, config, limit).await;
    went.map_err(|error| fault::trouble(host, &error, watcher.certificate().as_ref()))
}

async fn handshake<S>(
    stream: S,
    host: &str,
    config: Arc<ClientConfig>,
    limit: Duration,
) -> io::Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = server_name(host)
        .ok_or_else(|| io::Error::other("it is neither a host name nor an address"))?;
    timeout(limit, TlsConnector::from(config).connect(name, stream)).await.unwrap_or_else(|_| {
        let waited = format!("it took longer than {} seconds", limit.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, waited))
    })
}

/// An address of IP version 6 may stand in brackets, and a name may end in a dot.
fn server_name(host: &str) -> Option<ServerName<'static>> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(bare.strip_suffix('.').unwrap_or(bare).to_owned()).ok()
}

#[cfg(test)]
pub(crate) mod kit;
