//! Authorities and servers for the tests of whatever dials.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Trust;

/// Somebody who issues certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Trust in this authority and nobody else.
    pub(crate) fn trusted(&self) -> Trust {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        Trust::in_roots(roots).unwrap()
    }

    /// What a server needs that shows a certificate of this authority for `names`.
    pub(crate) fn server(
        &self,
        names: &[&str],
        change: fn(&mut CertificateParams),
    ) -> Arc<ServerConfig> {
        let (params, key) = request(names, change);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        config(certificate.der().clone(), &key)
    }
}

/// What a server needs that shows a certificate which vouches for itself.
pub(crate) fn self_signed(names: &[&str], change: fn(&mut CertificateParams)) -> Arc<ServerConfig> {
    let (params, key) = request(names, change);
    let certificate = params.self_signed(&key).unwrap();
    config(certificate.der().clone(), &key)
}

fn request(names: &[&str], change: fn(&mut CertificateParams)) -> (CertificateParams, KeyPair) {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    change(&mut params);
    (params, KeyPair::generate().unwrap())
}

fn config(
    certificate: rustls::pki_types::CertificateDer<'static>,
    key: &KeyPair,
) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(vec![certificate], key)
    .unwrap();
    Arc::new(config)
}

/// Listens on loopback and runs `session` for each that comes.
#[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
pub(crate) async fn serve<F>(session: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(session(stream));
        }
    });
    address
}

/// The same over TLS. A client that does not like the certificate is gone before `session` begins.
pub(crate) async fn serve_tls<F>(
    config: Arc<ServerConfig>,
    session: impl Fn(TlsStream<TcpStream>) -> F + Clone + Send + Sync + 'static,
) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    serve(move |stream| {
        let (acceptor, session) = (TlsAcceptor::from(config.clone()), session.clone());
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                session(stream).await;
            }
        }
    })
    .await
}
