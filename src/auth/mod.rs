//! Credentials → somebody who is let in, one path for HTTP, WebSocket and server-sent events. A credential
//! that is not good is refused; it never makes somebody anonymous.
//!
//! | file | what lives there |
//! |---|---|
//! | `gate` | the way in, and what shows people out again |
//! | `grant` | credentials found good, kept so that checking costs nothing the next time |
//! | `tokens`, `key` | our own bearer tokens, and the key that signs them |
//! | `password` | local accounts: argon2id, and bounds on attempts |
//! | `sso` | tokens of the host site, and the keys that check them |
//! | `refused` | why a credential is not taken |

mod gate;
mod grant;
mod key;
pub mod password;
mod refused;
mod sso;
mod tokens;

pub use gate::{End, Gate};
pub use grant::Grant;
pub use key::{KeyError, SigningKey};
pub use refused::Refused;
pub use sso::{SourceError, Sso};
pub(crate) use tokens::ISSUER;
pub use tokens::{Session, Tokens};

use sha2::{Digest, Sha256};

/// The longest token that is looked at, in bytes.
const TOKEN_MAX: usize = 8 * 1024;

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
