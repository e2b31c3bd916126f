//! The settings as they are written: flags, variables, and the keys of `talkback.toml`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Deserialize;

use super::ConfigError;
use super::sso::SsoSettings;
use crate::service::hook::Fallback;

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object per line.
    Json,
}

/// The header in which proxies say whom they speak for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    /// What most write.
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

/// A switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// Where the store is: what every command takes.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Directory of the SQLite database and the signing key [default: ./data]
    #[arg(long, env = "TALKBACK_DATA_DIR", value_name = "DIR", global = true)]
    pub(super) data_dir: Option<PathBuf>,

    /// PostgreSQL instead of SQLite, such as postgres://user:password@host/talkback; nodes on the same
    /// database are one service
    #[arg(long, env = "TALKBACK_DATABASE_URL", value_name = "URL", hide_env_values = true, global = true)]
    pub(super) database_url: Option<String>,

    /// Redis between several nodes, such as redis://host:6379; without it a node talks to itself
    #[arg(long, env = "TALKBACK_REDIS_URL", value_name = "URL", hide_env_values = true, global = true)]
    pub(super) redis_url: Option<String>,

    /// Prefix of the Redis channels, where installations share a Redis [default: talkback]
    #[arg(long, env = "TALKBACK_REDIS_PREFIX", value_name = "PREFIX", global = true)]
    pub(super) redis_prefix: Option<String>,

    /// Address to listen on; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "TALKBACK_LISTEN", value_name = "ADDRESS:PORT", global = true)]
    pub(super) listen: Option<SocketAddr>,

    /// Where readers reach this service, such as https://comments.example.org [default: the listening address]
    #[arg(long, env = "TALKBACK_PUBLIC_URL", value_name = "URL", global = true)]
    pub(super) public_url: Option<String>,

    /// Sites whose pages may call the API from the browser, such as https://news.example.org; repeatable
    #[arg(
        long = "allow-origin",
        env = "TALKBACK_ALLOW_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ',',
        global = true
    )]
    pub(super) allow_origin: Vec<String>,

    /// The demo newsroom, loaded into an empty store [default: on with SQLite, off with PostgreSQL]
    #[arg(long, env = "TALKBACK_DEMO", value_name = "ON|OFF", global = true)]
    pub(super) demo: Option<Switch>,

    /// Limits on how fast one person or address may write, and on repeats; `off` is for load tests [default: on]
    #[arg(long, env = "TALKBACK_RATE_LIMITS", value_name = "ON|OFF", global = true)]
    pub(super) rate_limits: Option<Switch>,

    /// Days that the feed's history is kept for readers who come back [default: 30]
    #[arg(long, env = "TALKBACK_FEED_RETENTION_DAYS", value_name = "DAYS", global = true)]
    pub(super) feed_retention_days: Option<u32>,

    /// A program that has its say on each comment before it is taken: it is asked by HTTP POST
    #[arg(long, env = "TALKBACK_MODERATION_HOOK_URL", value_name = "URL", global = true)]
    pub(super) moderation_hook_url: Option<String>,

    /// What requests to the hook are signed with (HMAC-SHA256), at least 16 bytes
    #[arg(
        long,
        env = "TALKBACK_MODERATION_HOOK_SECRET",
        value_name = "SECRET",
        hide_env_values = true,
        global = true
    )]
    pub(super) moderation_hook_secret: Option<String>,

    /// Milliseconds that the hook may take [default: 2000]
    #[arg(long, env = "TALKBACK_MODERATION_HOOK_TIMEOUT_MS", value_name = "MS", global = true)]
    pub(super) moderation_hook_timeout_ms: Option<u64>,

    /// What a comment meets when the hook gives no answer [default: hold]
    #[arg(long, env = "TALKBACK_MODERATION_HOOK_FALLBACK", value_name = "HOLD|ALLOW", global = true)]
    pub(super) moderation_hook_fallback: Option<Fallback>,

    /// Certificates (PEM) of the authority that vouches for the hook over https, in the place of the system's
    #[arg(long, env = "TALKBACK_MODERATION_HOOK_CA", value_name = "FILE", global = true)]
    pub(super) moderation_hook_ca: Option<PathBuf>,

    /// Proxies that are believed about whom they speak for: addresses, or networks such as 10.0.0.0/8; repeatable
    #[arg(
        long = "trusted-proxy",
        env = "TALKBACK_TRUSTED_PROXY",
        value_name = "NETWORK",
        value_delimiter = ',',
        global = true
    )]
    pub(super) trusted_proxy: Vec<String>,

    /// The header in which they say so; no other is read [default: x-forwarded-for]
    #[arg(long, env = "TALKBACK_PROXY_HEADER", value_name = "HEADER", global = true)]
    pub(super) proxy_header: Option<ProxyHeader>,

    /// Address for /metrics, and nothing public; port 0 picks a free one [default: none]
    #[arg(long, env = "TALKBACK_METRICS_LISTEN", value_name = "ADDRESS:PORT", global = true)]
    pub(super) metrics_listen: Option<SocketAddr>,

    /// Operations that clients may ask for by name: a .graphql file, a .json manifest, or a directory of them
    #[arg(long, env = "TALKBACK_OPERATIONS", value_name = "FILE|DIR", global = true)]
    pub(super) operations: Option<PathBuf>,

    /// Run those operations and no others, but for the ones of Talkback's own pages [default: off]
    #[arg(
        long,
        env = "TALKBACK_OPERATIONS_ONLY",
        value_name = "ON|OFF",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "on",
        global = true
    )]
    pub(super) operations_only: Option<Switch>,

    /// Whether clients may read the schema; without, they are not helped with names either [default: on]
    #[arg(long, env = "TALKBACK_INTROSPECTION", value_name = "ON|OFF", global = true)]
    pub(super) introspection: Option<Switch>,

    /// Sets a limit by its name, such as depth=30; repeatable; the names are below
    #[arg(
        long = "limit",
        env = "TALKBACK_LIMIT",
        value_name = "NAME=NUMBER",
        value_delimiter = ',',
        global = true
    )]
    pub(super) limit: Vec<String>,

    /// How log lines look [default: text]
    #[arg(long, env = "TALKBACK_LOG_FORMAT", value_name = "FORMAT", global = true)]
    pub(super) log_format: Option<LogFormat>,

    #[command(flatten)]
    pub(super) sso: SsoSettings,
}
impl Settings {
    /// What a file says; nothing, where there is none.
    pub(super) fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let failed = |reason: String| ConfigError::File { path: path.display().to_string(), reason };
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|error| failed(error.message().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(failed(error.to_string())),
        }
    }
}
