//! Subscriptions: those that ask for the same share one execution, the others run by themselves.

use std::borrow::Cow;

use async_graphql::Response;
use async_graphql::parser::types::OperationType;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::time::Instant;
use tracing::Instrument;

use super::response::{is_executed, outcome, tidy};
use super::{Accepted, Answer, Engine, refused, request};
use crate::domain::cursor::FeedCursor;
use crate::domain::event::LogId;
use crate::domain::policy::{self, Permission};
use crate::domain::user::Viewer;
use crate::feed::{Frame, Outlet, Reader, SubscribeError, follows_queues, has_plain_root, plan};
use crate::graphql::answers::bounded;
use crate::graphql::context::Scope;
use crate::graphql::error::GraphError;
use crate::graphql::followed::Following;
use crate::graphql::id::article_id;
use crate::limits::size;
use crate::metrics;

impl Engine {
    /// Starts a subscription, or whatever else came over a stream. `resume` is a cursor that the transport
    /// knows of, later than the one in the operation.
    ///
    /// # Errors
    /// The response that says why it does not even start.
    pub async fn stream(
        &self,
        mut accepted: Accepted,
        viewer: Viewer,
        resume: Option<String>,
    ) -> Result<Live, Box<Response>> {
        match accepted.operation() {
            OperationType::Query | OperationType::Mutation => {
                let Answer { response, held } = self.run(accepted, viewer).await;
                if !is_executed(&response) {
                    return Err(Box::new(response));
                }
                Ok(Live::Once(Some(Frame::without_cursor(&response).kept_by(held))))
            }
            OperationType::Subscription => {
                let (started, trace) = (Instant::now(), accepted.trace.clone());
                let known = accepted.take_new_text();
                let span = tracing::debug_span!("subscribe", trace_id = %trace);
                let live = trace.scope(self.follow(accepted, viewer, resume).instrument(span)).await;
                let outcome = live.as_ref().err().map_or(Cow::Borrowed("ok"), |response| outcome(response));
                metrics::all().ended("subscription", outcome, started.elapsed());
                if live.is_ok() {
                    self.remember(known).await;
                }
                live
            }
        }
    }

    async fn follow(
        &self,
        accepted: Accepted,
        viewer: Viewer,
        resume: Option<String>,
    ) -> Result<Live, Box<Response>> {
        self.load.admit().map_err(|short| Box::new(refused(short)))?;
        let Accepted { text, asked, admitted, .. } = &accepted;
        let name = asked.operation_name.as_deref();
        if !has_plain_root(&admitted.document, name) {
            let message = "A subscription selects exactly one field, directly: not through a fragment, and without @skip or @include.";
            return Err(Box::new(refused(GraphError::new("BAD_SUBSCRIPTION_ROOT", message))));
        }
        let planned = plan(&admitted.document, text, name, &asked.variables, &viewer);
        let Some(planned) = planned else {
            return self.alone(accepted, viewer).await;
        };
        let resumes = resume.is_some();
        let after = resume.or(planned.after);
        let place = (|| {
            let log = match planned.article_id {
                Some(id) => LogId::Article(article_id(&async_graphql::ID(id))?),
                None => {
                    policy::require(&viewer, Permission::Moderate)?;
                    LogId::Queues
                }
            };
            let after = after.as_deref().map(|after| FeedCursor::decode(after, log)).transpose()?;
            Ok::<_, GraphError>((log, after))
        })();
        let (log, after) = match place {
            Ok(place) => place,
            // The operation itself would begin elsewhere than the transport says.
            Err(error) if resumes => return Err(Box::new(refused(error))),
            // What names no place is refused by the operation, in its own words.
            Err(_) => return self.alone(accepted, viewer).await,
        };
        let (from, points) = (asked.address, size(admitted.cost));
        let following = self.followed.enter(from, log, planned.plan.key(), points);
        let following = following.map_err(|error| Box::new(refused(error)))?;
        match self.feed.subscribe(planned.plan, &self.execute, log, after).await {
            Ok(reader) => Ok(Live::Shared(reader, following)),
            Err(SubscribeError::Refused(mut response)) => {
                tidy(&mut response, self.said(&accepted).as_ref());
                Err(response)
            }
            Err(SubscribeError::Follow(error)) => Err(Box::new(refused(error.into()))),
            Err(SubscribeError::Crowded) => {
                let message = "This is followed in too many different ways at once: try again later.";
                Err(Box::new(refused(GraphError::new("OVERLOADED", message))))
            }
            Err(SubscribeError::Fault) => {
                let message = "The subscription could not be started: try again.";
                Err(Box::new(refused(GraphError::new(crate::feed::INTERNAL, message))))
            }
        }
    }

    /// Runs a subscription that is not shared, byte for byte as a shared one. It has begun when it waits for its first event; what answers
    /// at once is a refusal.
    ///
    /// # Errors
    /// The response that says why it does not even start.
    pub async fn alone(&self, accepted: Accepted, viewer: Viewer) -> Result<Live, Box<Response>> {
        // Only moderators can follow the queues, and what a moderator may see of an article is what readers see.
        let name = accepted.asked.operation_name.as_deref();
        let scope =
            if follows_queues(&accepted.admitted.document, name) { Scope::desk } else { Scope::events };
        let (scope, said) = (scope(self.service.clone(), viewer), self.said(&accepted));
        let mut responses = self.schema.execute_stream(request(accepted).data(scope));
        let first = tokio::select! {
            biased;
            first = responses.next() => first,
            () = std::future::ready(()) => None,
        };
        match first {
            Some(mut response) if response.data == async_graphql::Value::Null => {
                tidy(&mut response, said.as_ref());
                Err(Box::new(response))
            }
            first => {
                let most = size(self.limits.event_bytes);
                let all = futures_util::stream::iter(first).chain(responses);
                Ok(Live::Alone(all.map(move |response| bounded(response, most)).boxed()))
            }
        }
    }
}

/// A stream under way.
pub enum Live {
    /// A reader of a group, and their part in what is followed from where they are.
    Shared(Reader, Following),
    /// A subscription that nobody shares.
    Alone(BoxStream<'static, Response>),
    /// One answer.
    Once(Option<Frame>),
}

impl Live {
    /// The next frames, in order; `None`: it is over. Cancelling it loses nothing.
    pub async fn next(&mut self) -> Option<Vec<Frame>> {
        match self {
            Self::Shared(reader, _) => reader.next().await,
            Self::Alone(responses) => Some(vec![Frame::without_cursor(&responses.next().await?)]),
            Self::Once(frame) => frame.take().map(|frame| vec![frame]),
        }
    }

    /// What is shared goes to the outlet as it comes, without waking whoever waits for [`Self::next`], which
    /// then gives what the outlet can't take.
    pub fn send_to(&mut self, outlet: impl Outlet + 'static) {
        match self {
            Self::Shared(reader, _) => reader.send_to(Box::new(outlet)),
            Self::Alone(_) | Self::Once(_) => {}
        }
    }

    /// All frames, as a stream of what is ready together.
    #[must_use]
    pub fn into_frames(self) -> BoxStream<'static, Vec<Frame>> {
        futures_util::stream::unfold(self, async |mut live| live.next().await.map(|frames| (frames, live)))
            .boxed()
    }
}
