//! What a node did wrong in one case, if anything.

use std::time::Duration;

use super::wire::Answered;
use super::{Case, Wanted};

/// How long a node may take over any case.
pub const LATE: Duration = Duration::from_secs(1);

/// What no client may ever read, whatever the store.
const SECRETS: [&str; 30] = [
    "panicked",
    "RUST_BACKTRACE",
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "SQLSTATE",
    "sqlx",
    "sea_orm",
    "SqlErr",
    "DbErr",
    "RecordNotFound",
    "sqlite",
    "postgres",
    "redis",
    "src/",
    ".rs:",
    "/root",
    "/home",
    "/tmp",
    "/proc",
    "async_graphql",
    "talkback::",
    "alloc::",
    "core::",
    "std::",
    "serde",
    "hyper",
    "Utf8Error",
    "Some(",
    "Err(",
];

/// How long a case took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// From the first byte sent to the last one read.
    pub took: Duration,
    /// How long the machine kept a bystander waiting meanwhile, which is not the node's doing.
    pub stalled: Duration,
}

/// Says what is wrong with answers.
pub struct Judge {
    secrets: Vec<String>,
}

impl Judge {
    /// With the secrets of this installation, besides those of any.
    pub fn knowing(secrets: impl IntoIterator<Item = String>) -> Self {
        let usual = SECRETS.into_iter().chain(["\"INTERNAL\"", env!("CARGO_MANIFEST_DIR")]);
        Self { secrets: usual.map(str::to_owned).chain(secrets).collect() }
    }

    /// `None`: there is nothing to say. `time`: what a case that came alone took.
    pub fn wrong(&self, case: &Case, answered: &Answered, time: Option<Time>) -> Option<String> {
        let Answered { statuses, text } = answered;
        let mut found = Vec::new();
        if let Some(status) = statuses.iter().find(|status| **status >= 500) {
            found.push(format!("blames us with {status}"));
        }
        if let Some(secret) = self.secrets.iter().find(|secret| text.contains(&***secret)) {
            found.push(format!("tells {secret:?}"));
        }
        if case.wanted == Wanted::Data && (!text.contains(r#""data":{"#) || text.contains(r#""errors""#)) {
            found.push("an honest request has no answer".to_owned());
        }
        if let Some(Time { took, stalled }) = time
            && took.saturating_sub(stalled) > LATE + case.patience
        {
            found.push(format!("took {took:?}, when a bystander was answered within {stalled:?}"));
        }
        if found.is_empty() {
            return None;
        }
        let shown: String = text.chars().take(1_200).collect();
        Some(format!("{}: {}\n{statuses:?} {shown}", case.name, found.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Duration = Duration::from_millis(5);

    fn said(text: &str) -> Answered {
        let status = text.get(9..12).and_then(|status| status.parse().ok());
        Answered { statuses: status.into_iter().collect(), text: text.to_owned() }
    }

    fn wrong(case: &Case, text: &str, took_ms: u64, stalled: Duration) -> Option<String> {
        let judge = Judge::knowing(["/var/lib/talkback".to_owned()]);
        judge.wrong(case, &said(text), Some(Time { took: Duration::from_millis(took_ms), stalled }))
    }

    #[test]
    fn what_siege_must_find_is_found() {
        let (hostile, honest) = (Case::hostile("a", ""), Case::honest("b", ""));
        let (refusal, data) = ("HTTP/1.1 400 Bad Request\r\n\r\n{}", "HTTP/1.1 200 OK\r\n\r\n{\"data\":{}}");
        assert_eq!(wrong(&hostile, refusal, 20, CALM), None);
        assert_eq!(wrong(&honest, data, 20, CALM), None);
        for (case, text) in [
            (&hostile, "HTTP/1.1 500 Internal Server Error\r\n\r\n"),
            (&hostile, "HTTP/1.1 503 Service Unavailable\r\n\r\n"),
            (&hostile, "HTTP/1.1 200 OK\r\n\r\nerror returned from database: SELECT 1"),
            (&hostile, "HTTP/1.1 200 OK\r\n\r\ncan't open /var/lib/talkback/talkback.db"),
            (&hostile, "HTTP/1.1 200 OK\r\n\r\n{\"errors\":[{\"extensions\":{\"code\":\"INTERNAL\"}}]}"),
            (&honest, refusal),
            (&honest, "HTTP/1.1 200 OK\r\n\r\n{\"data\":{},\"errors\":[]}"),
            (&honest, ""),
        ] {
            assert!(wrong(case, text, 20, CALM).is_some(), "{text}");
        }
    }

    #[test]
    fn late_is_what_the_machine_does_not_account_for() {
        let data = "HTTP/1.1 200 OK\r\n\r\n{\"data\":{}}";
        let case = Case::honest("a", "");
        assert_eq!(wrong(&case, data, 999, CALM), None);
        assert!(wrong(&case, data, 1_100, CALM).is_some());
        assert_eq!(wrong(&case, data, 1_100, Duration::from_millis(300)), None, "the machine stood still");
        assert!(wrong(&case, data, 2_000, Duration::from_millis(300)).is_some());
        let slow = Case::hostile("b", "").patient(2);
        assert_eq!(wrong(&slow, "", 2_900, CALM), None);
        assert!(wrong(&slow, "", 3_100, CALM).is_some());
    }
}
