//! Bearer tokens: JWTs that this service signs with its own key (HS256, RFC 7519).

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Refused;
use super::key::SigningKey;
use crate::clock::Clock;
use crate::domain::ids::{SessionId, UserId};
use crate::domain::user::User;

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

/// What a token of ours says. Name and role are the account's, as they are when it is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Own {
    pub user: UserId,
    pub session: SessionId,
    pub epoch: i32,
    pub expires_at: DateTime<Utc>,
}

/// Whether a token claims to be one of ours. That it is, is for [`Tokens::check`] to say.
pub(super) fn claims_to_be_ours(token: &str) -> bool {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    jsonwebtoken::dangerous::insecure_decode_claims::<Issuer>(token).is_ok_and(|claims| claims.iss == ISSUER)
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: Uuid,
    /// The session.
    sid: Uuid,
    /// The account's epoch.
    epoch: i32,
    iat: i64,
    exp: i64,
}

/// Who vouches for our own tokens.
pub const ISSUER: &str = "talkback";

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

    /// A token for a person whose account is in this epoch.
    ///
    /// # Errors
    /// [`Refused::Fault`]: it can't be signed.
    pub fn issue(&self, user: &User, epoch: i32, ttl: Duration) -> Result<Session, Refused> {
        let now = self.clock.now();
        let expires_at = now + ttl;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user.id.0,
            sid: self.clock.new_id(),
            epoch,
            iat: now.timestamp(),
            exp: expires_at.timestamp(),
        };
        let token = encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|error| Refused::fault(&error))?;
        Ok(Session { token, expires_at })
    }

    /// What a token of ours says.
    ///
    /// # Errors
    /// [`Refused`]: malformed, signed with another key or algorithm, or expired.
    pub(super) fn check(&self, token: &str) -> Result<Own, Refused> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        // Checked below, on the service's own clock.
        validation.validate_exp = false;
        let claims =
            decode::<Claims>(token, &self.decoding, &validation).map_err(|_| Refused::Invalid)?.claims;
        let expires_at = DateTime::from_timestamp(claims.exp, 0).ok_or(Refused::Invalid)?;
        if expires_at <= self.clock.now() {
            return Err(Refused::Expired);
        }
        let (user, session) = (UserId(claims.sub), SessionId(claims.sid));
        Ok(Own { user, session, epoch: claims.epoch, expires_at })
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
        let id = UserId(Uuid::from_u128(7));
        User { id, display_name: "Ana".into(), role: crate::domain::user::Role::Moderator }
    }

    fn issue(tokens: &Tokens) -> String {
        tokens.issue(&ana(), 3, Duration::hours(1)).map(|session| session.token).unwrap_or_default()
    }

    #[test]
    fn a_token_stands_for_its_person_until_it_ends() -> Result<(), Refused> {
        let (tokens, clock) = tokens(1);
        let token = issue(&tokens);
        let own = tokens.check(&token)?;
        assert_eq!((own.user, own.epoch), (ana().id, 3));
        assert_ne!(tokens.check(&issue(&tokens))?.session, own.session, "each is a session of its own");
        clock.advance(Duration::hours(1));
        assert_eq!(tokens.check(&token), Err(Refused::Expired));
        Ok(())
    }

    #[test]
    fn other_keys_other_algorithms_and_garbage_are_refused() {
        let (ours, _) = tokens(1);
        let (theirs, _) = tokens(2);
        assert_eq!(ours.check(&issue(&theirs)), Err(Refused::Invalid));
        // {"alg":"none","typ":"JWT"} with the body of a good token.
        let good = issue(&ours);
        let body = good.split('.').nth(1).unwrap_or_default();
        let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.");
        for bad in [none.as_str(), "", "x", "a.b.c", &"A".repeat(10_000)] {
            assert_eq!(ours.check(bad), Err(Refused::Invalid), "{bad:.40}");
        }
    }
}
