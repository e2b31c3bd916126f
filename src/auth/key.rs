//! The key that tokens are signed with: made on the first start, then kept where the store is.

use std::io::Write;
use std::path::Path;

use super::hex;
use crate::private;
use crate::store::{Store, StoreError};

/// 256 bits that only this installation knows.
#[derive(Clone)]
pub struct SigningKey([u8; 32]);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read or written.
    #[error("can't use the signing key in {path}: {reason}")]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// What is there is not a key.
    #[error(
        "the signing key in {0} is not 64 hexadecimal digits; restore it, or delete it to make a new one (everybody signs in again)"
    )]
    Malformed(String),
    /// The machine has no randomness to give.
    #[error("can't make a signing key: {0}")]
    Random(#[from] getrandom::Error),
    /// The store that nodes share it through failed.
    #[error("can't read the signing key: {0}")]
    Store(#[from] StoreError),
}

impl SigningKey {
    /// A key of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) const fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn random() -> Result<Self, KeyError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    fn parse(text: &str, place: &str) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed(place.to_owned());
        let text = text.trim();
        if text.len() != 64 || !text.is_ascii() {
            return Err(malformed());
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| malformed())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| malformed())?;
        }
        Ok(Self(bytes))
    }

    /// The key of an installation on one machine: a file that only its owner can read.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let place = path.display().to_string();
        let failed =
            |error: std::io::Error| KeyError::File { path: place.clone(), reason: error.to_string() };
        match std::fs::read_to_string(path) {
            Ok(text) => {
                if private::is_open_to_all(path) {
                    tracing::warn!(
                        path = place,
                        "everybody on this machine can read the signing key: chmod 600 it"
                    );
                }
                return Self::parse(&text, &place);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let key = Self::random()?;
        match private::create(path) {
            Ok(mut file) => {
                writeln!(file, "{}", hex(&key.0)).and_then(|()| file.sync_all()).map_err(failed)?;
                Ok(key)
            }
            // Another process of the same installation made it in the meantime.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Self::parse(&std::fs::read_to_string(path).map_err(failed)?, &place)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// The key that all nodes on one database share: the first to come makes it.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn from_store(store: &Store) -> Result<Self, KeyError> {
        let made = hex(&Self::random()?.0);
        let kept = store.setting_or("signing_key", made).await?;
        Self::parse(&kept, "the database")
    }
}
