//! The checker, checked: each of six bugs is planted in the service, and a short run must find it for what it is.
//!
//! The bugs are in `src/planted.rs`, behind a feature that no other build has. The server with them in it is an example of
//! this package; the first of these tests builds it, which takes as long as compiling this package once.

use std::{path::PathBuf, time::Duration};

use rstest::rstest;

use super::super::support::{example, world::Backend};
use super::{
    What,
    campaign::Campaign,
    fault::{Fault, Strike},
    seed,
};

/// Enough for each of the six: readers that stop reading while much is written, and readers that come back.
fn short_run(bug: &str, binary: PathBuf) -> Campaign {
    let strike = |fault, millis| vec![Strike { fault, node: 0, lasts: Duration::from_millis(millis) }];
    let mut campaign = Campaign::new(Backend::Embedded, seed(), 0).with_bug(binary, bug);
    campaign.rounds = vec![
        strike(Fault::ReadersCut, 0),
        strike(Fault::ReadersLinkStalled, 500),
        strike(Fault::ReadersCut, 0),
        strike(Fault::ReadersLinkStalled, 0),
        strike(Fault::ReadersCut, 0),
        strike(Fault::ClientsCut, 0),
    ];
    (campaign.writers, campaign.hurry, campaign.verbose) = (6, true, 90);
    campaign
}

#[rstest]
#[case("publish-before-commit", What::Late)]
#[case("id-over-last", What::Missing)]
#[case("drop-on-lag", What::Missing)]
#[case("resume-off-by-one", What::Missing)]
#[case("duplicate-on-resume", What::Twice)]
#[case("leak", What::Words)]
#[tokio::test(flavor = "multi_thread")]
async fn a_planted_bug_is_found(#[case] bug: &str, #[case] what: What) {
    let verdict = short_run(bug, example::binary().await).run().await;
    assert!(
        verdict.violations.iter().any(|violation| violation.what == what),
        "the bug {bug:?} was planted, and no {what:?} was found\n{}\n{:#?}",
        verdict.summary(),
        verdict.violations
    );
}

/// What the six runs find is the bugs, not the binary.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_planted_bug_nothing_is_found() {
    short_run("none", example::binary().await).run().await.assert_clean();
}
