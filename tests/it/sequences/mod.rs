//! Random sequences of everything that people do to comments, over a real store: after each sequence a model, a recount, the
//! replayed feed, the history and `talkback check` agree.
//!
//! | file | what lives there |
//! |---|---|
//! | `step` | what somebody may try, at random |
//! | `model` | what should come of it, kept beside the store; `follow` takes each step in both |
//! | `compare` | the store as it is, against the model |
//!
//! `TALKBACK_TEST_SEQUENCES` says how many (SQLite; PostgreSQL runs a tenth), `TALKBACK_TEST_SEED` where the numbers begin: a
//! failure prints the number of its sequence, and `TALKBACK_TEST_SEED=NUMBER TALKBACK_TEST_SEQUENCES=1` runs that one again.

mod compare;
mod model;
mod step;

use std::sync::Mutex;
use std::time::Instant;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use talkback::store::DatabaseUrl;

use crate::support::database::TestDatabase;
use crate::support::inside::Inside;
use crate::support::postgres::Postgres;
use crate::support::process::lock;
use crate::support::reaper;
use crate::support::world::Backend;
use model::Model;

/// In an ordinary run, on SQLite.
const SEQUENCES: u64 = 60;
/// Sequences that share a store: `check` reads all of it after each.
const PER_STORE: u64 = 25;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_people_do_in_whatever_order_the_store_agrees_with_a_recount() {
    run(number("TALKBACK_TEST_SEQUENCES").unwrap_or(SEQUENCES), Backend::Embedded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_people_do_in_whatever_order_a_postgres_store_agrees_with_a_recount() {
    let sequences = number("TALKBACK_TEST_SEQUENCES").unwrap_or(SEQUENCES) / 10;
    run(sequences.max(1), Backend::Scaled).await;
}

/// A store in use, and how many sequences it has seen.
struct Used {
    inside: Inside,
    _database: Option<TestDatabase>,
    model: Model,
    sequences: u64,
}

async fn run(sequences: u64, backend: Backend) {
    let first = number("TALKBACK_TEST_SEED").unwrap_or(0);
    let (begun, mut steps) = (Instant::now(), 0);
    // A sequence that fails leaves it empty: what comes next, a smaller one, has a store of its own.
    let used: Mutex<Option<Used>> = Mutex::new(None);
    for number in first..first + sequences {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes());
        let config =
            Config { cases: 1, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let done = Mutex::new(0);
        let outcome = runner.run(&step::steps(), |sequence| {
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async {
                    let kept = lock(&used).take().filter(|used| used.sequences < PER_STORE);
                    let mut used_now = match kept {
                        Some(used) => used,
                        None => Used::open(backend).await,
                    };
                    *lock(&done) += sequence.len();
                    used_now.walk(&sequence).await;
                    *lock(&used) = Some(used_now);
                });
            });
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("TALKBACK_TEST_SEED={number} TALKBACK_TEST_SEQUENCES=1 fails again:\n{error}");
        }
        steps += *lock(&done);
    }
    println!("{sequences} sequences from {first} on, {steps} steps, {:.1} s", begun.elapsed().as_secs_f64());
}

impl Used {
    async fn open(backend: Backend) -> Self {
        let (url, database) = match backend {
            Backend::Embedded => (DatabaseUrl::Sqlite(reaper::directory("walk").join("talkback.db")), None),
            Backend::Scaled => {
                let database = Postgres::shared().await.database().await;
                (DatabaseUrl::Postgres(database.url().to_owned()), Some(database))
            }
        };
        let inside = Inside::open(&url).await;
        let model = Model::begin(&inside).await;
        Self { inside, _database: database, model, sequences: 0 }
    }

    async fn walk(&mut self, sequence: &[step::Step]) {
        self.sequences += 1;
        self.model.enter(&self.inside).await;
        for step in sequence {
            self.model.take(&self.inside.service, step).await;
        }
        compare::compare(&self.inside.service.store, &self.model).await;
    }
}
