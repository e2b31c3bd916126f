//! What a token says about a person, as far as that is taken.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value};
use unicode_segmentation::UnicodeSegmentation;

use crate::auth::Refused;
use crate::clock::Instant;
use crate::config::SsoConfig;
use crate::domain::text;
use crate::domain::user::{Role, User};
use crate::store::CLOCKS_DIFFER;

/// How far two clocks may be apart: for `exp`, `nbf` and `iat`.
const LEEWAY: Duration = CLOCKS_DIFFER;
/// The longest `sub`, in bytes (OpenID Connect Core, section 2).
const SUBJECT_MAX: usize = 255;

/// A person whom the host site vouches for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vouched {
    /// `sub`: who it is to them.
    pub subject: String,
    /// `name`, cut to what fits.
    pub name: String,
    /// Their role, no more than tokens may give.
    pub role: Role,
    /// `iat`: what orders tokens of one person, and what tells those from before a sign-out.
    pub as_of: DateTime<Utc>,
    /// From when on it is refused.
    pub expires_at: DateTime<Utc>,
    /// The key that signed it.
    pub key: String,
}

/// What is expected of a token.
pub struct Rules {
    issuer: String,
    audience: Vec<String>,
    role_claim: String,
    roles: Vec<(String, Role)>,
    max_role: Role,
}

impl Rules {
    /// Those of a configuration.
    pub fn of(config: &SsoConfig) -> Self {
        Self {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            role_claim: config.role_claim.clone(),
            roles: config.roles.clone(),
            max_role: config.max_role,
        }
    }

    /// Who vouches.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The most that a token gives.
    pub const fn max_role(&self) -> Role {
        self.max_role
    }

    /// Reads the claims of a token whose signature is good.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn read(&self, claims: &Map<String, Value>, key: String, now: Instant) -> Result<Vouched, Refused> {
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(Refused::Issuer);
        }
        if !self.is_for_us(claims.get("aud")) {
            return Err(Refused::Audience);
        }
        let exp = date(claims, "exp")?.ok_or(Refused::Claim("exp"))?;
        let expires_at = exp.checked_add_signed(LEEWAY).ok_or(Refused::Claim("exp"))?;
        if expires_at <= now {
            return Err(Refused::Expired);
        }
        let as_of = date(claims, "iat")?.ok_or(Refused::Claim("iat"))?;
        for not_before in date(claims, "nbf")?.into_iter().chain([as_of]) {
            if not_before > now + LEEWAY {
                return Err(Refused::Early);
            }
        }
        let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
        if subject.is_empty() || subject.len() > SUBJECT_MAX {
            return Err(Refused::Claim("sub"));
        }
        let name = claims.get("name").and_then(Value::as_str).map(name).unwrap_or_default();
        if name.is_empty() {
            return Err(Refused::Claim("name"));
        }
        Ok(Vouched {
            subject: subject.to_owned(),
            name,
            role: self.role(claims.get(&self.role_claim)).min(self.max_role),
            as_of,
            expires_at,
            key,
        })
    }

    /// RFC 7519, section 4.1.3: one text or several; who is not among them refuses, and so does who has no name.
    fn is_for_us(&self, audience: Option<&Value>) -> bool {
        let is_ours =
            |name: &Value| name.as_str().is_some_and(|name| self.audience.iter().any(|ours| ours == name));
        match audience {
            None => self.audience.is_empty(),
            Some(Value::Array(names)) => names.iter().any(is_ours),
            Some(name) => is_ours(name),
        }
    }

    /// The highest of the roles that are known here; whoever has none reads and comments.
    fn role(&self, claim: Option<&Value>) -> Role {
        let of = |name: &str| match &*self.roles {
            [] => Role::from_name(name),
            roles => roles.iter().filter(|(theirs, _)| theirs == name).map(|(_, role)| *role).max(),
        };
        let names: Vec<&str> = match claim {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        names.into_iter().filter_map(of).max().unwrap_or(Role::Reader)
    }
}

/// A NumericDate (RFC 7519, section 2): seconds, and parts of them, which are let go.
fn date(claims: &Map<String, Value>, name: &'static str) -> Result<Option<DateTime<Utc>>, Refused> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    #[expect(clippy::cast_possible_truncation, reason = "what is out of range is no date either")]
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
    let date = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    date.map(Some).ok_or(Refused::Claim(name))
}

/// As names are here: one line, and no longer than others'.
fn name(text: &str) -> String {
    let name: String = text::single_line(text).graphemes(true).take(User::NAME_MAX).collect();
    let end =
        name.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= User::NAME_MAX * 16);
    let end = end.last().unwrap_or(0);
    name[..end].trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rules() -> Rules {
        Rules {
            issuer: "https://news.example".into(),
            audience: vec!["talkback".into(), "comments".into()],
            role_claim: "groups".into(),
            roles: vec![("staff".into(), Role::Moderator), ("desk".into(), Role::Admin)],
            max_role: Role::Editor,
        }
    }

    fn now() -> Instant {
        DateTime::from_timestamp(1_000_000, 0).expect("a date")
    }

    /// A good token's claims with some of them otherwise; null takes one away.
    fn read(changes: Value) -> Result<Vouched, Refused> {
        let mut claims = json!({
            "iss": "https://news.example", "aud": "talkback", "sub": "7", "name": "Ana", "groups": "staff",
            "iat": 999_990, "nbf": 999_990, "exp": 1_000_300
        });
        for (name, value) in changes.as_object().expect("changes") {
            claims[name] = value.clone();
        }
        let claims = claims.as_object().expect("claims").clone();
        let claims = claims.into_iter().filter(|(_, value)| !value.is_null()).collect();
        rules().read(&claims, "key".into(), now())
    }

    #[test]
    fn a_good_token_vouches_for_its_person() {
        let ana = read(json!({})).expect("it is good");
        assert_eq!((&*ana.subject, &*ana.name, ana.role), ("7", "Ana", Role::Moderator));
        assert_eq!(ana.expires_at.timestamp(), 1_000_330);
        assert!(read(json!({ "aud": ["other", "comments"] })).is_ok());
        assert_eq!(read(json!({ "name": "x".repeat(500) })).expect("cut").name.len(), User::NAME_MAX);
        let long = format!("a{}", "\u{301}".repeat(10_000));
        assert!(read(json!({ "name": long })).expect("cut").name.len() <= User::NAME_MAX * 16);
    }

    #[test]
    fn roles_are_mapped_and_bounded() {
        let role = |groups: Value| read(json!({ "groups": groups })).expect("it is good").role;
        assert_eq!(role(json!(["readers", "staff"])), Role::Moderator);
        assert_eq!(role(json!("desk")), Role::Editor, "no more than tokens may give");
        for unknown in [json!("ADMIN"), json!("Staff"), json!(null), json!(7), json!([]), json!({})] {
            assert_eq!(role(unknown), Role::Reader);
        }
    }

    #[test]
    fn each_claim_that_is_wrong_has_its_answer() {
        for (changes, refused) in [
            (json!({ "iss": "https://evil.example" }), Refused::Issuer),
            (json!({ "iss": null }), Refused::Issuer),
            (json!({ "aud": "other" }), Refused::Audience),
            (json!({ "aud": [] }), Refused::Audience),
            (json!({ "aud": null }), Refused::Audience),
            (json!({ "exp": null }), Refused::Claim("exp")),
            (json!({ "exp": "soon" }), Refused::Claim("exp")),
            (json!({ "exp": 1e300 }), Refused::Claim("exp")),
            (json!({ "exp": 999_970 }), Refused::Expired),
            (json!({ "nbf": 1_000_031 }), Refused::Early),
            (json!({ "iat": 1_000_031 }), Refused::Early),
            (json!({ "iat": null }), Refused::Claim("iat")),
            (json!({ "sub": null }), Refused::Claim("sub")),
            (json!({ "sub": "" }), Refused::Claim("sub")),
            (json!({ "sub": 7 }), Refused::Claim("sub")),
            (json!({ "sub": "x".repeat(256) }), Refused::Claim("sub")),
            (json!({ "name": null }), Refused::Claim("name")),
            (json!({ "name": " \n " }), Refused::Claim("name")),
        ] {
            assert_eq!(read(changes.clone()), Err(refused), "{changes}");
        }
        assert!(
            read(json!({ "exp": 999_971, "nbf": 1_000_030, "iat": 1_000_030.5 })).is_ok(),
            "thirty seconds"
        );
    }
}
