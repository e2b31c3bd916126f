//! Bearer tokens: JWTs that this service signs with its own key (HS256, RFC 7519).

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::key::SigningKey;
use crate::clock::Clock;
use crate::domain::ids::UserId;
use crate::domain::user::{Role, User, Viewer};

/// Signs tokens and checks them.
#[derive(Clone)]
pub struct Tokens {
    encoding: Arc<EncodingKey>,
    decoding: Arc<DecodingKey>,
    clock: Arc<Clock>,
}

/// A token with its end.
#[derive(Clone, Debug)]
pub struct Session {
    /// The token.
    pub token: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Why a token is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadToken {
    /// Not a token of this service, or not signed with its key.
    #[error("The token is not one of this service: get a new one.")]
    Invalid,
    /// Its time is over.
    #[error("The token has expired: get a new one.")]
    Expired,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: Uuid,
    name: String,
    role: String,
    iat: i64,
    exp: i64,
}

const ISSUER: &str = "talkback";
/// Longer than any token that is signed here: what is longer is not looked at.
const TOKEN_MAX: usize = 4096;

impl Tokens {
    /// How long a guest's session lasts.
    pub const GUEST_TTL: Duration = Duration::days(30);

    /// Tokens under a key.
    #[must_use]
    pub fn new(key: &SigningKey, clock: Arc<Clock>) -> Self {
        Self {
            encoding: Arc::new(EncodingKey::from_secret(key.bytes())),
            decoding: Arc::new(DecodingKey::from_secret(key.bytes())),
            clock,
        }
    }

    /// A token for a person; `None` if it can't be signed, which is logged.
    #[must_use]
    pub fn issue(&self, user: &User, ttl: Duration) -> Option<Session> {
        let now = self.clock.now();
        let expires_at = now + ttl;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user.id.0,
            name: user.display_name.clone(),
            role: user.role.name().to_owned(),
            iat: now.timestamp(),
            exp: expires_at.timestamp(),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .inspect_err(|error| tracing::error!(%error, "signing a token failed"))
            .ok()
            .map(|token| Session { token, expires_at })
    }

    /// Whom a token stands for.
    ///
    /// # Errors
    /// [`BadToken`]: malformed, signed with another key or algorithm, or expired.
    pub fn verify(&self, token: &str) -> Result<Viewer, BadToken> {
        if token.len() > TOKEN_MAX {
            return Err(BadToken::Invalid);
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        // Checked below, on the service's own clock.
        validation.validate_exp = false;
        let claims =
            decode::<Claims>(token, &self.decoding, &validation).map_err(|_| BadToken::Invalid)?.claims;
        let role = Role::from_name(&claims.role).ok_or(BadToken::Invalid)?;
        let expires_at = DateTime::from_timestamp(claims.exp, 0).ok_or(BadToken::Invalid)?;
        if expires_at <= self.clock.now() {
            return Err(BadToken::Expired);
        }
        let user = User { id: UserId(claims.sub), display_name: claims.name, role };
        Ok(Viewer::Known { user, expires_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(secret: u8) -> (Tokens, Arc<Clock>) {
        let clock = Arc::new(Clock::manual(DateTime::UNIX_EPOCH + Duration::days(20_000)));
        (Tokens::new(&SigningKey::from_bytes([secret; 32]), Arc::clone(&clock)), clock)
    }

    fn ana() -> User {
        User { id: UserId(Uuid::from_u128(7)), display_name: "Ana".into(), role: Role::Moderator }
    }

    #[test]
    fn a_token_stands_for_its_person_until_it_ends() -> Result<(), BadToken> {
        let (tokens, clock) = tokens(1);
        let token = tokens.issue(&ana(), Duration::hours(1)).map(|session| session.token).unwrap_or_default();
        assert_eq!(tokens.verify(&token)?.user(), Some(&ana()));
        clock.advance(Duration::hours(1));
        assert_eq!(tokens.verify(&token), Err(BadToken::Expired));
        Ok(())
    }

    #[test]
    fn other_keys_other_algorithms_and_garbage_are_refused() {
        let (ours, _) = tokens(1);
        let (theirs, _) = tokens(2);
        let token = theirs.issue(&ana(), Duration::hours(1)).map(|session| session.token).unwrap_or_default();
        assert_eq!(ours.verify(&token), Err(BadToken::Invalid));
        // {"alg":"none","typ":"JWT"} with the body of a good token.
        let good = ours.issue(&ana(), Duration::hours(1)).map(|session| session.token).unwrap_or_default();
        let body = good.split('.').nth(1).unwrap_or_default();
        let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.");
        for bad in [none.as_str(), "", "x", "a.b.c", &"A".repeat(10_000)] {
            assert_eq!(ours.verify(bad), Err(BadToken::Invalid), "{bad:.40}");
        }
    }
}
