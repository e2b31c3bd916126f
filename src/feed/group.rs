//! A group: everybody who follows an article with the same operation, the same variables and the same eyes.
//! One task renders each event once; readers share the bytes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::carry::Carriers;
use super::caught::caught;
use super::frame::Frame;
use super::hub::Hub;
use super::log::{Happening, Log, Progress};
use super::pages::{Failed, PageCache, PageKey};
use super::patience::Patience;
use super::plan::{Audience, Plan};
use super::reader::{At, AtHand};
use super::render::{Execute, RenderError, Renderer};
use super::ring::{Place, Ring};
use super::source::FeedItem;
use super::{Kept, lock};
use crate::clock::Instant;

/// Rendered bytes kept for everybody's group, and for the group of one person.
const RING_PUBLIC: usize = 512 * 1024;
const RING_PERSONAL: usize = 16 * 1024;

/// Rendered bytes of a page after which it ends, though events of it are left: those are another part of it.
const PAGE_BYTES: usize = 512 * 1024;

/// The groups of one hub.
#[derive(Default)]
pub(super) struct Groups {
    by_key: Mutex<HashMap<u64, Vec<Weak<Group>>>>,
}

/// See the module.
pub(super) struct Group {
    pub cohort: Arc<Cohort>,
    pub carriers: Carriers,
    hub: Arc<Hub>,
    _rendering: AbortOnDropHandle<()>,
}

/// What the group's task and its readers share.
pub(super) struct Cohort {
    pub plan: Plan,
    execute: Execute,
    pub log: Arc<Log>,
    ring: Mutex<Ring>,
    rendered: watch::Sender<Progress>,
    /// There is an event that can't be rendered: nobody else joins, and readers end when they have come to it.
    gave_up: AtomicBool,
    pages: PageCache<Page>,
}

/// A page of frames with the sequence of each.
pub(super) type Page = Vec<(i64, Option<Frame>)>;

impl Drop for Group {
    fn drop(&mut self) {
        self.hub.groups.forget(self.cohort.plan.key());
    }
}

impl Groups {
    /// The group of a plan, made if nobody is in it yet; a new one begins after `from` if that is at hand.
    pub async fn join(
        &self,
        hub: &Arc<Hub>,
        plan: Plan,
        execute: &Execute,
        from: i64,
    ) -> Result<Arc<Group>, RenderError> {
        if let Some(group) = self.find(&plan) {
            return Ok(group);
        }
        let renderer = Renderer::start(execute, &plan).await?;
        let key = plan.key();
        let started = Group::start(Arc::clone(hub), plan, Arc::clone(execute), renderer, from);
        // Whatever is looked at is let go of after the lock: the last to let go of a group takes the lock.
        let seen;
        let group = {
            let mut by_key = lock(&self.by_key);
            let same = by_key.entry(key).or_default();
            seen = upgraded(same);
            // Somebody with the same plan may have come first while this one was starting.
            match seen.iter().find(|group| group.is_for(&started.cohort.plan)) {
                Some(first) => Arc::clone(first),
                None => {
                    same.push(Arc::downgrade(&started));
                    Arc::clone(&started)
                }
            }
        };
        Ok(group)
    }

    fn find(&self, plan: &Plan) -> Option<Arc<Group>> {
        let seen = {
            let by_key = lock(&self.by_key);
            upgraded(by_key.get(&plan.key())?)
        };
        seen.into_iter().find(|group| group.is_for(plan))
    }

    /// Groups of this hub.
    pub fn count(&self) -> usize {
        lock(&self.by_key).values().map(Vec::len).sum()
    }

    /// Lets go of pages that nobody asked for lately.
    pub fn expire(&self) {
        for group in self.all() {
            group.cohort.pages.expire();
        }
    }

    /// Adds what the groups keep.
    pub fn add_kept(&self, kept: &mut Kept) {
        for group in self.all() {
            kept.groups += 1;
            kept.frame_bytes += lock(&group.cohort.ring).bytes();
            kept.pages += group.cohort.pages.kept();
        }
    }

    /// All groups: whoever is the last to let go of one takes the lock, so it is not held meanwhile.
    fn all(&self) -> Vec<Arc<Group>> {
        let by_key = lock(&self.by_key);
        by_key.values().flat_map(|same| upgraded(same)).collect()
    }

    fn forget(&self, key: u64) {
        let mut by_key = lock(&self.by_key);
        if let Some(same) = by_key.get_mut(&key) {
            same.retain(|group| group.strong_count() > 0);
            if same.is_empty() {
                by_key.remove(&key);
            }
        }
    }
}

fn upgraded(groups: &[Weak<Group>]) -> Vec<Arc<Group>> {
    groups.iter().filter_map(Weak::upgrade).collect()
}

impl Group {
    fn start(hub: Arc<Hub>, plan: Plan, execute: Execute, renderer: Renderer, from: i64) -> Arc<Self> {
        let log = Arc::clone(&hub.log);
        let mut start = log.progress();
        start.head = log.reachable(from);
        let ring = match plan.audience {
            Audience::Public | Audience::Moderators => RING_PUBLIC,
            Audience::Person(_) => RING_PERSONAL,
        };
        let cohort = Arc::new(Cohort {
            plan,
            execute,
            log,
            ring: Mutex::new(Ring::new(ring, Arc::clone(&hub.rings))),
            rendered: watch::Sender::new(start),
            gave_up: AtomicBool::new(false),
            pages: PageCache::default(),
        });
        let rendering = tokio::spawn(Arc::clone(&cohort).render(start, renderer));
        Arc::new(Self {
            cohort,
            carriers: Carriers::default(),
            hub,
            _rendering: AbortOnDropHandle::new(rendering),
        })
    }

    fn is_for(&self, plan: &Plan) -> bool {
        self.cohort.plan == *plan && !self.cohort.has_given_up()
    }
}

impl Cohort {
    /// Tells readers of every move.
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.rendered.subscribe()
    }

    /// Whether there is an event that can't be rendered: nothing comes after what was.
    pub fn has_given_up(&self) -> bool {
        self.gave_up.load(Ordering::Acquire)
    }

    /// When the latest event that was rendered was committed.
    pub fn rendered_at(&self) -> Option<Instant> {
        self.rendered.borrow().head.at
    }

    /// What there is after a position, so far as it takes no question to the store.
    pub fn at_hand(&self, at: At) -> AtHand {
        // Read first: what was rendered before it was set is still given.
        let gave_up = self.gave_up.load(Ordering::Acquire);
        let rendered = *self.rendered.borrow();
        if at.life != rendered.life {
            return AtHand::Elsewhere;
        }
        if at.sequence >= rendered.head.sequence {
            return if gave_up { AtHand::GaveUp } else { AtHand::Nothing };
        }
        match lock(&self.ring).after(at.sequence) {
            Some((frames, sequence)) => AtHand::Frames(frames, At { sequence, ..at }),
            None => AtHand::Elsewhere,
        }
    }

    /// A page of the past, rendered once for all who want it.
    pub async fn page(self: &Arc<Self>, key: PageKey) -> Result<Arc<Page>, Failed> {
        let cohort = Arc::clone(self);
        self.pages.get(key, || async move { cohort.render_page(key).await }).await
    }

    /// As much of a page as fits into one, from the key's first event on.
    async fn render_page(&self, key: PageKey) -> Result<Page, Failed> {
        let happenings = self.log.page(key.part(0)).await?;
        let mut renderer = Renderer::start(&self.execute, &self.plan).await?;
        let (mut page, mut bytes) = (Vec::with_capacity(happenings.len()), 0);
        for happening in happenings.iter().skip_while(|happening| happening.event.sequence() < key.first()) {
            if bytes >= PAGE_BYTES {
                break;
            }
            let frame = self.frame(&mut renderer, happening).await?;
            bytes += frame.as_ref().map_or(0, Frame::bytes);
            page.push((happening.event.sequence(), frame));
        }
        Ok(page)
    }

    /// The frame that tells one reader to start over.
    pub async fn render_alone(&self, item: FeedItem) -> Result<Frame, RenderError> {
        Renderer::start(&self.execute, &self.plan).await?.render(item).await
    }

    /// Renders until there is an event that can't be rendered.
    async fn render(self: Arc<Self>, from: Progress, first: Renderer) {
        if caught("rendering for a group", self.keep_rendering(from, first)).await.is_none() {
            let at = *self.rendered.borrow();
            self.give_up(at);
        }
    }

    async fn keep_rendering(&self, mut at: Progress, first: Renderer) {
        let mut renderer = Some(first);
        let mut patience = Patience::new();
        loop {
            let log = self.log.progress();
            if log.life != at.life {
                lock(&self.ring).clear();
                at = log;
                self.rendered.send_replace(at);
            }
            if at.head.sequence >= log.head.sequence {
                self.log.moved(log).await;
                continue;
            }
            match self.render_on(&mut at, &mut renderer).await {
                Ok(()) => patience = Patience::new(),
                Err(Failed) => {
                    renderer = None;
                    if patience.again(&self.log).await.is_err() {
                        return self.give_up(at);
                    }
                }
            }
        }
    }

    fn give_up(&self, at: Progress) {
        let (log, after) = (self.log.id(), at.head.sequence);
        tracing::error!(
            ?log,
            after,
            "an event can't be rendered for a group: its readers are told to come back"
        );
        self.gave_up.store(true, Ordering::Release);
        self.rendered.send_replace(at);
    }

    /// Renders what has happened since, and tells the readers once for all of it.
    async fn render_on(&self, at: &mut Progress, renderer: &mut Option<Renderer>) -> Result<(), Failed> {
        let happenings = self.log.after(at.head.sequence).await?;
        if renderer.is_none() {
            *renderer = Some(Renderer::start(&self.execute, &self.plan).await?);
        }
        let Some(renderer) = renderer else { return Err(Failed) };
        if happenings.first().is_none_or(|first| first.event.sequence() != at.head.sequence + 1) {
            // Trimmed under a group that had fallen behind: its readers each find out on their own. A ring
            // with a hole in it would let them pass over what is missing.
            lock(&self.ring).clear();
            *at = self.log.progress();
            self.rendered.send_replace(*at);
            return Ok(());
        }
        for happening in &happenings {
            let frame = self.frame(renderer, happening).await?;
            if happening.event.takes_words_back() {
                self.take_back(renderer, happening).await?;
            }
            let event = &happening.event;
            lock(&self.ring).push(Place { sequence: event.sequence(), comment: event.comment_id(), frame });
            (at.head.sequence, at.head.at) = (event.sequence(), Some(event.at()));
        }
        self.rendered.send_replace(*at);
        Ok(())
    }

    /// Words were taken back: frames that show them must not reach anybody any more. Where the operation
    /// can show one comment's words in another's event, that is every frame; else those of the comment.
    async fn take_back(&self, renderer: &mut Renderer, taken: &Happening) -> Result<(), Failed> {
        let Some(comment) = taken.event.comment_id() else { return Ok(()) };
        if self.plan.shows_other_comments {
            lock(&self.ring).clear();
            return Ok(());
        }
        let stale = lock(&self.ring).about(comment);
        let Some(&oldest) = stale.first() else { return Ok(()) };
        let happenings = self.log.after(oldest - 1).await?;
        for sequence in stale {
            let again = happenings.iter().find(|happening| happening.event.sequence() == sequence);
            let Some(again) = again else {
                // No longer at hand: readers that still want it take it from a page.
                lock(&self.ring).clear();
                return Ok(());
            };
            let again = Happening { comment: taken.comment.clone(), ..again.clone() };
            if let Some(frame) = self.frame(renderer, &again).await? {
                lock(&self.ring).replace(sequence, frame);
            }
        }
        Ok(())
    }

    async fn frame(
        &self,
        renderer: &mut Renderer,
        happening: &Happening,
    ) -> Result<Option<Frame>, RenderError> {
        #[cfg(feature = "planted-bugs")]
        crate::planted::panic_at("rendering", 12);
        if !self.plan.selection.wants(&happening.event) {
            return Ok(None);
        }
        renderer.render(FeedItem::Happening(happening.clone())).await.map(Some)
    }
}
