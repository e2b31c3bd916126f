//! What an operator can set: flags first, then `TALKBACK_*` variables, then `talkback.toml`, then defaults.
//! Everything is checked before anything starts.

mod settings;
mod sso;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

use crate::limits::{Limits, seconds};
use crate::service::hook::{Fallback, HookConfig};
use crate::store::DatabaseUrl;
pub use settings::{LogFormat, ProxyHeader, Settings, Switch};
pub use sso::{JwksSource, Secret, SecretSource, SsoConfig, is_loopback};
/// The most that the feed's history can be kept, in days.
const RETENTION_MAX_DAYS: u32 = 36_500;

/// Why the settings are no good.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("can't read {path}: {reason}")]
    File {
        /// Which file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Not a limit, or not a number.
    #[error("--limit: {0}")]
    Limit(String),
    /// A value is not of its form.
    #[error("{name} is not {wanted}")]
    Value {
        /// Which setting.
        name: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
}

/// The settings in force.
#[derive(Clone)]
pub struct Config {
    /// Where files go.
    pub data_dir: PathBuf,
    /// Where the store is.
    pub database: DatabaseUrl,
    /// Redis, if there is one; may hold a password.
    pub redis_url: Option<String>,
    /// What Redis channels begin with.
    pub redis_prefix: String,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where readers reach this service, without a slash at the end.
    pub public_url: Option<String>,
    /// Sites whose pages may call.
    pub allow_origin: Vec<String>,
    /// Whether an empty store gets the demo newsroom.
    pub demo: bool,
    /// Whether writing is limited in rate.
    pub rate_limits: bool,
    /// How long the feed's history is kept.
    pub feed_retention: Duration,
    /// The operator's moderation hook; holds a secret.
    pub moderation_hook: Option<HookConfig>,
    /// Proxies that are believed.
    pub trusted_proxy: Vec<IpNet>,
    /// In which header.
    pub proxy_header: ProxyHeader,
    /// Where `/metrics` is served, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Where registered operations are, if there are any.
    pub operations: Option<PathBuf>,
    /// Whether no others run.
    pub operations_only: bool,
    /// Whether clients may read the schema.
    pub introspection: bool,
    /// Every limit.
    pub limits: Limits,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Single sign-on, if there is any.
    pub sso: Option<SsoConfig>,
}

impl std::fmt::Debug for Config {
    /// Without secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("data_dir", &self.data_dir)
            .field("database", &self.database)
            .field("redis", &self.redis_url.is_some())
            .field("listen", &self.listen)
            .field("public_url", &self.public_url)
            .field("sso", &self.sso)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// What these flags and variables come to, with the file `talkback.toml` of the working directory under
    /// them.
    ///
    /// # Errors
    /// [`ConfigError`], in one line.
    pub fn resolve(self) -> Result<Config, ConfigError> {
        let file = Self::from_file(Path::new("talkback.toml"))?;
        let data_dir = self.data_dir.or(file.data_dir).unwrap_or_else(|| PathBuf::from("data"));
        let database = match self.database_url.or(file.database_url) {
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                DatabaseUrl::Postgres(url)
            }
            Some(_) => {
                let wanted = "a postgres:// address (leave it out for SQLite in the data directory)";
                return Err(ConfigError::Value { name: "--database-url", wanted });
            }
            None => DatabaseUrl::Sqlite(data_dir.join("talkback.db")),
        };
        let public_url = self.public_url.or(file.public_url);
        if public_url.as_deref().is_some_and(|url| !is_web_address(url)) {
            return Err(ConfigError::Value { name: "--public-url", wanted: "an http or https address" });
        }
        let allow_origin = if self.allow_origin.is_empty() { file.allow_origin } else { self.allow_origin };
        let allow_origin = allow_origin.iter().map(|text| origin(text)).collect::<Option<_>>();
        let allow_origin = allow_origin.ok_or(ConfigError::Value {
            name: "--allow-origin",
            wanted: "an origin such as https://host, without a path",
        })?;
        let proxies = if self.trusted_proxy.is_empty() { file.trusted_proxy } else { self.trusted_proxy };
        let trusted_proxy = proxies.iter().map(|text| network(text)).collect::<Option<_>>();
        let trusted_proxy = trusted_proxy.ok_or(ConfigError::Value {
            name: "--trusted-proxy",
            wanted: "an address, or a network such as 10.0.0.0/8",
        })?;
        let hook_url = self.moderation_hook_url.or(file.moderation_hook_url);
        let moderation_hook = hook(
            hook_url,
            self.moderation_hook_secret.or(file.moderation_hook_secret),
            self.moderation_hook_timeout_ms.or(file.moderation_hook_timeout_ms),
            self.moderation_hook_fallback.or(file.moderation_hook_fallback),
            self.moderation_hook_ca.or(file.moderation_hook_ca),
        )?;
        let operations = self.operations.or(file.operations);
        let operations_only = self.operations_only.or(file.operations_only) == Some(Switch::On);
        if operations_only && operations.is_none() {
            let wanted = "possible without --operations, which names them";
            return Err(ConfigError::Value { name: "--operations-only", wanted });
        }
        let mut limits = Limits::default();
        // The file's first: a flag is heard last.
        for limit in file.limit.iter().chain(&self.limit) {
            limits.set(limit).map_err(ConfigError::Limit)?;
        }
        // The rest is for the write that comes of its answer, or of its silence.
        let most = seconds(limits.execution_seconds).saturating_sub(Duration::from_secs(1));
        if moderation_hook.as_ref().is_some_and(|hook| hook.timeout > most) {
            let wanted =
                "at least a second less than the limit execution-seconds, which ends what waits for it";
            return Err(ConfigError::Value { name: "--moderation-hook-timeout-ms", wanted });
        }
        let days = self.feed_retention_days.or(file.feed_retention_days).unwrap_or(30);
        if days > RETENTION_MAX_DAYS {
            let wanted = "0 to 36500 (a hundred years)";
            return Err(ConfigError::Value { name: "--feed-retention-days", wanted });
        }
        let embedded = matches!(database, DatabaseUrl::Sqlite(_));
        let demo = self.demo.or(file.demo).map_or(embedded, |demo| demo == Switch::On);
        Ok(Config {
            data_dir,
            database,
            redis_url: self.redis_url.or(file.redis_url),
            redis_prefix: self.redis_prefix.or(file.redis_prefix).unwrap_or_else(|| "talkback".to_owned()),
            listen: self.listen.or(file.listen).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            public_url: public_url.map(|url| url.trim_end_matches('/').to_owned()),
            allow_origin,
            demo,
            rate_limits: self.rate_limits.or(file.rate_limits) != Some(Switch::Off),
            feed_retention: Duration::from_secs(u64::from(days) * 24 * 60 * 60),
            moderation_hook,
            trusted_proxy,
            proxy_header: self.proxy_header.or(file.proxy_header).unwrap_or(ProxyHeader::XForwardedFor),
            metrics_listen: self.metrics_listen.or(file.metrics_listen),
            operations,
            operations_only,
            introspection: self.introspection.or(file.introspection) != Some(Switch::Off),
            limits,
            log_format: self.log_format.or(file.log_format).unwrap_or(LogFormat::Text),
            sso: self.sso.over(file.sso).resolve(std::env::var("TALKBACK_SSO_SECRET").ok())?,
        })
    }
}

/// A network, or an address that is one by itself.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// The hook's configuration: an address needs a secret, and nothing else makes sense without one.
fn hook(
    url: Option<String>,
    secret: Option<String>,
    timeout_ms: Option<u64>,
    fallback: Option<Fallback>,
    ca: Option<PathBuf>,
) -> Result<Option<HookConfig>, ConfigError> {
    let Some(url) = url else { return Ok(None) };
    if !is_web_address(&url) {
        return Err(ConfigError::Value { name: "--moderation-hook-url", wanted: "an http or https address" });
    }
    let secret = secret.filter(|secret| secret.len() >= 16).ok_or(ConfigError::Value {
        name: "--moderation-hook-secret",
        wanted: "a secret of at least 16 bytes, which the hook needs",
    })?;
    let timeout_ms = timeout_ms.unwrap_or(2_000);
    if !(10..=30_000).contains(&timeout_ms) {
        return Err(ConfigError::Value { name: "--moderation-hook-timeout-ms", wanted: "10 to 30000" });
    }
    let fallback = fallback.unwrap_or(Fallback::Hold);
    let certificates = |path: PathBuf| {
        std::fs::read(&path).map_err(|error| ConfigError::File {
            path: path.display().to_string(),
            reason: error.to_string(),
        })
    };
    let ca = ca.map(certificates).transpose()?;
    Ok(Some(HookConfig { url, secret, timeout: Duration::from_millis(timeout_ms), fallback, ca }))
}

/// An origin as browsers spell it: without the port that goes without saying, in lower case. `None` for what is more than
/// an origin, which no browser would ever name.
fn origin(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_bare.then(|| url.origin().ascii_serialization())
}

fn is_web_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_named_by_its_network_or_its_address() {
        let named = |text: &str| network(text).map(|network| network.to_string());
        assert_eq!(named("10.0.0.0/8").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(named("127.0.0.1").as_deref(), Some("127.0.0.1/32"));
        assert_eq!(named("::1").as_deref(), Some("::1/128"));
        assert_eq!(named("localhost"), None);
    }

    #[test]
    fn an_origin_is_kept_as_browsers_spell_it() {
        for (given, kept) in [
            ("https://news.example", Some("https://news.example")),
            ("HTTPS://News.Example:443/", Some("https://news.example")),
            ("http://localhost:3000", Some("http://localhost:3000")),
            ("https://news.example/path", None),
            ("https://news.example?x", None),
            ("https://ana@news.example", None),
            ("ftp://news.example", None),
            ("null", None),
        ] {
            assert_eq!(origin(given).as_deref(), kept, "{given}");
        }
    }

    #[test]
    fn what_is_shown_of_the_settings_holds_no_secret() {
        let secret = "hidden-hidden-hidden-hidden-hidden";
        let config = Config {
            data_dir: PathBuf::from("data"),
            database: DatabaseUrl::Postgres(format!("postgres://talkback:{secret}@db/talkback")),
            redis_url: Some(format!("redis://:{secret}@cache")),
            redis_prefix: "talkback".to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            allow_origin: Vec::new(),
            demo: false,
            rate_limits: true,
            feed_retention: Duration::from_secs(1),
            moderation_hook: None,
            trusted_proxy: Vec::new(),
            proxy_header: ProxyHeader::XForwardedFor,
            metrics_listen: None,
            operations: None,
            operations_only: false,
            introspection: true,
            limits: Limits::default(),
            log_format: LogFormat::Text,
            sso: Some(SsoConfig {
                issuer: "https://news.example".to_owned(),
                audience: Vec::new(),
                secret: Some(SecretSource::Given(Secret(secret.to_owned()))),
                jwks: None,
                refresh: Duration::from_secs(600),
                role_claim: "role".to_owned(),
                roles: Vec::new(),
                max_role: crate::domain::user::Role::Reader,
            }),
        };
        let shown = format!("{config:?} {config:#?}");
        assert!(shown.contains("https://news.example") && !shown.contains("hidden"), "{shown}");
    }
}
