//! What a fault does, and how it is made good.

use std::{sync::atomic::Ordering, time::Duration};

use super::super::support::{process::lock, proxy::Proxy, wait};
use super::{
    What,
    arena::Arena,
    dice::Dice,
    fault::{Fault as F, Strike},
    reader::{Order, Reader},
    script::Script,
};

/// Who is there to be struck.
pub struct Stage<'a> {
    pub arena: &'a Arena,
    pub script: &'a Script,
    pub readers: &'a [Reader],
}

impl Stage<'_> {
    /// Strikes, lasts, and is made good when this returns: the servers are up and the links are open. `Err`: the fault
    /// itself showed something that must not be.
    pub async fn strike(&self, strike: Strike, dice: &mut Dice) -> Result<(), (What, String)> {
        let arena = self.arena;
        let post = &arena.posts[strike.node % arena.posts.len()];
        let lasts = tokio::time::sleep(strike.lasts);
        match strike.fault {
            F::NodeKilled => {
                post.node.kill().await;
                lasts.await;
                post.node.start_again().await;
            }
            F::NodeKilledBeforePublish => self.kill_before_publish(strike, dice).await,
            F::NodeKilledBeforeAnswer => {
                let link = post.postgres.as_ref().expect("a scaled arena");
                // Commits arrive, their answers don't.
                link.delay(Duration::from_millis(60));
                lasts.await;
                post.node.kill().await;
                link.resume();
                post.node.start_again().await;
            }
            F::NodeDrained => {
                let ended = post.node.terminate().await;
                if !ended.success() {
                    return Err((What::Odd, format!("a node that was told to stop ended with {ended}")));
                }
                post.node.start_again().await;
            }
            F::NodePaused => {
                post.node.pause();
                lasts.await;
                post.node.resume();
            }
            F::ClientsCut => post.clients().into_iter().for_each(Proxy::cut),
            F::ClientsCutInAFrame => {
                for link in post.clients() {
                    link.cut_after(u32::try_from(1 + dice.below(40_000)).expect("it is small"));
                }
                lasts.await;
                post.clients().into_iter().for_each(Proxy::resume);
            }
            F::ReadersLinkStalled => {
                let before = self.script.hurry.swap(true, Ordering::Relaxed);
                post.readers.stall();
                lasts.await;
                self.much_is_written().await;
                post.readers.resume();
                self.script.hurry.store(before, Ordering::Relaxed);
            }
            F::ClientsDelayed => {
                let by = dice.millis(20, 300);
                post.clients().into_iter().for_each(|link| link.delay(by));
                lasts.await;
                post.clients().into_iter().for_each(Proxy::resume);
            }
            F::ReadersCut => self.readers(dice).for_each(|reader| reader.order(Order::Cut)),
            F::ReadersStalled => {
                let before = self.script.hurry.swap(true, Ordering::Relaxed);
                self.readers(dice).for_each(|reader| reader.order(Order::Stall(strike.lasts)));
                lasts.await;
                self.script.hurry.store(before, Ordering::Relaxed);
            }
            F::RedisKilled => {
                arena.redis().kill().await;
                lasts.await;
                arena.redis().start_again().await;
            }
            F::RedisPaused => {
                arena.redis().pause();
                lasts.await;
                arena.redis().resume();
            }
            F::RedisSubscribersCut => drop(arena.redis().cut_subscribers().await),
            F::RedisLinkCut => post.redis.as_ref().expect("a scaled arena").cut(),
            F::RedisLinkStalled => {
                let link = post.redis.as_ref().expect("a scaled arena");
                link.stall();
                lasts.await;
                link.resume();
            }
            F::PostgresRestarted => {
                arena.postgres().stop().await;
                lasts.await;
                arena.postgres().start_again().await;
            }
            F::PostgresKilled => {
                arena.postgres().kill().await;
                lasts.await;
                arena.postgres().start_again().await;
            }
            F::PostgresPaused => {
                arena.postgres().pause();
                lasts.await;
                arena.postgres().resume();
            }
            F::PostgresBackendsTerminated => arena.postgres().terminate_backends().await,
            F::PostgresLinkCut => post.postgres.as_ref().expect("a scaled arena").cut(),
            F::PostgresLinkStalled | F::PostgresLinkDelayed => {
                let link = post.postgres.as_ref().expect("a scaled arena");
                match strike.fault {
                    F::PostgresLinkStalled => link.stall(),
                    _ => link.delay(dice.millis(5, 60)),
                }
                lasts.await;
                link.resume();
            }
        }
        Ok(())
    }

    /// Something is committed and acknowledged, its hint is stuck, and the node dies with it: the other node has to find
    /// the event by itself.
    async fn kill_before_publish(&self, strike: Strike, dice: &mut Dice) {
        let post = &self.arena.posts[strike.node % self.arena.posts.len()];
        let link = post.redis.as_ref().expect("a scaled arena");
        link.stall();
        let open = self.script.articles.iter().position(|article| !article.premoderated);
        let door = [post.writers.http_url()];
        let written = self.script.submit(&door, 0, open.expect("there is one"), dice);
        wait::soon("a write before the kill", written).await;
        post.node.kill().await;
        link.resume();
        tokio::time::sleep(strike.lasts).await;
        post.node.start_again().await;
    }

    /// Waits until more has been written than the buffers on the way to a wide reader hold.
    async fn much_is_written(&self) {
        const WRITES: usize = 100;
        let acks = || lock(&self.script.ledger).acks.len();
        let enough = acks() + WRITES;
        // A count that the writers keep: it announces nothing.
        wait::eventually(wait::deadline() * 2, "the writers to write much", || {
            let left = enough.saturating_sub(acks());
            std::future::ready(if left == 0 { Ok(()) } else { Err(format!("{left} writes to go")) })
        })
        .await;
    }

    fn readers(&self, dice: &mut Dice) -> impl Iterator<Item = &Reader> {
        let chosen: Vec<bool> = self.readers.iter().map(|_| dice.percent(60)).collect();
        self.readers.iter().zip(chosen).filter_map(|(reader, chosen)| chosen.then_some(reader))
    }
}
