//! The guard before a small schema with everything that validation treats specially: pages, input objects that hold
//! themselves, an enum, an interface, a subscription.

mod amplified;
mod generated;
mod grammar;
mod honest;
mod hostile;
mod lists;
mod texts;

use std::time::{Duration, Instant};

use async_graphql::{
    Enum, ID, InputObject, Interface, Object, Request, Response, Schema, SimpleObject, Subscription,
    Variables,
};
use futures_util::stream::{self, Stream};

use super::{Admitted, Limits, Refusal, admit};

/// What a worker thread of the server has.
const SMALL_STACK_BYTES: usize = 2 * 1024 * 1024;
/// A debug build on a busy machine; a release build takes a tenth.
const SOON: Duration = Duration::from_millis(500);

struct Query;

#[derive(Clone, Copy)]
struct Comment(u32);

#[derive(SimpleObject)]
struct Page {
    edges: Vec<Edge>,
    nodes: Vec<Comment>,
    total_count: u32,
}

#[derive(SimpleObject)]
struct Edge {
    cursor: String,
    node: Comment,
}

struct Tag;

#[Object]
impl Tag {
    async fn id(&self) -> ID {
        "tag".into()
    }
}

#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID"))]
enum Node {
    Comment(Comment),
    Tag(Tag),
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum Order {
    Newest,
    Oldest,
}

#[derive(InputObject)]
struct Filter {
    text: Option<String>,
    any: Option<Vec<Filter>>,
    order: Option<Order>,
}

#[Object]
impl Query {
    async fn comment(&self) -> Comment {
        Comment(0)
    }

    async fn node(&self, id: ID) -> Option<Node> {
        if id.as_str() == "tag" { Some(Tag.into()) } else { Some(Comment(1).into()) }
    }

    async fn nodes(&self, ids: Vec<ID>) -> Vec<Comment> {
        ids.iter().map(|_| Comment(2)).collect()
    }

    async fn value(
        &self,
        number: Option<i32>,
        lists: Option<Vec<Vec<i32>>>,
        text: Option<String>,
        order: Option<Order>,
        filter: Option<Filter>,
    ) -> bool {
        let any = filter.as_ref().is_some_and(|f| f.any.is_some() || f.text.is_some() || f.order.is_some());
        any || number.is_some() || lists.is_some() || text.is_some() || order.is_some()
    }
}

#[Object]
impl Comment {
    async fn id(&self) -> ID {
        ID(self.0.to_string())
    }

    async fn body(&self) -> &str {
        "Well said."
    }

    async fn parent(&self) -> Comment {
        Comment(self.0 + 1)
    }

    async fn replies(&self, first: Option<i32>, after: Option<String>, order_by: Option<Order>) -> Page {
        let rows = first.unwrap_or(2).clamp(0, 2) + i32::from(after.is_some() && order_by.is_some());
        let nodes = vec![Comment(self.0 + 1); usize::try_from(rows).unwrap_or(0)];
        let edges = nodes.iter().map(|&node| Edge { cursor: node.0.to_string(), node }).collect();
        Page { edges, nodes, total_count: 2 }
    }
}

struct Feed;

#[Subscription]
impl Feed {
    async fn approved(&self) -> impl Stream<Item = Comment> {
        stream::iter([Comment(0)])
    }
}

fn schema() -> Schema<Query, async_graphql::EmptyMutation, Feed> {
    Schema::build(Query, async_graphql::EmptyMutation, Feed).finish()
}

fn limits() -> Limits {
    Limits::default().with_types_of(&schema().sdl()).unwrap()
}

/// Runs a story on a thread with a worker's stack: an overflow there would end the test binary.
fn on_small_stack<T: Send + 'static>(story: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(SMALL_STACK_BYTES).spawn(story).unwrap().join().unwrap()
}

fn ask(query: &str) -> Result<Admitted, Refusal> {
    admit(query, None, &Variables::default(), &Limits::default())
}

/// Why a query is refused under these limits.
fn refusal(query: &str, limits: &Limits) -> Refusal {
    admit(query, None, &Variables::default(), limits).map(|_| ()).unwrap_err()
}

/// The code that a query is refused with, soon and on a small stack.
fn code_of(query: impl Into<String>) -> &'static str {
    let query = query.into();
    let started = Instant::now();
    let code = on_small_stack(move || ask(&query).map_or_else(|refusal| refusal.code(), |_| "admitted"));
    assert!(started.elapsed() < SOON, "{code} took {:?}", started.elapsed());
    code
}

/// What the schema answers to an admitted request.
fn execute(admitted: Admitted, variables: Variables) -> Response {
    let mut request = Request::new("").variables(variables);
    request.operation_name = admitted.operation_name;
    request.set_parsed_query(admitted.document);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(schema().execute(request))
}

/// Admits and answers a query as a worker thread would, and soon.
fn answer(query: impl Into<String>, variables: serde_json::Value) -> Response {
    let query = query.into();
    on_small_stack(move || {
        let started = Instant::now();
        let variables = Variables::from_json(variables);
        let admitted =
            admit(&query, None, &variables, &limits()).unwrap_or_else(|refusal| panic!("{refusal}: {query}"));
        let response = execute(admitted, variables);
        assert!(started.elapsed() < 4 * SOON, "{query} took {:?}", started.elapsed());
        response
    })
}
