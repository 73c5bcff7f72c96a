//! What was typed: the file and the environment, key by key, each value with the place where it stands.
//!
//! Nothing is judged here but the shape: unknown keys, and texts where lists are wanted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::keys::{self, Kind};
use super::{Refusal, Refusals};

/// Variables that begin like ours and are no configuration of the server: those of the client commands, and those that
/// Kubernetes sets in every container when a service is called `outlink`.
fn is_no_setting(variable: &str) -> bool {
    const OURS: [&str; 5] =
        ["OUTLINK_URL", "OUTLINK_TOKEN", "OUTLINK_TOKEN_FILE", "OUTLINK_CA", "OUTLINK_CONFIG"];
    const PREFIXES: [&str; 3] = ["OUTLINK_SERVICE_", "OUTLINK_PORT_", "OUTLINK_TEST_"];
    OURS.contains(&variable)
        || variable == "OUTLINK_PORT"
        || PREFIXES.iter().any(|prefix| variable.starts_with(prefix))
}

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Found {
    /// File and key, or the environment variable: how a refusal names it.
    pub(crate) place: String,
    /// The value. A text is a list of one.
    pub(crate) values: Vec<String>,
    /// What a relative path is relative to.
    pub(crate) directory: PathBuf,
}

/// Everything that was set.
#[derive(Debug)]
pub(crate) struct Raw {
    /// The file that was read: how a refusal names a key that is missing.
    pub(crate) file: PathBuf,
    found: BTreeMap<&'static str, Found>,
}

impl Raw {
    /// What was set under this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Found> {
        self.found.get(name)
    }

    /// The one text that was set under this name.
    pub(crate) fn text(&self, name: &str) -> Option<(&Found, &str)> {
        let found = self.get(name)?;
        found.values.first().map(|text| (found, text.as_str()))
    }

    /// How a refusal names this key, set or not.
    pub(crate) fn place(&self, name: &str) -> String {
        self.get(name).map_or_else(|| place_in_file(&self.file, name), |found| found.place.clone())
    }
}

fn place_in_file(file: &Path, name: &str) -> String {
    format!("{}: `{name}`", file.display())
}

/// Reads the file's text and the environment. A variable wins over the file.
pub(crate) fn read(
    file: &Path,
    text: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Raw, Refusals> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(0, |span| {
            text.get(..span.start).map_or(0, |before| before.matches('\n').count())
        });
        Refusals(vec![Refusal {
            place: format!("{}, line {}", file.display(), line + 1),
            found: format!("what is no TOML ({})", error.message().trim()),
            expected: "lines like `listen = \"127.0.0.1:8080\"`".into(),
        }])
    })?;
    let directory = file.parent().unwrap_or(Path::new("")).to_path_buf();
    let mut reader = Reader { refusals: Vec::new(), found: BTreeMap::new() };
    for (name, value) in flatten(table) {
        reader.take_from_file(file, &directory, &name, &value);
    }
    let from_file = std::mem::take(&mut reader.found);
    for (variable, value) in environment {
        // An empty variable is what a container's template leaves behind for a setting that nobody made.
        if variable.starts_with("OUTLINK_") && !is_no_setting(variable) && !value.is_empty() {
            reader.take_from_environment(variable, value);
        }
    }
    if !reader.refusals.is_empty() {
        return Err(Refusals(reader.refusals));
    }
    let mut found = from_file;
    found.append(&mut reader.found);
    Ok(Raw { file: file.to_path_buf(), found })
}

/// Every value with its dotted name; one level of sections is all that there is.
fn flatten(table: Table) -> Vec<(String, Value)> {
    let mut flat = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(section) if !section.is_empty() => {
                flat.extend(
                    section.into_iter().map(|(key, value)| (format!("{name}.{key}"), value)),
                );
            }
            Value::Table(_) if keys::names().any(|key| key.starts_with(&format!("{name}."))) => {}
            value => flat.push((name, value)),
        }
    }
    flat
}

struct Reader {
    refusals: Vec<Refusal>,
    found: BTreeMap<&'static str, Found>,
}

impl Reader {
    fn take_from_file(&mut self, file: &Path, directory: &Path, name: &str, value: &Value) {
        let place = place_in_file(file, name);
        let Some((key, twin)) = known(name) else {
            return self.refuse(place, "an unknown key", &did_you_mean(keys::nearest(name)));
        };
        let values = match (value, key.kind) {
            (Value::String(text), Kind::Text | Kind::Path) => Some(vec![text.clone()]),
            (Value::Integer(number), Kind::Number) => Some(vec![number.to_string()]),
            (Value::Array(items), Kind::List) => {
                items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
            }
            _ => None,
        };
        let Some(values) = values else {
            let expected = format!("a value like {}", key.example);
            return self.refuse(place, &format!("a value of type {}", value.type_str()), &expected);
        };
        self.put(key, twin, Found { place, values, directory: directory.to_path_buf() });
    }

    fn take_from_environment(&mut self, variable: &str, value: &str) {
        let name = variable["OUTLINK_".len()..].to_lowercase().replace("__", ".");
        let Some((key, twin)) = known(&name) else {
            let nearest = keys::nearest(&name).map(|name| keys::variable(&name));
            return self.refuse(variable.into(), "an unknown setting", &did_you_mean(nearest));
        };
        let values = match key.kind {
            Kind::Text | Kind::Path | Kind::Number => vec![value.to_owned()],
            Kind::List => value
                .split(',')
                .map(|item| item.trim().to_owned())
                .filter(|item| !item.is_empty())
                .collect(),
        };
        let found = Found { place: variable.to_owned(), values, directory: PathBuf::new() };
        self.put(key, twin, found);
    }

    /// Keeps a value, reading the file that a twin names.
    fn put(&mut self, key: &'static keys::Key, twin: bool, mut found: Found) {
        if let Some(other) = self.found.get(key.name) {
            let both = format!("this, and {} as well", other.place);
            return self.refuse(found.place, &both, "one of the two");
        }
        if twin {
            let path = found.directory.join(found.values.first().map_or("", String::as_str));
            match std::fs::read_to_string(&path) {
                Ok(text) => found.values = vec![text.trim().to_owned()],
                Err(error) => {
                    let what = format!("{}, which cannot be read ({error})", path.display());
                    return self.refuse(found.place, &what, "a readable file");
                }
            }
        }
        self.found.insert(key.name, found);
    }

    fn refuse(&mut self, place: String, found: &str, expected: &str) {
        self.refusals.push(Refusal { place, found: found.into(), expected: expected.into() });
    }
}

/// The key of this name, and whether it was named by its twin.
fn known(name: &str) -> Option<(&'static keys::Key, bool)> {
    if let Some(key) = keys::key(name) {
        return Some((key, false));
    }
    let key = keys::key(name.strip_suffix("_file")?)?;
    key.secret.then_some((key, true))
}

fn did_you_mean(nearest: Option<String>) -> String {
    match nearest {
        Some(name) => format!("a known one, perhaps `{name}`"),
        None => "a known one; `outlink config schema` lists them".into(),
    }
}
