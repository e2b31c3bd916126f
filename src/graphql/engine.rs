//! The one way from a request to its answer, for HTTP, WebSocket and server-sent events alike.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response, ServerError, Variables};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::time::Instant;
use tracing::Instrument;

use super::context::Scope;
pub use super::documents::Wanted;
use super::documents::{Documents, Found, Registered};
use super::error::GraphError;
use super::guard::{self, Admitted, Limits};
use super::id::article_id;
use super::load::Load;
use super::{Site, TalkbackSchema};
use crate::auth::Gate;
use crate::domain::cursor::FeedCursor;
use crate::domain::event::LogId;
use crate::domain::policy::{self, Permission};
use crate::domain::user::Viewer;
use crate::feed::{
    Execute, Feed, Frame, Outlet, Plan, Reader, Selection, SubscribeError, follows_queues, has_plain_root,
    plan,
};
use crate::limits::seconds;
use crate::metrics;
use crate::pace::{Act, Pace};
use crate::service::Service;
use crate::trace::Trace;

/// Errors of one response, at most: what is admitted can still be wrong in a thousand places.
const ERRORS_MAX: usize = 20;
/// Characters of an error's message, at most.
const MESSAGE_MAX: usize = 500;

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The document, or what it is called.
    pub wanted: Wanted,
    /// Which operation of it.
    pub operation_name: Option<String>,
    /// Its variables.
    pub variables: Variables,
    /// Where it came from.
    pub address: IpAddr,
    /// Whether the answer is to say what it cost.
    pub shows_cost: bool,
}

/// Where a request came from, for resolvers.
pub(super) struct Origin(pub IpAddr);

/// A request that passed the guard.
pub struct Accepted {
    text: String,
    by_name: bool,
    asked: Asked,
    admitted: Admitted,
    /// Taken here, since streams go on outside of what brought them.
    trace: Trace,
}

impl Accepted {
    /// What kind of operation it is.
    #[must_use]
    pub fn operation(&self) -> OperationType {
        self.admitted.operation
    }

    /// Whether it was named by its sender, and not sent: a persisted query.
    #[must_use]
    pub fn by_name(&self) -> bool {
        self.by_name
    }
}

/// On what terms requests are answered.
pub struct Terms {
    /// What one request may ask for, and how much runs at once.
    pub limits: Limits,
    /// How fast people may act; `None`: as fast as they like.
    pub pace: Option<Pace>,
    /// Documents that are known by name.
    pub documents: Documents,
    /// Whether clients may read the schema, and are helped with names that it does not have.
    pub introspection: bool,
}

impl Default for Terms {
    /// The usual limits, and nothing else in the way.
    fn default() -> Self {
        let documents = Documents::new(Registered::default(), false);
        Self { limits: Limits::default(), pace: None, documents, introspection: true }
    }
}

/// See the module.
#[derive(Clone)]
pub struct Engine {
    schema: TalkbackSchema,
    service: Service,
    feed: Feed,
    limits: Arc<Limits>,
    execute: Execute,
    executions: Arc<AtomicU64>,
    pace: Option<Arc<Pace>>,
    documents: Arc<Documents>,
    load: Arc<Load>,
    introspection: bool,
}

impl Engine {
    /// An engine over a running service and feed.
    ///
    /// # Errors
    /// The schema's own text does not parse: a fault of the build.
    pub fn new(
        service: Service,
        feed: Feed,
        gate: Gate,
        site: Site,
        terms: Terms,
    ) -> Result<Self, async_graphql::parser::Error> {
        let Terms { limits, pace, documents, introspection } = terms;
        let mut schema = super::builder().data(service.clone()).data(feed.clone()).data(gate).data(site);
        if !introspection {
            schema = schema.disable_introspection().disable_suggestions();
        }
        let schema = schema.finish();
        let limits = limits.with_types_of(&schema.sdl())?;
        let load = Arc::new(Load::new(&limits));
        let executions = Arc::<AtomicU64>::default();
        let execute: Execute = {
            let (schema, service, executions) = (schema.clone(), service.clone(), Arc::clone(&executions));
            Arc::new(move |plan, injected| {
                let executions = Arc::clone(&executions);
                let scope = match plan.selection {
                    Selection::Everything | Selection::Approved => Scope::events,
                    Selection::Queues => Scope::desk,
                };
                let request =
                    planned_request(plan).data(injected).data(scope(service.clone(), plan.viewer.clone()));
                let counted = move |_: &Response| _ = executions.fetch_add(1, Ordering::Relaxed);
                schema.execute_stream(request).inspect(counted).boxed()
            })
        };
        let (limits, pace, documents) = (Arc::new(limits), pace.map(Arc::new), Arc::new(documents));
        Ok(Self { schema, service, feed, limits, execute, executions, pace, documents, load, introspection })
    }

    /// Events that subscriptions were executed for so far, each time once for all who share it.
    #[must_use]
    pub fn executions(&self) -> u64 {
        self.executions.load(Ordering::Relaxed)
    }

    /// Finds the document that a request means, and passes it through the guard.
    ///
    /// # Errors
    /// The response that says why not.
    pub async fn accept(&self, asked: Asked) -> Result<Accepted, Box<Response>> {
        self.admit(asked).await.map_err(|error| {
            let response = Response::from_errors(vec![error]);
            metrics::all().ended("refused", outcome(&response), Duration::ZERO);
            Box::new(response)
        })
    }

    async fn admit(&self, mut asked: Asked) -> Result<Accepted, ServerError> {
        let found = self.documents.find(std::mem::take(&mut asked.wanted)).await;
        let Found { text, remember, by_name } = found.map_err(GraphError::into_server_error)?;
        let name = asked.operation_name.as_deref();
        let admitted = guard::admit(&text, name, &asked.variables, &self.limits)?;
        if let Some(hash) = remember {
            self.documents.remember(hash, &text).await;
        }
        Ok(Accepted { text, by_name, asked, admitted, trace: Trace::current() })
    }

    /// What runs at once, and whether more may.
    #[must_use]
    pub fn load(&self) -> &Arc<Load> {
        &self.load
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What this node's readers follow, for metrics.
    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    async fn keep_pace(&self, accepted: &Accepted, viewer: &Viewer) -> Result<(), GraphError> {
        let Some(pace) = &self.pace else { return Ok(()) };
        let act = match accepted.operation() {
            OperationType::Query => Act::Read,
            OperationType::Mutation => Act::Write,
            OperationType::Subscription => Act::Follow,
        };
        Ok(pace.check(act, viewer, accepted.asked.address).await?)
    }

    /// Runs a query or a mutation.
    pub async fn run(&self, accepted: Accepted, viewer: Viewer) -> Response {
        let (started, kind) = (Instant::now(), kind(accepted.operation()));
        let trace = accepted.trace.clone();
        let span =
            tracing::debug_span!("operation", kind, trace_id = %trace, outcome = tracing::field::Empty);
        let running = self.run_in_trace(accepted, viewer).instrument(span.clone());
        let response = trace.scope(running).await;
        let outcome = outcome(&response);
        span.record("outcome", &*outcome);
        metrics::all().ended(kind, outcome, started.elapsed());
        response
    }

    async fn run_in_trace(&self, accepted: Accepted, viewer: Viewer) -> Response {
        if let Err(error) = self.keep_pace(&accepted, &viewer).await {
            return refused(error);
        }
        let scope = match accepted.operation() {
            OperationType::Query => Scope::frozen(self.service.clone(), viewer),
            OperationType::Mutation => Scope::live(self.service.clone(), viewer),
            OperationType::Subscription => {
                let message = "A subscription needs a stream: ask for text/event-stream, or use a WebSocket.";
                return refused(GraphError::new("SUBSCRIPTION_NEEDS_A_STREAM", message));
            }
        };
        // tokio's budget would make some of those who wait for one batch wait a turn longer than others, and
        // so split the next: a request is bounded by its cost instead.
        let _turn = match self.load.turn().await {
            Ok(turn) => turn,
            Err(error) => return refused(error),
        };
        let cost = accepted.asked.shows_cost.then(|| self.cost_of(&accepted.admitted));
        let executing = tokio::task::unconstrained(self.schema.execute(request(accepted).data(scope)));
        let most = seconds(self.limits.execution_seconds);
        let Ok(mut response) = tokio::time::timeout(most, executing).await else {
            let message = "This took too long and was given up: ask for less, or try again later.";
            return refused(GraphError::new("TIMEOUT", message));
        };
        self.tidy(&mut response);
        if let Some(cost) = cost {
            response.extensions.insert("cost".to_owned(), cost);
        }
        response
    }

    /// What a request counts for, as `extensions.cost` says it. On demand, by `extensions: {"cost": true}`: who does
    /// not ask gets the same bytes as ever, and events are the same for all who share them.
    fn cost_of(&self, admitted: &Admitted) -> async_graphql::Value {
        let Admitted { cost, depth, fields, .. } = *admitted;
        async_graphql::value!({ "points": cost, "limit": self.limits.cost, "depth": depth, "fields": fields })
    }

    fn tidy(&self, response: &mut Response) {
        tidy(response);
        if !self.introspection {
            // The library's own directives are suggested all the same.
            for error in &mut response.errors {
                if let Some(at) = error.message.find(" Did you mean ") {
                    error.message.truncate(at);
                }
            }
        }
    }

    /// Starts a subscription, or whatever else came over a stream. `resume` is a cursor that the transport
    /// knows of, later than the one in the operation.
    ///
    /// # Errors
    /// The response that says why it does not even start.
    pub async fn stream(
        &self,
        accepted: Accepted,
        viewer: Viewer,
        resume: Option<String>,
    ) -> Result<Live, Box<Response>> {
        match accepted.operation() {
            OperationType::Query | OperationType::Mutation => {
                let response = self.run(accepted, viewer).await;
                if response.data == async_graphql::Value::Null && response.is_err() {
                    return Err(Box::new(response));
                }
                Ok(Live::Once(Some(Frame::without_cursor(&response))))
            }
            OperationType::Subscription => {
                let (started, trace) = (Instant::now(), accepted.trace.clone());
                let span = tracing::debug_span!("subscribe", trace_id = %trace);
                let live = trace.scope(self.follow(accepted, viewer, resume).instrument(span)).await;
                let outcome = live.as_ref().err().map_or(Cow::Borrowed("ok"), |response| outcome(response));
                metrics::all().ended("subscription", outcome, started.elapsed());
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
        self.keep_pace(&accepted, &viewer).await.map_err(|error| Box::new(refused(error)))?;
        if self.load.is_short() {
            return Err(Box::new(refused(GraphError::overloaded())));
        }
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
        match self.feed.subscribe(planned.plan, &self.execute, log, after).await {
            Ok(reader) => Ok(Live::Shared(reader)),
            Err(SubscribeError::Refused(mut response)) => {
                self.tidy(&mut response);
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
        let scope = scope(self.service.clone(), viewer);
        let mut responses = self.schema.execute_stream(request(accepted).data(scope));
        let first = tokio::select! {
            biased;
            first = responses.next() => first,
            () = std::future::ready(()) => None,
        };
        match first {
            Some(mut response) if response.data == async_graphql::Value::Null => {
                self.tidy(&mut response);
                Err(Box::new(response))
            }
            first => Ok(Live::Alone(futures_util::stream::iter(first).chain(responses).boxed())),
        }
    }
}

/// How an operation is counted.
fn kind(operation: OperationType) -> &'static str {
    match operation {
        OperationType::Query => "query",
        OperationType::Mutation => "mutation",
        OperationType::Subscription => "subscription",
    }
}

/// `ok`, or the code of the first error: codes are ours, and few.
fn outcome(response: &Response) -> Cow<'static, str> {
    let Some(error) = response.errors.first() else { return Cow::Borrowed("ok") };
    match error.extensions.as_ref().and_then(|extensions| extensions.get("code")) {
        Some(async_graphql::Value::String(code)) => Cow::Owned(code.clone()),
        _ => Cow::Borrowed("unknown"),
    }
}

/// A stream under way.
pub enum Live {
    /// A reader of a group.
    Shared(Reader),
    /// A subscription that nobody shares.
    Alone(BoxStream<'static, Response>),
    /// One answer.
    Once(Option<Frame>),
}

impl Live {
    /// The next frames, in order; `None`: it is over. Cancelling it loses nothing.
    pub async fn next(&mut self) -> Option<Vec<Frame>> {
        match self {
            Self::Shared(reader) => reader.next().await,
            Self::Alone(responses) => Some(vec![Frame::without_cursor(&responses.next().await?)]),
            Self::Once(frame) => frame.take().map(|frame| vec![frame]),
        }
    }
}

impl Live {
    /// What is shared goes to the outlet as it comes, without waking whoever waits for [`Self::next`], which
    /// then gives what the outlet can't take.
    pub fn send_to(&mut self, outlet: impl Outlet + 'static) {
        match self {
            Self::Shared(reader) => reader.send_to(Box::new(outlet)),
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

impl Frame {
    fn without_cursor(response: &Response) -> Self {
        Self::new(None, &to_json(response))
    }
}

/// A response as JSON. A request that was not executed has no `data` entry (GraphQL specification, section
/// 7.1), and its errors no location that nobody knows.
#[must_use]
pub fn to_json(response: &Response) -> Vec<u8> {
    let not_executed = response.data == async_graphql::Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty());
    let written = if not_executed {
        serde_json::to_vec(&serde_json::json!({ "errors": errors(response) }))
    } else {
        serde_json::to_vec(response)
    };
    written.unwrap_or_else(|_| b"{\"data\":null}".to_vec())
}

/// The errors of a request that was not executed.
#[must_use]
pub fn errors(response: &Response) -> serde_json::Value {
    let shown = response.errors.iter().filter_map(|error| {
        let mut error = error.clone();
        error.locations.retain(|place| place.line > 0);
        serde_json::to_value(&error).ok()
    });
    shown.collect()
}

/// The response of a request that failed as a whole.
#[must_use]
pub fn refused(error: GraphError) -> Response {
    Response::from_errors(vec![error.into_server_error()])
}

fn request(accepted: Accepted) -> Request {
    let Accepted { text, asked, admitted, .. } = accepted;
    let mut request = Request::new(text).variables(asked.variables).data(Origin(asked.address));
    request.operation_name = asked.operation_name;
    request.set_parsed_query(admitted.document);
    request.data(asked.address)
}

fn planned_request(plan: &Plan) -> Request {
    let mut request = Request::new(&*plan.text).variables(plan.variables.clone());
    request.operation_name.clone_from(&plan.operation_name);
    request.set_parsed_query((*plan.document).clone());
    request
}

/// Gives every error a code, and bounds what a wrong document is told about itself.
fn tidy(response: &mut Response) {
    for error in &mut response.errors {
        with_code(error);
    }
    if response.data == async_graphql::Value::Null {
        guard::abridge(&mut response.errors, ERRORS_MAX, MESSAGE_MAX);
    }
}

fn with_code(error: &mut ServerError) {
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_none() {
        extensions.set("code", if error.path.is_empty() { "GRAPHQL_VALIDATION_FAILED" } else { "BAD_INPUT" });
    }
}
