//! The listener's certificate, and the check of every PEM file that the configuration names.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;

/// Reads certificate and key for the listener.
pub(crate) fn server_config(files: &TlsFiles) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = certificates("tls.cert", &files.cert)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| {
        anyhow::anyhow!(
            "`tls.key`: {} holds no private key in PEM form ({error}).",
            files.key.display()
        )
    })?;
    // The provider is named, since a program that links two of them must not guess.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("TLS cannot be set up")?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| {
            format!(
                "`tls.cert`, `tls.key`: {} and {} do not fit together",
                files.cert.display(),
                files.key.display()
            )
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Reads a file of certificates; `key` is the configuration's name for it.
pub(crate) fn certificates(key: &str, path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| {
            anyhow::anyhow!("`{key}`: {} cannot be read ({error}).", path.display())
        })?;
    if found.is_empty() {
        bail!("`{key}`: {} holds no certificate in PEM form.", path.display());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused_by_its_key() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("cert.pem");
        let said = |path: &Path| certificates("tls.cert", path).expect_err("refused").to_string();
        assert!(said(&path).starts_with("`tls.cert`: "), "{}", said(&path));
        std::fs::write(&path, "no certificate").expect("written");
        assert!(said(&path).contains("holds no certificate"), "{}", said(&path));
    }
}
