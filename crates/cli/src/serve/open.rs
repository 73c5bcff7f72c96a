//! From a configuration to the store, the engine and what the web is told.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use outlink_engine::{Clock, Engine, Limits, Settings, egress};
use outlink_store::{Store, Vault};

use crate::config::{self, Config};

/// Makes the data directory where there is none, for its owner alone: raw mail lies in it.
pub(crate) fn make_data_dir(config: &Config) -> anyhow::Result<()> {
    make_private_dir(&config.data_dir).with_context(|| {
        format!(
            "`data_dir`: {} cannot be made. Choose a directory that this user may write to",
            config.data_dir.display()
        )
    })
}

fn make_private_dir(path: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn database_file(config: &Config) -> PathBuf {
    config.data_dir.join("outlink.sqlite")
}

/// Opens the store. The sealing key is made at the first start, and never for a store that has data: whatever the
/// missing key sealed would be lost for good.
pub(crate) async fn store(config: &Config) -> anyhow::Result<Store> {
    let file = database_file(config);
    let has_data = match &config.database_url {
        Some(url) => Store::has_data_postgres(url.expose()).await,
        None => Store::has_data_sqlite(&file).await,
    };
    let has_data = has_data.with_context(|| place(config))?;
    if !has_data
        && !config.key_file.exists()
        && let Some(directory) =
            config.key_file.parent().filter(|path| !path.as_os_str().is_empty())
    {
        make_private_dir(directory).with_context(|| {
            format!("`key_file`: the directory {} cannot be made", directory.display())
        })?;
    }
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|_| anyhow::anyhow!("The machine's random generator gave nothing."))?;
    let vault = Vault::load_or_create(&config.key_file, &random, has_data)?;
    let store = match &config.database_url {
        Some(url) => Store::open_postgres(url.expose(), vault).await,
        None => Store::open_sqlite(&file, vault).await,
    };
    store.with_context(|| place(config))
}

/// How a failure names the database: never by its address, which holds a password.
fn place(config: &Config) -> String {
    match config.database_url {
        Some(_) => "`database_url`: the PostgreSQL database cannot be opened".into(),
        None => format!("`data_dir`: {} cannot be opened", database_file(config).display()),
    }
}

/// Puts the engine together. Starts nothing.
pub(crate) fn engine(store: Store, config: &Config) -> anyhow::Result<Engine> {
    let proxy = config.egress_proxy.as_ref().map(|proxy| proxy.expose());
    let settings = Settings {
        base_url: config.base_url.clone(),
        egress: egress::Policy::parse(&config.egress_allow, proxy)?,
        extra_ca: config.extra_ca.clone(),
        node: node_name(),
        clock: Clock::System,
        limits: Limits::default(),
        unencrypted_hosts: config.unencrypted_hosts.clone(),
        retention: config.retention,
        // Tests crash the server where it hurts; a release has no such points.
        failpoint: config::variable("OUTLINK_TEST_FAILPOINT").filter(|_| cfg!(debug_assertions)),
    };
    Ok(Engine::new(store, settings)?)
}

/// What the web is told besides the engine.
pub(crate) fn web_options(config: &Config) -> outlink_web::Options {
    outlink_web::Options {
        trusted_proxies: config.trusted_proxies.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
    }
}

/// A name that no other process of a cluster has: leases are held in it.
fn node_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut random = [0; 8];
    // Without random bytes, the process id still tells two servers on one machine apart.
    let _ = aws_lc_rs::rand::fill(&mut random);
    format!("{}-{}-{:016x}", host.trim(), std::process::id(), u64::from_be_bytes(random))
}
