//! The verdict of a run.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join_all;
use sea_orm::DatabaseConnection;

use super::super::support::{
    pressure::{Pressure, Took},
    process::lock,
    wait,
};
use super::{
    Violation, What,
    campaign::Verdict,
    check::{self, Committed},
    oracle::Story,
    reader::{Follows, Record},
    replay::Page,
    run::{GIVES_UP_AFTER, GIVES_UP_AT_LAST, Run, head},
};

/// Writes in fair weather, one by one.
const LONE_WRITES: usize = 20;
/// Their mean way to the readers, at most. Without a hint it would be half a second: the nodes' own comparison.
const PROMPT: Duration = Duration::from_millis(250);

/// A reader that has stopped: its name, its article, what it followed, and its record.
type Watched = (String, usize, Follows, Arc<Mutex<Record>>);

impl Run {
    /// Fair weather: the writers stop, lone writes arrive promptly, and everything is held against the database.
    pub async fn judge(mut self) -> Verdict {
        self.tell("fair weather".to_owned());
        self.stop.send_replace(true);
        for writer in std::mem::take(&mut self.writers) {
            if let Err(error) = writer.await {
                self.verdict.violations.push(Violation::new(What::Odd, format!("a writer failed: {error}")));
            }
        }
        let db = self.arena.look_inside().await;
        // Nodes that don't heal may not answer either; what is stored and what was seen is compared all the same.
        let mut fresh = Vec::new();
        if self.heal(&db, "the last writes".to_owned()).await {
            self.lone_writes(&db).await;
            for article in &self.script.articles {
                fresh.push(Page::load(&self.arena.anyone(), article).await);
            }
        }
        let mut records = Vec::new();
        for reader in std::mem::take(&mut self.readers) {
            records.push((reader.name.clone(), reader.article, reader.follows, Arc::clone(&reader.record)));
            if let Err(text) = wait::soon("a reader to stop", reader.stop()).await {
                self.verdict.violations.push(Violation::new(What::Odd, text));
            }
        }
        let mut verdict = std::mem::take(&mut self.verdict);
        let mut stories = Vec::new();
        for article in &self.script.articles {
            stories.push(Story::read(&db, article).await);
        }
        self.compare(&records, &fresh, stories, &mut verdict);
        let ended = self.arena.store.command(&["check"]).await;
        if !ended.status.success() {
            verdict.violations.push(Violation::new(What::Check, format!("{}{}", ended.stdout, ended.stderr)));
        }
        verdict
    }

    /// Holds everything that was seen and acknowledged against what the database tells.
    fn compare(&self, records: &[Watched], fresh: &[Page], stories: Vec<Story>, verdict: &mut Verdict) {
        let ledger = lock(&self.script.ledger);
        for (article, mut story) in self.script.articles.iter().zip(stories) {
            verdict.events += story.events.len();
            verdict.violations.extend(story.work_out(&ledger));
            verdict.violations.extend(story.holds(&ledger, article.index));
            let ours: Vec<_> = records.iter().filter(|(_, index, ..)| *index == article.index).collect();
            let locked: Vec<_> = ours.iter().map(|(.., record)| lock(record)).collect();
            let committed = Committed::known(&story, &ledger, locked.iter().flat_map(|record| &record.seen));
            for ((name, _, follows, _), record) in ours.iter().zip(&locked) {
                verdict.frames += record.seen.len();
                verdict.connections += record.connections.len();
                verdict.violations.extend(check::reader(name, *follows, record, &story, &committed));
                let replayed = self.base[article.index].after(&record.seen);
                let differs = fresh.get(article.index).and_then(|fresh| replayed.differs_from(fresh));
                let began_with_it = record.start == locked.first().map_or(0, |first| first.start);
                if let (Follows::Everything, true, Some(differs)) = (follows, began_with_it, differs) {
                    let text = format!("the page of reader {name} went wrong: {differs}");
                    verdict.violations.push(Violation::new(What::Replay, text));
                }
            }
        }
        (verdict.writes, verdict.repeats) = (ledger.acks.len(), ledger.repeats);
        verdict.violations.extend(ledger.violations.iter().cloned());
    }

    /// One write at a time, each seen by everybody before the next: how long an event takes when nothing is wrong.
    async fn lone_writes(&mut self, db: &DatabaseConnection) {
        let article = self.script.articles.iter().find(|article| !article.premoderated).expect("one is open");
        let followers: Vec<_> = self
            .readers
            .iter()
            .filter(|reader| reader.article == article.index && reader.follows == Follows::Everything)
            .collect();
        let (mut sum, mut count) = (Took::default(), 0);
        let mut dice = self.dice.of("lone writes");
        for number in 0..LONE_WRITES {
            let door = &self.script.doors[number % self.script.doors.len()];
            let submitted = self.script.submit(std::slice::from_ref(door), 0, article.index, &mut dice).await;
            if submitted.is_none() {
                return;
            }
            let pressure = Pressure::begin();
            let target = head(db, article, false).await;
            let waits = followers.iter().map(|reader| {
                let mut reached = reader.reached.clone();
                async move {
                    let there = reached.wait_for(|at| *at >= target);
                    let (there, took) = pressure.wait(GIVES_UP_AFTER, GIVES_UP_AT_LAST, there).await;
                    if there.is_some() { took } else { Took { all: GIVES_UP_AFTER, fair: GIVES_UP_AFTER } }
                }
            });
            for took in join_all(waits).await {
                sum = Took { all: sum.all + took.all, fair: sum.fair + took.fair };
                count += 1;
            }
        }
        let mean = Took { all: sum.all / count, fair: sum.fair / count };
        self.verdict.prompt = mean.all;
        let text = format!(
            "{LONE_WRITES} lone writes took {:.0?} each from their answer to the readers (of them fair {:.0?}); \
             at most {PROMPT:?} is prompt",
            mean.all, mean.fair
        );
        self.verdict.violations.extend(Violation::late(What::Late, mean, PROMPT, text));
    }
}
