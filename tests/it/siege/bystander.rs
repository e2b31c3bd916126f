//! A node of its own that nobody besieges, asked an honest thing all the while: how long it takes is the machine's doing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::wire::{exchange, post};
use crate::support::world::World;

/// How often it is asked.
const EVERY: Duration = Duration::from_millis(10);

/// See the module. Dropping it ends it.
pub struct Bystander {
    asked: Arc<Mutex<Vec<Asked>>>,
    asking: tokio::task::JoinHandle<()>,
    _world: World,
}

/// One question.
struct Asked {
    at: Instant,
    /// Until it was answered; `None`: it is not yet.
    took: Option<Duration>,
}

impl Bystander {
    pub async fn start() -> Self {
        let world = World::embedded().await;
        world.open_article("aside").await;
        let port = world.node(0).port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let asking = tokio::spawn({
            let asked = Arc::clone(&asked);
            let request = post("application/json", r#"{"query":"{ article(slug: \"aside\") { id } }"}"#);
            async move {
                let mut ticks = tokio::time::interval(EVERY);
                ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                loop {
                    ticks.tick().await;
                    let at = Instant::now();
                    lock(&asked).push(Asked { at, took: None });
                    let answer = exchange(port, &request, false).await;
                    assert!(answer.text.contains(r#""data":{"article":{"id""#), "{}", answer.text);
                    if let Some(last) = lock(&asked).last_mut() {
                        last.took = Some(at.elapsed());
                    }
                }
            }
        });
        Self { asked, asking, _world: world }
    }

    /// How long the slowest question took that was open at any time since then.
    pub fn slowest_since(&self, since: Instant) -> Duration {
        assert!(!self.asking.is_finished(), "the bystander was not answered");
        let asked = lock(&self.asked);
        let during =
            asked.iter().rev().take_while(|asked| asked.took.is_none_or(|took| asked.at + took >= since));
        during.map(|asked| asked.took.unwrap_or_else(|| asked.at.elapsed())).max().unwrap_or_default()
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

fn lock(asked: &Mutex<Vec<Asked>>) -> MutexGuard<'_, Vec<Asked>> {
    asked.lock().unwrap_or_else(PoisonError::into_inner)
}
