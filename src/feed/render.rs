//! Turning events into bytes: one execution of a group's operation, fed one event at a time.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Response, Value};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::frame::Frame;
use super::pages::Failed;
use super::plan::Plan;
use super::source::{FeedItem, Injected};

/// Starts an execution of a plan's operation that takes its events from the given source.
pub type Execute = Arc<dyn Fn(&Plan, Injected) -> BoxStream<'static, Response> + Send + Sync>;

/// The code of an error that is ours.
pub const INTERNAL: &str = "INTERNAL";
/// The code of what the database has no connection for: it can't be reached, or there is too much to do.
pub const UNAVAILABLE: &str = "UNAVAILABLE";
/// The code of a write that the database can't take at present, though it can be read.
pub const STORAGE_UNAVAILABLE: &str = "STORAGE_UNAVAILABLE";
/// Errors that are ours and pass: an event is never spent on one.
const FAULTS: [&str; 3] = [INTERNAL, UNAVAILABLE, STORAGE_UNAVAILABLE];

/// The code of the error that ends a subscription whose next event can't be rendered: come back.
pub const INTERRUPTED: &str = "FEED_INTERRUPTED";

/// How long an execution may take to begin, and then for each event: a connection to the store that has gone
/// silent says nothing for many minutes.
const RENDER_WAIT: Duration = Duration::from_secs(15);

/// An execution under way. One that failed to render is of no use any more: its answer may still come.
pub(super) struct Renderer {
    items: mpsc::Sender<FeedItem>,
    responses: BoxStream<'static, Response>,
}

/// Why there are no bytes.
#[derive(Debug)]
pub(super) enum RenderError {
    /// The operation does not even start: what to tell the client.
    Refused(Box<Response>),
    /// A fault of ours, logged where it arose; trying again may help.
    Fault,
}

impl From<RenderError> for Failed {
    /// An operation that ran for others is not refused: what looks like it is a fault that may pass.
    fn from(_: RenderError) -> Self {
        Self
    }
}

impl Renderer {
    /// Starts the operation: it is valid, and waits for its first event.
    pub async fn start(execute: &Execute, plan: &Plan) -> Result<Self, RenderError> {
        let (items, injected) = Injected::new();
        let mut responses = execute(plan, injected.clone());
        let refused = within(async {
            tokio::select! {
                biased;
                response = responses.next() => Some(response),
                () = injected.taken() => None,
            }
        });
        match refused.await? {
            None => Ok(Self { items, responses }),
            Some(Some(response)) if !is_fault(&response) => Err(RenderError::Refused(Box::new(response))),
            Some(_) => Err(RenderError::Fault),
        }
    }

    /// The frame of one event that the operation wants.
    pub async fn render(&mut self, item: FeedItem) -> Result<Frame, RenderError> {
        let cursor = item.cursor().encode();
        let answered = within(async {
            self.items.send(item).await.ok()?;
            self.responses.next().await
        });
        let response = answered.await?.ok_or(RenderError::Fault)?;
        if is_fault(&response) {
            return Err(RenderError::Fault);
        }
        let payload = serde_json::to_vec(&response).map_err(|_| RenderError::Fault)?;
        Ok(Frame::new(Some(&cursor), &payload))
    }
}

/// What an execution does next, unless it takes too long.
async fn within<T>(step: impl Future<Output = T>) -> Result<T, RenderError> {
    timeout(RENDER_WAIT, step).await.map_err(|_| {
        tracing::warn!(seconds = RENDER_WAIT.as_secs(), "rendering for a feed took too long");
        RenderError::Fault
    })
}

/// The last frame of a subscription that can't go on.
pub(super) fn interrupted() -> Frame {
    let message = "The feed was interrupted by a fault of the server: come back, after the last cursor.";
    let payload =
        json!({ "data": null, "errors": [{ "message": message, "extensions": { "code": INTERRUPTED } }] });
    Frame::new(None, payload.to_string().as_bytes())
}

fn is_fault(response: &Response) -> bool {
    let codes = response.errors.iter().filter_map(|error| error.extensions.as_ref()?.get("code"));
    codes.into_iter().any(|code| matches!(code, Value::String(code) if FAULTS.contains(&code.as_str())))
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use async_graphql::parser::parse_query;
    use futures_util::stream;
    use tokio_stream::wrappers::ReceiverStream;

    use super::super::plan::plan;
    use super::*;
    use crate::domain::cursor::FeedCursor;
    use crate::domain::event::{LogId, ResetReason};
    use crate::domain::user::Viewer;

    fn any_plan() -> Plan {
        let text = "subscription { articleEvents(articleId: \"any\") { cursor } }";
        let document = parse_query(text).unwrap();
        plan(&document, text, None, &Variables::default(), &Viewer::Anonymous).unwrap().plan
    }

    #[tokio::test(start_paused = true)]
    async fn an_execution_that_never_begins_is_a_fault() {
        let execute: Execute = Arc::new(|_, _| stream::pending().boxed());
        let started = timeout(RENDER_WAIT * 2, Renderer::start(&execute, &any_plan())).await.unwrap();
        assert!(matches!(started, Err(RenderError::Fault)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_that_is_never_answered_is_a_fault() {
        let execute: Execute = Arc::new(|_, injected| {
            ReceiverStream::new(injected.take().unwrap()).then(|_| std::future::pending()).boxed()
        });
        let mut renderer = Renderer::start(&execute, &any_plan()).await.unwrap();
        let cursor = FeedCursor::beginning(LogId::Queues);
        let item = FeedItem::Reset { reason: ResetReason::Trimmed, cursor };
        let rendered = timeout(RENDER_WAIT * 2, renderer.render(item)).await.unwrap();
        assert!(matches!(rendered, Err(RenderError::Fault)));
    }
}
