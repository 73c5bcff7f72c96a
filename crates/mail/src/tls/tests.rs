//! Handshakes with certificates that are wrong in every way that people meet.

use super::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::TlsAcceptor;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn trusting(authority: &Authority) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// A server that shows a certificate for `names`, changed by `change`, and says hello.
fn serve(
    authority: &Authority,
    names: &[&str],
    change: fn(&mut CertificateParams),
) -> DuplexStream {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    change(&mut params);
    let certificate = params.signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let (here, there) = tokio::io::duplex(16 * 1024);
    #[expect(clippy::disallowed_methods, reason = "it ends when the client does")]
    tokio::spawn(async move {
        if let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(there).await {
            stream.write_all(b"hello").await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    here
}

async fn refused(stream: DuplexStream, host: &str, config: Arc<ClientConfig>) -> Error {
    connect_tls(stream, host, config).await.map(|_| ()).unwrap_err()
}

#[tokio::test]
async fn a_good_certificate_is_accepted_for_its_names_and_addresses() {
    let authority = authority("ours");
    for host in ["imap.example.org", "imap.example.org.", "127.0.0.1", "[::1]", "::1"] {
        let stream = serve(&authority, &["imap.example.org", "127.0.0.1", "::1"], |_| {});
        let mut stream = connect_tls(stream, host, trusting(&authority)).await.unwrap();
        let mut hello = Vec::new();
        stream.read_to_end(&mut hello).await.unwrap();
        assert_eq!(hello, b"hello", "{host}");
    }
}

#[tokio::test]
async fn each_fault_of_a_certificate_has_its_own_sentence() {
    let ours = authority("ours");
    let host = "imap.example.org";

    // The second has our authority's name and another key: an authority that was made anew.
    for stranger in [authority("stranger"), authority("ours")] {
        let unknown = refused(serve(&stranger, &[host], |_| {}), host, trusting(&ours)).await;
        assert_eq!(
            unknown.to_string(),
            "The certificate of imap.example.org is issued by an authority that is not trusted here."
        );
        assert!(unknown.trouble().hint.contains("`tls.extra_ca`"));
    }

    let expired = serve(&ours, &[host], |params| params.not_after = date_time_ymd(2020, 5, 17));
    assert_eq!(
        refused(expired, host, trusting(&ours)).await.to_string(),
        "The certificate of imap.example.org expired on 2020-05-17."
    );

    let early = serve(&ours, &[host], |params| params.not_before = date_time_ymd(3000, 1, 2));
    assert_eq!(
        refused(early, host, trusting(&ours)).await.to_string(),
        "The certificate of imap.example.org is valid only from 3000-01-02 on."
    );

    let other = serve(&ours, &["mail.example.org", "192.0.2.1"], |_| {});
    assert_eq!(
        refused(other, host, trusting(&ours)).await.to_string(),
        "The certificate that imap.example.org shows is made out to mail.example.org, 192.0.2.1."
    );
}

#[tokio::test]
async fn what_does_not_speak_tls_is_told() {
    let authority = authority("ours");
    let (here, mut there) = tokio::io::duplex(1024);
    there.write_all(b"* OK IMAP4rev1 ready, without TLS\r\n").await.unwrap();
    assert_eq!(
        refused(here, "imap.example.org", trusting(&authority)).await.to_string(),
        "No secure connection to imap.example.org could be made: it does not speak TLS on this port."
    );

    let (here, there) = tokio::io::duplex(1024);
    drop(there);
    assert!(matches!(refused(here, "h.example", trusting(&authority)).await, Error::Closed { .. }));

    let (here, _there) = tokio::io::duplex(1024);
    let no_name = refused(here, "not a host", trusting(&authority)).await;
    assert!(matches!(no_name, Error::Tls { .. }));
}
