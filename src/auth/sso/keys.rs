//! Secrets and key sets, and which of their keys a token may be checked with.
//!
//! A key is for one algorithm, which the key says and never the token: so a public key is never taken for a
//! secret, and a token without a signature for a signed one.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::auth::hex;

/// The shortest secret (RFC 7518, section 3.2: as long as the hash).
pub const SECRET_MIN: usize = 32;
/// The shortest modulus of RSA, in bits (RFC 7518, section 3.3).
const RSA_MIN_BITS: usize = 2_048;
/// Keys of one set.
const KEYS_MAX: usize = 64;

/// Why something is no set of keys.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadKeys {
    /// A secret that could be guessed.
    #[error("a secret has at least {SECRET_MIN} bytes; `openssl rand -hex 32` makes one")]
    ShortSecret,
    /// There is none.
    #[error("there is no secret in it")]
    NoSecret,
    /// It is not a JWKS (RFC 7517, section 5).
    #[error("it is not a JWKS: an object with a list `keys`")]
    NotJwks,
    /// Nothing in it can check RS256, ES256 or EdDSA.
    #[error(
        "none of its keys is for signatures by RS256, ES256 or EdDSA (RSA from 2048 bits, P-256, Ed25519)"
    )]
    NoKey,
    /// More than are looked at.
    #[error("it has more than {KEYS_MAX} keys")]
    TooMany,
}

/// A key.
pub struct Key {
    /// What it is, in short: the same key has the same one after a restart.
    pub id: String,
    kid: Option<String>,
    algorithm: Algorithm,
    /// What checks a signature.
    pub decoding: DecodingKey,
}

/// Keys that are in force together.
#[derive(Default)]
pub struct Keys(Vec<Key>);

impl Keys {
    /// Secrets, one on each line.
    ///
    /// # Errors
    /// [`BadKeys`].
    pub fn from_secrets(text: &str) -> Result<Self, BadKeys> {
        let secrets: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        match secrets.len() {
            0 => return Err(BadKeys::NoSecret),
            count if count > KEYS_MAX => return Err(BadKeys::TooMany),
            _ => {}
        }
        if secrets.iter().any(|secret| secret.len() < SECRET_MIN) {
            return Err(BadKeys::ShortSecret);
        }
        let key = |secret: &str| Key {
            id: id(&[b"HS256", secret.as_bytes()]),
            kid: None,
            algorithm: Algorithm::HS256,
            decoding: DecodingKey::from_secret(secret.as_bytes()),
        };
        Ok(Self(secrets.into_iter().map(key).collect()))
    }

    /// A JWKS. Keys for other purposes and of other kinds are passed over; above all secrets, which have no
    /// place in what everybody may read.
    ///
    /// # Errors
    /// [`BadKeys`].
    pub fn from_jwks(text: &[u8]) -> Result<Self, BadKeys> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let set: Set = serde_json::from_slice(text).map_err(|_| BadKeys::NotJwks)?;
        if set.keys.len() > KEYS_MAX {
            return Err(BadKeys::TooMany);
        }
        let keys: Vec<Key> =
            set.keys.into_iter().filter_map(|key| public_key(serde_json::from_value(key).ok()?)).collect();
        if keys.is_empty() { Err(BadKeys::NoKey) } else { Ok(Self(keys)) }
    }

    /// Whether a key is among them.
    pub fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id == id)
    }

    /// Whether they are the same.
    pub fn are(&self, others: &Self) -> bool {
        self.0.len() == others.0.len() && self.0.iter().all(|key| others.has(&key.id))
    }

    /// Whether any of them may check a token of this header.
    pub fn may_check(&self, algorithm: Algorithm, kid: Option<&str>) -> bool {
        self.candidates(algorithm, kid).next().is_some()
    }

    /// Those that may check a token of this header: any secret; of public keys the one that it names, or the
    /// only one where it names none.
    pub fn candidates(&self, algorithm: Algorithm, kid: Option<&str>) -> impl Iterator<Item = &Key> {
        let of_kind = self.0.iter().filter(move |key| key.algorithm == algorithm);
        let is_only_one = of_kind.clone().count() == 1;
        of_kind.filter(move |key| match (algorithm, kid) {
            (Algorithm::HS256, _) => true,
            (_, Some(kid)) => key.kid.as_deref() == Some(kid),
            (_, None) => is_only_one,
        })
    }
}

fn public_key(jwk: Jwk) -> Option<Key> {
    match jwk.common.public_key_use {
        None | Some(PublicKeyUse::Signature) => {}
        Some(_) => return None,
    }
    let (algorithm, id) = match &jwk.algorithm {
        AlgorithmParameters::RSA(key) if bits(&key.n) >= RSA_MIN_BITS => {
            (Algorithm::RS256, id(&[b"RS256", key.n.as_bytes(), key.e.as_bytes()]))
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, id(&[b"ES256", key.x.as_bytes(), key.y.as_bytes()]))
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, id(&[b"EdDSA", key.x.as_bytes()]))
        }
        _ => return None,
    };
    // A key that says what it is for is for nothing else.
    let said = match jwk.common.key_algorithm {
        None => algorithm,
        Some(KeyAlgorithm::RS256) => Algorithm::RS256,
        Some(KeyAlgorithm::ES256) => Algorithm::ES256,
        Some(KeyAlgorithm::EdDSA) => Algorithm::EdDSA,
        Some(_) => return None,
    };
    let decoding = DecodingKey::from_jwk(&jwk).ok()?;
    (said == algorithm).then_some(Key { id, kid: jwk.common.key_id, algorithm, decoding })
}

/// The length of a modulus in base64url: six bits a digit, and a first byte that is not zero.
fn bits(modulus: &str) -> usize {
    modulus.trim_start_matches('A').len() * 6
}

fn id(parts: &[&[u8]]) -> String {
    let digest = parts.iter().fold(Sha256::new(), |digest, part| digest.chain_update(part).chain_update([0]));
    hex(&digest.finalize()[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_lines_and_long_enough() {
        let (old, new) = ("0".repeat(32), "1".repeat(40));
        let keys = Keys::from_secrets(&format!("{old}\n\n {new} \n")).expect("two secrets");
        assert_eq!(keys.candidates(Algorithm::HS256, Some("whatever")).count(), 2);
        assert!(!keys.may_check(Algorithm::RS256, None), "a secret is for HS256 alone");
        assert_eq!(Keys::from_secrets("short").map(|_| ()), Err(BadKeys::ShortSecret));
        assert_eq!(Keys::from_secrets("\n").map(|_| ()), Err(BadKeys::NoSecret));
    }

    #[test]
    fn of_a_jwks_only_keys_for_signatures_count() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let jwks =
            |key: &str| Keys::from_jwks(format!(r#"{{"keys":[{key}]}}"#).as_bytes()).map(|keys| keys.0.len());
        let okp = |rest: &str| jwks(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"{rest}}}"#));
        assert_eq!(okp(r#","kid":"a","use":"sig","alg":"EdDSA""#), Ok(1));
        assert_eq!(okp(""), Ok(1));
        assert_eq!(okp(r#","use":"enc""#), Err(BadKeys::NoKey));
        assert_eq!(okp(r#","alg":"RS256""#), Err(BadKeys::NoKey), "it says that it is for something else");
        assert_eq!(
            jwks(r#"{"kty":"oct","k":"c2VjcmV0"}"#),
            Err(BadKeys::NoKey),
            "no secret out of a public file"
        );
        assert_eq!(
            jwks(&format!(r#"{{"kty":"RSA","e":"AQAB","n":"{}"}}"#, "s".repeat(171))),
            Err(BadKeys::NoKey)
        );
        for text in ["", "[]", "{}", r#"{"keys":{}}"#, "<html>"] {
            assert_eq!(Keys::from_jwks(text.as_bytes()).map(|_| ()), Err(BadKeys::NotJwks), "{text}");
        }
    }

    #[test]
    fn without_a_name_the_only_key_is_meant() {
        let key = |kid: &str, x: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{x}"}}"#);
        let (a, b) = (key("a", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), key("b", &"A".repeat(43)));
        let one = Keys::from_jwks(format!(r#"{{"keys":[{a}]}}"#).as_bytes()).expect("a key");
        let two = Keys::from_jwks(format!(r#"{{"keys":[{a},{b}]}}"#).as_bytes()).expect("two keys");
        assert!(one.may_check(Algorithm::EdDSA, None) && one.may_check(Algorithm::EdDSA, Some("a")));
        assert!(!one.may_check(Algorithm::EdDSA, Some("b")));
        assert!(!two.may_check(Algorithm::EdDSA, None) && two.may_check(Algorithm::EdDSA, Some("b")));
        assert!(!one.are(&two) && two.are(&two));
    }
}
