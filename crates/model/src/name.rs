//! Names of choices: how an enum is written in the API, on the command line and in the database.

/// A word that names none of the choices. Its text lists them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} {given:?}: it must be one of {choices}")]
pub struct Unknown {
    /// What was being named, for example `provider`.
    pub what: &'static str,
    /// The word that was given.
    pub given: String,
    /// The words that would do, separated by commas.
    pub choices: String,
}

/// Finds the choice that is called `given`. Every enum with names is read by this one function, so that every refusal
/// lists the choices in the same way.
pub fn named<T: Copy, const N: usize>(
    all: [T; N],
    name: impl Fn(T) -> &'static str,
    what: &'static str,
    given: &str,
) -> Result<T, Unknown> {
    all.into_iter().find(|&choice| name(choice) == given).ok_or_else(|| Unknown {
        what,
        given: given.to_owned(),
        choices: all.map(name).join(", "),
    })
}

/// Gives an enum its names: `as_str`, `ALL`, `Display` and `FromStr`.
#[macro_export]
macro_rules! names {
    ($type:ident, $what:literal, { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $type {
            /// Every choice, in the order in which people are offered them.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The name used in the API, on the command line and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::name::Unknown;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                $crate::name::named(Self::ALL, Self::as_str, $what, s)
            }
        }
    };
}
