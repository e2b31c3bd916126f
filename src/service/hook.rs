//! The operator's hook: another program that has its say on what comes in, before anything is written.
//!
//! It is asked over HTTP, outside any transaction, for a bounded time, by a bounded number of requests at once. Its address
//! comes from the operator's configuration alone; a redirect is not followed. What it answers is read up to a bound. Whatever
//! goes wrong, the comment meets the fallback that the operator chose, and its trace says what went wrong.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use tokio::sync::Semaphore;

use crate::domain::rules::{Finding, Outcome, Rule};
use crate::domain::text;

/// Requests to the hook at once; more wait, as long as one may take.
const AT_ONCE: usize = 32;
/// Bytes of an answer that are read.
const ANSWER_MAX: usize = 16 * 1024;
/// Characters of what the hook says that a trace keeps.
const DETAIL_MAX: usize = 300;

/// What an operator sets of the hook.
#[derive(Clone, PartialEq, Eq)]
pub struct HookConfig {
    /// Where it is: http or https.
    pub url: String,
    /// What its requests are signed with.
    pub secret: String,
    /// How long it may take.
    pub timeout: Duration,
    /// What a comment meets when it can't be asked.
    pub fallback: Fallback,
    /// Certificates of the only authority that is believed about it, as PEM; `None`: those of the machine.
    pub ca: Option<Vec<u8>>,
}

/// What a comment meets when the hook can't be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fallback {
    /// A moderator reads it first.
    Hold,
    /// The other rules decide alone.
    Allow,
}

/// A hook that can be asked.
pub struct Hook {
    config: HookConfig,
    client: reqwest::Client,
    places: Semaphore,
}

/// What the hook is told.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Question<'a> {
    /// `submit` or `edit`.
    pub event: &'static str,
    /// Ids are those of the API.
    pub article_id: String,
    pub comment_id: Option<String>,
    pub parent_id: Option<String>,
    pub author_id: String,
    pub author_name: &'a str,
    /// Markdown, as written.
    pub body: &'a str,
    /// As readers would see it.
    pub text: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    outcome: Outcome,
    #[serde(default)]
    detail: Option<String>,
}

/// Why no hook of a configuration can be asked.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// Nothing that TLS could begin with.
    #[error("--moderation-hook-ca holds no certificate: it takes a file of PEM, from BEGIN CERTIFICATE on")]
    Certificates,
    /// The client can't be made: the machine has no certificates for TLS.
    #[error("can't ask the moderation hook: {0}")]
    Client(#[from] reqwest::Error),
}

/// Why there is no answer, in words for a moderator.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("did not answer within {} ms", .0.as_millis())]
    TooLate(Duration),
    #[error("could not be reached")]
    Unreachable,
    #[error("answered with a redirect, which is not followed")]
    Redirect,
    #[error("answered with status {0}")]
    Status(u16),
    #[error("answered with more than {ANSWER_MAX} bytes")]
    TooLong,
    #[error("answered with what is no answer")]
    Nonsense,
}

impl Hook {
    /// A hook of that configuration.
    ///
    /// # Errors
    /// [`HookError`].
    pub fn new(config: HookConfig) -> Result<Self, HookError> {
        let mut client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(config.timeout)
            .user_agent(concat!("talkback/", env!("CARGO_PKG_VERSION")));
        if config.url.starts_with("http:") {
            // Without TLS the machine's certificates are not needed, and need not be there.
            client = client.tls_certs_only([]);
        } else if let Some(ca) = &config.ca {
            let believed = reqwest::Certificate::from_pem_bundle(ca).unwrap_or_default();
            if believed.is_empty() {
                return Err(HookError::Certificates);
            }
            client = client.tls_certs_only(believed);
        }
        Ok(Self { config, client: client.build()?, places: Semaphore::new(AT_ONCE) })
    }

    /// What the hook finds in a comment; nothing where it lets it through.
    pub(super) async fn ask(
        &self,
        question: &Question<'_>,
        key: Option<&str>,
        now: DateTime<Utc>,
    ) -> Option<Finding> {
        let limit = self.config.timeout;
        let answer = tokio::time::timeout(limit, async {
            // Not closed before the hook goes.
            let _place = self.places.acquire().await.map_err(|_| NoAnswer::TooLate(limit))?;
            self.answer(question, key, now).await
        });
        match answer.await.unwrap_or(Err(NoAnswer::TooLate(limit))) {
            Ok(Answer { outcome: Outcome::Allow, .. }) => None,
            Ok(Answer { outcome, detail }) => {
                let said =
                    detail.map(|detail| text::single_line(&detail)).filter(|detail| !detail.is_empty());
                let said: String = said
                    .as_deref()
                    .unwrap_or("The moderation hook says so.")
                    .chars()
                    .take(DETAIL_MAX)
                    .collect();
                Some(Finding::new(Rule::Hook, outcome, said))
            }
            Err(why) => {
                tracing::warn!(%why, fallback = ?self.config.fallback, "the moderation hook gave no answer");
                match self.config.fallback {
                    Fallback::Allow => None,
                    Fallback::Hold => {
                        Some(Finding::new(Rule::Hook, Outcome::Hold, format!("The moderation hook {why}.")))
                    }
                }
            }
        }
    }

    async fn answer(
        &self,
        question: &Question<'_>,
        key: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Answer, NoAnswer> {
        let body = serde_json::to_vec(question).map_err(|_| NoAnswer::Nonsense)?;
        let timestamp = now.timestamp();
        let mut request = self
            .client
            .post(&self.config.url)
            .header("content-type", "application/json")
            .header("x-talkback-timestamp", timestamp)
            .header(
                "x-talkback-signature",
                format!("sha256={}", signature(&self.config.secret, timestamp, &body)),
            );
        if let Some(key) = key.filter(|key| key.bytes().all(|byte| (0x20..0x7f).contains(&byte))) {
            request = request.header("idempotency-key", key);
        }
        let failed = |error: reqwest::Error| {
            if error.is_timeout() { NoAnswer::TooLate(self.config.timeout) } else { NoAnswer::Unreachable }
        };
        let mut response = request.body(body).send().await.map_err(failed)?;
        let status = response.status();
        if status.is_redirection() {
            return Err(NoAnswer::Redirect);
        }
        if !status.is_success() {
            return Err(NoAnswer::Status(status.as_u16()));
        }
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if answer.len() + chunk.len() > ANSWER_MAX {
                return Err(NoAnswer::TooLong);
            }
            answer.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&answer).map_err(|_| NoAnswer::Nonsense)
    }
}

/// HMAC-SHA256 (RFC 2104) over the timestamp, a dot and the body, in hex: whoever holds the secret can tell that this service
/// asked, what, and when.
fn signature(secret: &str, timestamp: i64, body: &[u8]) -> String {
    // A key of any length will do, says the RFC; the type can't.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_hmac_sha256_over_timestamp_and_body() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac secret
        let expected = "b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163";
        assert_eq!(signature("secret", 1_700_000_000, b"{}"), expected);
    }
}
