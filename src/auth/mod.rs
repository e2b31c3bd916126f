//! Credentials → [`Viewer`], one path for HTTP, WebSocket and server-sent events. A credential that is not
//! good is refused; it never makes somebody anonymous.

mod key;
mod tokens;

pub use key::{KeyError, SigningKey};
pub use tokens::{BadToken, Session, Tokens};

use sha2::{Digest, Sha256};

/// A code that signs somebody in once: 128 random bits, of which the store keeps the digest alone.
///
/// # Errors
/// The machine has no randomness to give.
pub fn sign_in_code() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

/// What the store keeps of a code.
#[must_use]
pub fn digest(code: &str) -> String {
    hex(&Sha256::digest(code.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
