//! What to run, and what came of it.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use tokio::sync::RwLock;

use super::super::support::{node::NodeOptions, world::Backend};
use super::{
    Violation,
    arena::Arena,
    dice::Dice,
    fault::{Strike, plan},
    run::Run,
};

/// Runs of the service as it is have the machine to themselves, those with a bug in it share: two would be late for each other.
static MACHINE: RwLock<()> = RwLock::const_new(());

/// What to run.
pub struct Campaign {
    pub backend: Backend,
    pub seed: u64,
    pub rounds: Vec<Vec<Strike>>,
    pub writers: usize,
    /// Whether they write without a pause.
    pub hurry: bool,
    /// How many comments in a hundred are as long as may be.
    pub verbose: u64,
    /// Of the nodes: another binary, with a bug.
    pub options: NodeOptions,
}

/// What came of it.
#[derive(Default)]
pub struct Verdict {
    pub seed: u64,
    pub backend: String,
    pub violations: Vec<Violation>,
    pub faults: usize,
    pub events: usize,
    pub frames: usize,
    pub connections: usize,
    pub writes: usize,
    pub repeats: u64,
    pub heals: Vec<(Duration, String)>,
    /// How long the slowest of those took who opened a page during a fault, with all of its past to replay.
    pub newcomer: Duration,
    pub prompt: Duration,
    pub took: Duration,
    /// What happened when.
    pub story: Vec<String>,
}

impl Campaign {
    pub fn new(backend: Backend, seed: u64, faults: usize) -> Self {
        let rounds = plan(backend, faults, &mut Dice::new(seed).of("faults"));
        Self { backend, seed, rounds, writers: 4, hurry: false, verbose: 20, options: NodeOptions::default() }
    }

    pub fn with_bug(mut self, binary: PathBuf, bug: &str) -> Self {
        self.options.binary = Some(binary);
        self.options.env.push(("TALKBACK_PLANTED_BUG".to_owned(), bug.to_owned()));
        self
    }

    pub async fn run(self) -> Verdict {
        println!(
            "faults: {:?}, {} rounds, TALKBACK_FAULTS_SEED={}",
            self.backend,
            self.rounds.len(),
            self.seed
        );
        let turn = async {
            if self.options.binary.is_none() {
                (Some(MACHINE.write().await), None)
            } else {
                (None, Some(MACHINE.read().await))
            }
        };
        let _turn = turn.await;
        let begun = Instant::now();
        let arena = Arena::build(self.backend, &self.options).await;
        let mut run = Run::prepare(arena, &self).await;
        run.strike_all(&self.rounds).await;
        let mut verdict = run.judge().await;
        verdict.faults = self.rounds.iter().map(Vec::len).sum();
        (verdict.seed, verdict.backend) = (self.seed, format!("{:?}", self.backend));
        verdict.took = begun.elapsed();
        println!("{}", verdict.summary());
        verdict
    }
}

impl Verdict {
    pub fn summary(&self) -> String {
        let worst =
            self.heals.iter().max().map_or_else(String::new, |(time, what)| format!("{time:.2?} ({what})"));
        format!(
            "faults: {} run with seed {}: {} faults, {} events, {} frames on {} connections, {} writes ({} sent again), \
             slowest heal {worst}, slowest newcomer {:.2?}, fair weather {:.0?}, {} violations ({} excused), {:.0?}",
            self.backend,
            self.seed,
            self.faults,
            self.events,
            self.frames,
            self.connections,
            self.writes,
            self.repeats,
            self.newcomer,
            self.prompt,
            self.violations.len(),
            self.violations.iter().filter(|violation| violation.excused).count(),
            self.took
        )
    }

    #[track_caller]
    pub fn assert_clean(&self) {
        let told: Vec<_> = self
            .violations
            .iter()
            .filter(|violation| !violation.excused)
            .map(|violation| format!("  {:?}: {}", violation.what, violation.text))
            .collect();
        if told.is_empty() {
            return;
        }
        panic!(
            "{}\n{}\nwhat happened:\n  {}\nthe same decisions again: TALKBACK_FAULTS_SEED={}",
            self.summary(),
            told.join("\n"),
            self.story.join("\n  "),
            self.seed
        );
    }
}
