//! Turning events into bytes: one execution of a group's operation, fed one event at a time.

use std::sync::Arc;

use async_graphql::Response;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde_json::json;
use tokio::sync::mpsc;

use super::frame::Frame;
use super::pages::Failed;
use super::plan::Plan;
use super::source::{FeedItem, Injected};

/// Starts an execution of a plan's operation that takes its events from the given source.
pub type Execute = Arc<dyn Fn(&Plan, Injected) -> BoxStream<'static, Response> + Send + Sync>;

/// The code of errors that are ours and pass: an event is never spent on one.
pub const INTERNAL: &str = "INTERNAL";

/// The code of the error that ends a subscription whose next event can't be rendered: come back.
pub const INTERRUPTED: &str = "FEED_INTERRUPTED";

/// An execution under way.
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
        tokio::select! {
            biased;
            response = responses.next() => Err(match response {
                Some(response) if is_fault(&response) => RenderError::Fault,
                Some(response) => RenderError::Refused(Box::new(response)),
                None => RenderError::Fault,
            }),
            () = injected.taken() => Ok(Self { items, responses }),
        }
    }

    /// The frame of one event that the operation wants.
    pub async fn render(&mut self, item: FeedItem) -> Result<Frame, RenderError> {
        let cursor = item.cursor().encode();
        self.items.send(item).await.map_err(|_| RenderError::Fault)?;
        let response = self.responses.next().await.ok_or(RenderError::Fault)?;
        if is_fault(&response) {
            return Err(RenderError::Fault);
        }
        let payload = serde_json::to_vec(&response).map_err(|_| RenderError::Fault)?;
        Ok(Frame::new(Some(&cursor), &payload))
    }
}

/// The last frame of a subscription that can't go on.
pub(super) fn interrupted() -> Frame {
    let message = "The feed was interrupted by a fault of the server: come back, after the last cursor.";
    let payload =
        json!({ "data": null, "errors": [{ "message": message, "extensions": { "code": INTERRUPTED } }] });
    Frame::new(None, payload.to_string().as_bytes())
}

fn is_fault(response: &Response) -> bool {
    let internal = async_graphql::Value::from(INTERNAL);
    response.errors.iter().any(|error| {
        error.extensions.as_ref().and_then(|extensions| extensions.get("code")) == Some(&internal)
    })
}
