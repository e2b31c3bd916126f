//! Single sign-on: people whom the host site vouches for, by a JWT (RFC 7519) of its own.
//!
//! | file | what lives there |
//! |---|---|
//! | `keys` | secrets and key sets, and which of their keys a token may be checked with |
//! | `source` | where they come from: environment, file, address |
//! | `ring` | the keys in force, kept current while the service runs |
//! | `claims` | what a token says about a person, as far as that is taken |

mod claims;
mod keys;
mod ring;
mod source;

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use claims::Rules;
pub(super) use claims::Vouched;
use ring::Ring;
use source::Source;
pub use source::SourceError;

use super::Refused;
use crate::clock::Instant;
use crate::config::SsoConfig;
use crate::domain::user::Role;

/// See the module.
pub struct Sso {
    rules: Rules,
    secrets: Option<Ring>,
    public: Option<Ring>,
}

impl Sso {
    /// Reads the keys that a configuration names. An address that does not answer is asked again later; until
    /// then its tokens can't be checked.
    ///
    /// # Errors
    /// [`SourceError`], in one line: what is there is no good.
    pub async fn open(config: &SsoConfig) -> Result<Self, SourceError> {
        let secrets = match &config.secret {
            Some(source) => Some(Ring::open(Source::secret(source), config.refresh).await?),
            None => None,
        };
        let public = match &config.jwks {
            Some(source) => Some(Ring::open(Source::jwks(source)?, config.refresh).await?),
            None => None,
        };
        Ok(Self { rules: Rules::of(config), secrets, public })
    }

    /// Who vouches.
    pub(super) fn issuer(&self) -> &str {
        self.rules.issuer()
    }

    /// The most that a token gives.
    pub(super) const fn max_role(&self) -> Role {
        self.rules.max_role()
    }

    /// Whether a key that signed a token is still in force.
    pub(super) fn has_key(&self, id: &str) -> bool {
        [&self.secrets, &self.public].into_iter().flatten().any(|ring| ring.keys().has(id))
    }

    /// Whom a token vouches for.
    ///
    /// # Errors
    /// [`Refused`].
    pub(super) async fn check(&self, token: &str, now: Instant) -> Result<Vouched, Refused> {
        // `none` and whatever else is not known here does not even parse.
        let header = decode_header(token).map_err(|_| Refused::Invalid)?;
        // RFC 7515, section 4.1.11: what must be understood, and is not, is refused.
        if header.crit.is_some() {
            return Err(Refused::Invalid);
        }
        let kid = header.kid.as_deref();
        let (ring, algorithm) = match (header.alg, &self.secrets, &self.public) {
            (Algorithm::HS256, Some(ring), _) => (ring, Algorithm::HS256),
            (algorithm @ (Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA), _, Some(ring)) => {
                (ring, algorithm)
            }
            _ => return Err(Refused::Invalid),
        };
        let mut keys = ring.keys();
        if !keys.may_check(algorithm, kid) && ring.ask_again().await {
            keys = ring.keys();
        }
        if !keys.may_check(algorithm, kid) {
            return Err(if ring.is_filled() { Refused::UnknownKey } else { Refused::Unavailable });
        }
        let (key, claims) = keys
            .candidates(algorithm, kid)
            .find_map(|key| {
                let mut validation = Validation::new(algorithm);
                // The claims are checked below, each with an answer of its own, on the service's clock.
                validation.required_spec_claims.clear();
                validation.validate_exp = false;
                validation.validate_aud = false;
                let decoded = decode::<Map<String, Value>>(token, &key.decoding, &validation);
                decoded.ok().map(|decoded| (key, decoded.claims))
            })
            .ok_or(Refused::Invalid)?;
        self.rules.read(&claims, key.id.clone(), now)
    }

    /// Keeps the keys current until `stopping`, and calls `changed` after each change.
    pub(super) async fn watch(&self, stopping: CancellationToken, changed: impl Fn() + Sync) {
        let watch = async |ring: &Option<Ring>| {
            if let Some(ring) = ring {
                ring.watch(&changed).await;
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            ((), ()) = async { tokio::join!(watch(&self.secrets), watch(&self.public)) } => {}
        }
    }
}
