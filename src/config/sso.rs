//! Single sign-on: what an operator sets, checked as far as it can be without reading files or asking anybody.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use url::{Host, Url};

use super::ConfigError;
use crate::domain::user::Role;

/// Single sign-on by tokens of the host site; in talkback.toml the table [sso], without `sso-` in front.
///
/// The ids are spelled out: these are options of every command, and `talkback user add` has a role too.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SsoSettings {
    /// Who signs people in: the `iss` of the host site's tokens. Needed for single sign-on
    #[arg(
        id = "sso-issuer",
        long = "sso-issuer",
        env = "TALKBACK_SSO_ISSUER",
        value_name = "ISS",
        global = true
    )]
    issuer: Option<String>,

    /// Whom the tokens must be for (`aud`); repeatable, one is enough. Needed with --sso-jwks. Without it
    /// a token that names an audience is refused
    #[arg(
        id = "sso-audience",
        long = "sso-audience",
        env = "TALKBACK_SSO_AUDIENCE",
        value_name = "AUD",
        value_delimiter = ',',
        global = true
    )]
    audience: Vec<String>,

    /// File with the secret of HS256 tokens, at least 32 bytes; one on each line while it is changed. It is
    /// read again when it changes. TALKBACK_SSO_SECRET holds a secret itself
    #[arg(
        id = "sso-secret-file",
        long = "sso-secret-file",
        env = "TALKBACK_SSO_SECRET_FILE",
        value_name = "FILE",
        global = true
    )]
    secret_file: Option<PathBuf>,

    /// Public keys of RS256, ES256 and EdDSA tokens: a JWKS file, or its https:// address. New keys are
    /// noticed without a restart
    #[arg(
        id = "sso-jwks",
        long = "sso-jwks",
        env = "TALKBACK_SSO_JWKS",
        value_name = "FILE|URL",
        global = true
    )]
    jwks: Option<String>,

    /// How often the address is asked for new keys; for a key that is not known, at once, at most once in a
    /// twentieth of it [default: 600]
    #[arg(
        id = "sso-jwks-refresh",
        long = "sso-jwks-refresh",
        env = "TALKBACK_SSO_JWKS_REFRESH",
        value_name = "SECONDS",
        global = true
    )]
    jwks_refresh: Option<u32>,

    /// The claim that holds a person's role or roles, of which the highest counts [default: role]
    #[arg(
        id = "sso-role-claim",
        long = "sso-role-claim",
        env = "TALKBACK_SSO_ROLE_CLAIM",
        value_name = "CLAIM",
        global = true
    )]
    role_claim: Option<String>,

    /// What the host site calls a role, such as staff=MODERATOR; repeatable. Without it the site uses the names
    /// READER, MODERATOR, EDITOR, ADMIN. What is not named is a READER
    #[arg(
        id = "sso-role",
        long = "sso-role",
        env = "TALKBACK_SSO_ROLE",
        value_name = "NAME=ROLE",
        value_delimiter = ',',
        global = true
    )]
    role: Vec<String>,

    /// The most that a token of the host site can make of anybody [default: READER]
    #[arg(
        id = "sso-max-role",
        long = "sso-max-role",
        env = "TALKBACK_SSO_MAX_ROLE",
        value_name = "ROLE",
        global = true
    )]
    max_role: Option<String>,
}

/// A text that is not to be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Where the secret of HS256 tokens is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SecretSource {
    /// In the environment.
    Given(Secret),
    /// In a file.
    File(PathBuf),
}

/// Where public keys are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JwksSource {
    /// In a file.
    File(PathBuf),
    /// At an address.
    Url(Url),
}

/// Single sign-on as it is in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SsoConfig {
    /// `iss`.
    pub issuer: String,
    /// `aud`, any of them.
    pub audience: Vec<String>,
    /// The secret of HS256 tokens.
    pub secret: Option<SecretSource>,
    /// The public keys of others.
    pub jwks: Option<JwksSource>,
    /// How often an address is asked.
    pub refresh: Duration,
    /// Which claim holds the role.
    pub role_claim: String,
    /// What the site calls our roles.
    pub roles: Vec<(String, Role)>,
    /// The most that a token gives.
    pub max_role: Role,
}

impl SsoSettings {
    /// These settings, and those of a file where these say nothing.
    pub(super) fn over(self, file: Self) -> Self {
        let list = |own: Vec<String>, other| if own.is_empty() { other } else { own };
        Self {
            issuer: self.issuer.or(file.issuer),
            audience: list(self.audience, file.audience),
            secret_file: self.secret_file.or(file.secret_file),
            jwks: self.jwks.or(file.jwks),
            jwks_refresh: self.jwks_refresh.or(file.jwks_refresh),
            role_claim: self.role_claim.or(file.role_claim),
            role: list(self.role, file.role),
            max_role: self.max_role.or(file.max_role),
        }
    }

    /// What they come to, with a secret from the environment; `None`: there is no single sign-on.
    ///
    /// # Errors
    /// [`ConfigError`], in one line.
    pub(super) fn resolve(self, secret: Option<String>) -> Result<Option<SsoConfig>, ConfigError> {
        let wrong = |name, wanted| Err(ConfigError::Value { name, wanted });
        let secret = match (secret.filter(|secret| !secret.is_empty()), self.secret_file) {
            (Some(_), Some(_)) => {
                return wrong("TALKBACK_SSO_SECRET", "wanted beside --sso-secret-file: set one of the two");
            }
            (Some(secret), None) => Some(SecretSource::Given(Secret(secret))),
            (None, file) => file.map(SecretSource::File),
        };
        let jwks = self.jwks.as_deref().map(jwks_source).transpose()?;
        let Some(issuer) = self.issuer.filter(|issuer| !issuer.is_empty()) else {
            if secret.is_some() || jwks.is_some() {
                return wrong(
                    "--sso-issuer",
                    "set: single sign-on needs the `iss` of the host site's tokens",
                );
            }
            return Ok(None);
        };
        if issuer == crate::auth::ISSUER {
            return wrong(
                "--sso-issuer",
                "another name than `talkback`, which this service's own tokens have",
            );
        }
        if secret.is_none() && jwks.is_none() {
            return wrong("--sso-issuer", "enough: add --sso-secret-file or --sso-jwks");
        }
        if jwks.is_some() && self.audience.is_empty() {
            let wanted =
                "set: keys of a sign-in service sign tokens for other sites too, so --sso-jwks needs it";
            return wrong("--sso-audience", wanted);
        }
        let role = |name: &str| Role::from_name(name.trim());
        let mut roles = Vec::new();
        for pair in &self.role {
            match pair.rsplit_once('=').map(|(name, ours)| (name.trim().to_owned(), role(ours))) {
                Some((name, Some(role))) if !name.is_empty() => roles.push((name, role)),
                _ => {
                    return wrong(
                        "--sso-role",
                        "a pair such as staff=MODERATOR, of READER, MODERATOR, EDITOR, ADMIN",
                    );
                }
            }
        }
        let Some(max_role) = self.max_role.as_deref().map_or(Some(Role::Reader), role) else {
            return wrong("--sso-max-role", "one of READER, MODERATOR, EDITOR, ADMIN");
        };
        let refresh = self.jwks_refresh.unwrap_or(600);
        if !(20..=86_400).contains(&refresh) {
            return wrong("--sso-jwks-refresh", "a number of seconds from 20 to 86400");
        }
        Ok(Some(SsoConfig {
            issuer,
            audience: self.audience,
            secret,
            jwks,
            refresh: Duration::from_secs(u64::from(refresh)),
            role_claim: self.role_claim.unwrap_or_else(|| "role".to_owned()),
            roles,
            max_role,
        }))
    }
}

/// A file, or an address: over TLS, but on this machine, where nobody is in between.
fn jwks_source(text: &str) -> Result<JwksSource, ConfigError> {
    if !text.contains("://") {
        return Ok(JwksSource::File(PathBuf::from(text)));
    }
    let wrong = ConfigError::Value {
        name: "--sso-jwks",
        wanted: "a file or an https:// address (http:// only on this machine), without user and password",
    };
    let Ok(url) = Url::parse(text) else { return Err(wrong) };
    let is_safe = match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(&url),
        _ => false,
    };
    if is_safe && url.username().is_empty() && url.password().is_none() {
        Ok(JwksSource::Url(url))
    } else {
        Err(wrong)
    }
}

/// Whether an address is on this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> SsoSettings {
        toml::from_str(text).expect("it is TOML")
    }

    #[test]
    fn what_does_not_fit_together_is_said_in_one_line() {
        for (text, secret, about) in [
            ("secret-file = 'x'", None, "--sso-issuer is not set"),
            ("issuer = 'x'", None, "--sso-issuer is not enough"),
            ("issuer = 'talkback'\nsecret-file = 'x'", None, "--sso-issuer is not another name"),
            ("issuer = 'x'\njwks = 'keys.json'", None, "--sso-audience is not set"),
            ("issuer = 'x'\nsecret-file = 'x'", Some("y"), "TALKBACK_SSO_SECRET is not wanted"),
            ("issuer = 'x'\naudience = ['a']\njwks = 'http://id.example/keys'", None, "--sso-jwks is not"),
            ("issuer = 'x'\naudience = ['a']\njwks = 'https://u:p@id.example/'", None, "--sso-jwks is not"),
            ("issuer = 'x'\naudience = ['a']\njwks = 'ftp://id.example/'", None, "--sso-jwks is not"),
            ("issuer = 'x'\nsecret-file = 'x'\nrole = ['staff=BOSS']", None, "--sso-role is not"),
            ("issuer = 'x'\nsecret-file = 'x'\nmax-role = 'BOSS'", None, "--sso-max-role is not"),
            ("issuer = 'x'\nsecret-file = 'x'\njwks-refresh = 1", None, "--sso-jwks-refresh is not"),
        ] {
            let refused =
                settings(text).resolve(secret.map(str::to_owned)).map(|_| ()).unwrap_err().to_string();
            assert!(refused.starts_with(about) && !refused.contains('\n'), "{refused}");
        }
    }

    #[test]
    fn by_default_a_token_of_another_makes_a_reader() {
        let config = settings("issuer = 'x'\nsecret-file = 's'").resolve(None).unwrap().unwrap();
        assert_eq!(
            (config.max_role, &*config.role_claim, config.refresh.as_secs()),
            (Role::Reader, "role", 600)
        );
        assert_eq!(settings("").resolve(None).unwrap(), None);
    }
}
