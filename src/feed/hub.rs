//! The hub of one log: what everybody who follows it on this node shares.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio_util::task::AbortOnDropHandle;

use super::FollowError;
use super::group::Groups;
use super::log::Log;
use crate::domain::event::LogId;
use crate::store::Store;

/// See the module. It ends when its last reader leaves.
pub struct Hub {
    pub(super) log: Arc<Log>,
    pub(super) groups: Groups,
    /// Bytes in the rings of this node.
    pub(super) rings: Arc<AtomicUsize>,
    leave: Box<dyn Fn() + Send + Sync>,
    /// Reads the log; it holds the log, not the hub, so that it does not keep the hub alive.
    _reading: AbortOnDropHandle<()>,
}

impl Drop for Hub {
    fn drop(&mut self) {
        (self.leave)();
    }
}

impl Hub {
    /// Starts reading; `leave` is called when the last reader has left.
    pub(super) fn start(
        store: Store,
        log: LogId,
        rings: Arc<AtomicUsize>,
        leave: impl Fn() + Send + Sync + 'static,
    ) -> Arc<Self> {
        let log = Arc::new(Log::new(store, log));
        let reading = tokio::spawn(Arc::clone(&log).keep_reading());
        Arc::new(Self {
            log,
            groups: Groups::default(),
            rings,
            leave: Box::new(leave),
            _reading: AbortOnDropHandle::new(reading),
        })
    }

    /// Waits until the log has been read for the first time.
    ///
    /// # Errors
    /// [`FollowError::NotFound`].
    pub(super) async fn ready(&self) -> Result<(), FollowError> {
        self.log.ready().await
    }
}
