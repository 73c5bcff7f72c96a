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
    /// Yahoo Mail.
    Yahoo,
    /// AOL Mail.
    Aol,
    /// Fastmail.
    Fastmail,
    /// Yandex Mail.
    Yandex,
    /// GitHub and GitHub Enterprise Server.
    Github,
    /// GitLab.com and self-managed GitLab.
    Gitlab,
    /// Bitbucket Cloud.
    Bitbucket,
    /// Forgejo and Gitea.
    Forgejo,
}

crate::names!(ProviderKind, "provider", {
    Google => "google",
    Microsoft => "microsoft",
    Custom => "custom",
    Yahoo => "yahoo",
    Aol => "aol",
    Fastmail => "fastmail",
    Yandex => "yandex",
    Github => "github",
    Gitlab => "gitlab",
    Bitbucket => "bitbucket",
    Forgejo => "forgejo",
});

/// Microsoft's clouds. An application is registered in one of them, and works in no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cloud {
    /// The public one, and GCC as Microsoft documents it today.
    Worldwide,
    /// GCC by the older resource name `outlook.office365.com`.
    Gcc,
    /// GCC High.
    GccHigh,
    /// The United States Department of Defense.
    Dod,
    /// China, run by 21Vianet.
    China,
}

crate::names!(Cloud, "cloud", {
    Worldwide => "worldwide",
    Gcc => "gcc",
    GccHigh => "gcc_high",
    Dod => "dod",
    China => "china",
});

/// What a mail host is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailService {
    /// Reading, with folders.
    Imap,
    /// Reading, the inbox alone.
    Pop3,
    /// Sending.
    Smtp,
}

crate::names!(MailService, "protocol", { Imap => "imap", Pop3 => "pop3", Smtp => "smtp" });
