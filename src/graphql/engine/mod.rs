//! The one way from a request to its answer, for HTTP, WebSocket and server-sent events alike.
//!
//! - this file: the engine, and how a request is accepted
//! - `run`: queries and mutations
//! - `follow`: subscriptions, shared where they can be
//! - `page`: pages, which are none of the three
//! - `response`: what is told, and how; `discreet`: where the schema is not for clients to read

mod discreet;
mod follow;
mod page;
mod response;
mod run;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response, ServerError, Variables};
use futures_util::StreamExt;

use self::discreet::Hidden;
use self::response::outcome;
use super::answers::bounded;
use super::context::Scope;
pub use super::documents::Wanted;
use super::documents::{Documents, Found, Registered};
use super::error::GraphError;
use super::followed::Followed;
use super::guard::{self, Admitted, Limits};
use super::load::Load;
use super::{Site, TalkbackSchema};
use crate::auth::Gate;
use crate::domain::user::Viewer;
use crate::feed::{Execute, Feed, Plan, Selection};
use crate::limits::size;
use crate::metrics;
use crate::pace::{Act, Pace};
use crate::service::Service;
use crate::trace::Trace;

pub use follow::Live;
pub use response::{errors, is_executed, refused, to_json};
pub use run::Answer;

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

/// A request that passed the guard, and is paid for.
pub struct Accepted {
    text: String,
    by_name: bool,
    /// The digest to remember the text by, once validation has passed it.
    remember: Option<String>,
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

    /// A text that is new here, with its digest.
    fn take_new_text(&mut self) -> Option<(String, String)> {
        self.remember.take().map(|hash| (hash, self.text.clone()))
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
    followed: Arc<Followed>,
    load: Arc<Load>,
    /// The schema's names, where clients may not read it.
    hidden: Option<Arc<Hidden>>,
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
        let sdl = schema.sdl();
        let limits = limits.with_types_of(&sdl)?;
        let hidden = if introspection { None } else { Some(Arc::new(Hidden::of(&sdl)?)) };
        let load = Arc::new(Load::new(&limits));
        let executions = Arc::<AtomicU64>::default();
        let event_max = size(limits.event_bytes);
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
                let counted = move |response| {
                    executions.fetch_add(1, Ordering::Relaxed);
                    bounded(response, event_max)
                };
                schema.execute_stream(request).map(counted).boxed()
            })
        };
        let followed = Arc::new(Followed::new(&limits));
        let (limits, pace, documents) = (Arc::new(limits), pace.map(Arc::new), Arc::new(documents));
        Ok(Self {
            schema,
            service,
            feed,
            limits,
            execute,
            executions,
            pace,
            documents,
            followed,
            load,
            hidden,
        })
    }

    /// Events that subscriptions were executed for so far, each time once for all who share it.
    #[must_use]
    pub fn executions(&self) -> u64 {
        self.executions.load(Ordering::Relaxed)
    }

    /// Texts of persisted queries that are remembered, and their bytes.
    #[must_use]
    pub fn documents_remembered(&self) -> (usize, usize) {
        self.documents.size()
    }

    /// Finds the document that a request means, and passes it through the guard. Each request costs one of what its sender
    /// may do: what it is, or a read if it is refused here. Whoever is out of that is told so before their text is looked at.
    ///
    /// # Errors
    /// The response that says why not.
    pub async fn accept(&self, asked: Asked, viewer: &Viewer) -> Result<Accepted, Box<Response>> {
        self.admit(asked, viewer).await.map_err(|error| {
            let response = Response::from_errors(vec![error]);
            metrics::all().ended("refused", outcome(&response), Duration::ZERO);
            Box::new(response)
        })
    }

    async fn admit(&self, asked: Asked, viewer: &Viewer) -> Result<Accepted, ServerError> {
        let Some(pace) = &self.pace else { return self.guard(asked).await };
        let (address, too_fast) = (asked.address, |why| GraphError::from(why).into_server_error());
        pace.look(viewer, address).map_err(too_fast)?;
        let accepted = self.guard(asked).await;
        let paid = match &accepted {
            Ok(accepted) => pace.check(act(accepted.operation()), viewer, address).await,
            Err(_) => pace.refuse(viewer, address),
        };
        paid.map_err(too_fast)?;
        accepted
    }

    async fn guard(&self, mut asked: Asked) -> Result<Accepted, ServerError> {
        let found = self.documents.find(std::mem::take(&mut asked.wanted)).await;
        let Found { text, remember, by_name } = found.map_err(GraphError::into_server_error)?;
        let name = asked.operation_name.as_deref();
        let admitted = guard::admit(&text, name, &asked.variables, &self.limits)?;
        guard::check_meta_fields(&admitted.document, self.hidden.is_none())?;
        guard::check_values(&admitted, &asked.variables)?;
        Ok(Accepted { text, by_name, remember, asked, admitted, trace: Trace::current() })
    }

    /// Takes note of a request that is refused for what came with it, before it could be accepted: it costs a read.
    ///
    /// # Errors
    /// There were too many: that is what to tell.
    pub fn turn_away(&self, viewer: &Viewer, address: IpAddr) -> Result<(), GraphError> {
        let Some(pace) = &self.pace else { return Ok(()) };
        pace.look(viewer, address).and_then(|()| pace.refuse(viewer, address)).map_err(GraphError::from)
    }

    /// Keeps a text that came with its digest: validation passed it, so it is worth a place.
    async fn remember(&self, known: Option<(String, String)>) {
        if let Some((hash, text)) = known {
            self.documents.remember(hash, &text).await;
        }
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
}

const fn act(operation: OperationType) -> Act {
    match operation {
        OperationType::Query => Act::Read,
        OperationType::Mutation => Act::Write,
        OperationType::Subscription => Act::Follow,
    }
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

/// It ran for as long as anything may.
fn too_long() -> GraphError {
    let message = "This took too long and was given up: ask for less, or try again later.";
    GraphError::new("TIMEOUT", message)
}
