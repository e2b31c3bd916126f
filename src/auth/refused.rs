//! Why a credential is not taken. What the message says is all that a stranger learns.

use crate::store::StoreError;

/// See the module.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// Not a token that anybody known here signed: malformed, of another key, or of an algorithm that the
    /// key is not for (`none` is for no key).
    #[error("The token is not one of this service: get a new one.")]
    Invalid,
    /// Its time is over.
    #[error("The token has expired: get a new one.")]
    Expired,
    /// Its time has not come.
    #[error("The token is not valid yet: compare the clocks.")]
    Early,
    /// Somebody else vouches than is known here.
    #[error("The token's issuer (`iss`) is not one that this service trusts.")]
    Issuer,
    /// It is meant for another service.
    #[error("The token is for another audience (`aud`) than this service.")]
    Audience,
    /// A claim that is needed is missing or not of its form.
    #[error("The token's claim `{0}` is missing or not of its form.")]
    Claim(&'static str),
    /// It names a key that the issuer does not publish, or none where there are several.
    #[error("The token's key (`kid`) is not one that its issuer publishes.")]
    UnknownKey,
    /// Signed out: this session, or all of the person's.
    #[error("This session has ended: sign in again.")]
    Ended,
    /// The account was deleted.
    #[error("The account of this token is gone: sign in again.")]
    Gone,
    /// The issuer's keys could not be fetched yet: it may be good.
    #[error("The token can't be checked at present: try again in a few seconds.")]
    Unavailable,
    /// Our fault, logged under this trace id.
    #[error("Something went wrong on our side. Quote {0} when you report it.")]
    Fault(String),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::fault(&error)
    }
}

impl Refused {
    /// Our fault: logged here, once, with its cause.
    #[must_use]
    pub fn fault(cause: &dyn std::error::Error) -> Self {
        let trace_id = getrandom::u64().map_or_else(|_| "unknown".to_owned(), |id| format!("{id:016x}"));
        tracing::error!(%trace_id, %cause, "a credential could not be checked");
        Self::Fault(trace_id)
    }

    /// The stable code of the error. Whoever gets UNAUTHENTICATED needs another credential, whoever gets
    /// another one may come back with the same.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid
            | Self::Expired
            | Self::Early
            | Self::Issuer
            | Self::Audience
            | Self::Claim(_)
            | Self::UnknownKey
            | Self::Ended
            | Self::Gone => "UNAUTHENTICATED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Fault(_) => "INTERNAL",
        }
    }

    /// Which kind it is, for programs: `extensions.reason`.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Invalid => "TOKEN_INVALID",
            Self::Expired => "TOKEN_EXPIRED",
            Self::Early => "TOKEN_NOT_YET_VALID",
            Self::Issuer => "TOKEN_ISSUER",
            Self::Audience => "TOKEN_AUDIENCE",
            Self::Claim(_) => "TOKEN_CLAIM",
            Self::UnknownKey => "TOKEN_KEY_UNKNOWN",
            Self::Ended => "SESSION_ENDED",
            Self::Gone => "ACCOUNT_GONE",
            Self::Unavailable => "KEYS_UNAVAILABLE",
            Self::Fault(_) => "INTERNAL",
        }
    }
}
