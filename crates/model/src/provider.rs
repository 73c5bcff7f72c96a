//! Providers: presets that fill a link in. What each one is, stands in the provider table of the `oauth` crate.

/// Which preset a link was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProviderKind {
    /// Google accounts and Google Workspace.
    Google,
    /// Microsoft Entra and personal Microsoft accounts.
    Microsoft,
    /// Any other provider: the administrator enters the endpoints.
    Custom,
}

crate::names!(ProviderKind, "provider", {
    Google => "google",
    Microsoft => "microsoft",
    Custom => "custom",
});
