//! Where keys come from: environment, file, address. Whatever it is, it is read up to a bound and within a time.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use reqwest::{Client, StatusCode, redirect};
use tokio::io::AsyncReadExt;
use url::Url;

use super::keys::{BadKeys, Keys};
use crate::config::{JwksSource, Secret, SecretSource, is_loopback};

/// The largest file or answer that is read, in bytes.
const SIZE_MAX: usize = 256 * 1024;
/// How long an address may take, all in all.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// Why there are no keys: one line, without secrets.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file can't be read.
    #[error("can't read the single sign-on keys in {path}: {reason}")]
    File {
        /// Which.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// What is there is no good.
    #[error("can't use the single sign-on keys in {place}: {reason}")]
    Bad {
        /// Where.
        place: String,
        /// Why.
        reason: BadKeys,
    },
    /// It is larger than any set of keys.
    #[error("the single sign-on keys in {0} are larger than 256 KiB")]
    TooLarge(String),
    /// The address answered with something else than keys.
    #[error("{url} answered {status}, not with single sign-on keys (redirects are not followed)")]
    Status {
        /// Which address.
        url: Url,
        /// Its status.
        status: StatusCode,
    },
    /// The address does not answer, or says that it can't at present.
    #[error("{url} does not give its single sign-on keys at present: {reason}")]
    Unreachable {
        /// Which address.
        url: Url,
        /// What went wrong.
        reason: String,
    },
    /// The client that asks can't be made.
    #[error("can't ask for single sign-on keys: {0}")]
    Client(String),
}

impl SourceError {
    /// Whether it may be another time.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// See the module.
pub enum Source {
    /// A secret of the environment.
    Secret(Secret),
    /// A file of secrets.
    SecretFile(PathBuf),
    /// A file of public keys.
    JwksFile(PathBuf),
    /// An address of public keys.
    JwksUrl(Client, Url),
}

/// By what one sees that a file was written again.
pub type Stamp = (SystemTime, u64);

impl Source {
    /// The secret's.
    pub fn secret(source: &SecretSource) -> Self {
        match source {
            SecretSource::Given(secret) => Self::Secret(secret.clone()),
            SecretSource::File(path) => Self::SecretFile(path.clone()),
        }
    }

    /// The public keys'.
    ///
    /// # Errors
    /// [`SourceError::Client`].
    pub fn jwks(source: &JwksSource) -> Result<Self, SourceError> {
        let url = match source {
            JwksSource::File(path) => return Ok(Self::JwksFile(path.clone())),
            JwksSource::Url(url) => url.clone(),
        };
        // A redirect could lead anywhere, inside the newsroom's network too.
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(ANSWER_WAIT)
            .user_agent(concat!("talkback/", env!("CARGO_PKG_VERSION")));
        let client = if is_loopback(&url) { client.no_proxy() } else { client.https_only(true) };
        let client = client.build().map_err(|error| SourceError::Client(error.to_string()))?;
        Ok(Self::JwksUrl(client, url))
    }

    /// The file to keep an eye on, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::SecretFile(path) | Self::JwksFile(path) => Some(path),
            Self::Secret(_) | Self::JwksUrl(..) => None,
        }
    }

    /// Whether it can be asked for a key that is not known.
    pub const fn can_be_asked(&self) -> bool {
        matches!(self, Self::JwksUrl(..))
    }

    /// The keys that are there now.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn read(&self) -> Result<Keys, SourceError> {
        let bad = |place: String| move |reason| SourceError::Bad { place, reason };
        match self {
            Self::Secret(secret) => {
                Keys::from_secrets(&secret.0).map_err(bad("TALKBACK_SSO_SECRET".to_owned()))
            }
            Self::SecretFile(path) => {
                let bytes = read_file(path).await?;
                Keys::from_secrets(&String::from_utf8_lossy(&bytes)).map_err(bad(path.display().to_string()))
            }
            Self::JwksFile(path) => {
                Keys::from_jwks(&read_file(path).await?).map_err(bad(path.display().to_string()))
            }
            Self::JwksUrl(client, url) => {
                Keys::from_jwks(&fetch(client, url).await?).map_err(bad(url.to_string()))
            }
        }
    }

    /// When its file was written last; `None` where there is none, or none that can be seen.
    pub async fn stamp(&self) -> Option<Stamp> {
        let metadata = tokio::fs::metadata(self.file()?).await.ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    }
}

async fn read_file(path: &Path) -> Result<Vec<u8>, SourceError> {
    let failed = |error: std::io::Error| SourceError::File {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(SIZE_MAX as u64 + 1).read_to_end(&mut bytes).await.map_err(failed)?;
    if bytes.len() > SIZE_MAX { Err(SourceError::TooLarge(path.display().to_string())) } else { Ok(bytes) }
}

async fn fetch(client: &Client, url: &Url) -> Result<Vec<u8>, SourceError> {
    let unreachable = |error: reqwest::Error| {
        let mut reason = error.without_url().to_string();
        reason.retain(|c| c != '\n');
        SourceError::Unreachable { url: url.clone(), reason }
    };
    let mut response = client.get(url.clone()).send().await.map_err(unreachable)?;
    let status = response.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(SourceError::Unreachable { url: url.clone(), reason: format!("it answered {status}") });
    }
    if status != StatusCode::OK {
        return Err(SourceError::Status { url: url.clone(), status });
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > SIZE_MAX {
            return Err(SourceError::TooLarge(url.to_string()));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
