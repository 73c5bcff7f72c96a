//! The providers to choose from.

use outlink_oauth::{PRESETS, Preset};
use serde::Serialize;

use crate::page::encode;

/// The tiles: what most people look for first, the others behind "more".
#[derive(Debug, Serialize)]
pub(crate) struct ChoosePage {
    pub(crate) providers: Vec<ProviderTile>,
    pub(crate) more: Vec<ProviderTile>,
}

impl ChoosePage {
    pub(crate) fn new() -> Self {
        let (more, providers): (Vec<_>, Vec<_>) = PRESETS.iter().partition(|preset| preset.more);
        let tiles = |presets: Vec<&Preset>| presets.into_iter().map(ProviderTile::from).collect();
        Self { providers: tiles(providers), more: tiles(more) }
    }
}

/// One provider to choose.
#[derive(Debug, Serialize)]
pub(crate) struct ProviderTile {
    href: String,
    name: &'static str,
    text: &'static str,
}

impl From<&Preset> for ProviderTile {
    fn from(preset: &Preset) -> Self {
        let href = format!("/links/new?provider={}", encode(preset.kind.as_str()));
        Self { href, name: preset.display_name, text: preset.text }
    }
}
