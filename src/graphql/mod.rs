//! The GraphQL surface. A request passes the guard, is given its scope, and runs; a subscription is planned
//! first, so that those who ask for the same share one execution.

mod answers;
mod batch;
mod connection;
mod context;
pub mod documents;
pub mod engine;
mod error;
mod followed;
pub mod guard;
mod id;
pub mod load;
mod mutation;
mod query;
mod record;
mod subscription;
mod types;

use async_graphql::Schema;

pub use answers::Held;
pub use engine::{Engine, Live, Terms};
pub use error::GraphError;
pub use id::GlobalId;
pub use load::{Load, Loaded, Room};

/// What this service answers to.
pub type TalkbackSchema = Schema<query::Query, mutation::Mutation, subscription::Subscription>;

/// Where readers find this service.
#[derive(Clone, Debug)]
pub struct Site {
    /// The public address, without a slash at the end.
    pub base_url: String,
}

impl Site {
    /// The origin of the public address (RFC 6454), in lower case.
    #[must_use]
    pub fn origin(&self) -> String {
        url::Url::parse(&self.base_url).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }

    /// The page of an article.
    #[must_use]
    pub fn article_url(&self, slug: &str) -> String {
        format!("{}/articles/{slug}", self.base_url)
    }

    /// The slug in the address of an article's page, if that page is one of this service.
    #[must_use]
    pub fn slug_of<'a>(&self, url: &'a str) -> Option<&'a str> {
        let path = url.strip_prefix(&self.base_url)?.strip_prefix("/articles/")?;
        path.split(['?', '#']).next().map(|slug| slug.trim_end_matches('/'))
    }
}

fn builder() -> async_graphql::SchemaBuilder<query::Query, mutation::Mutation, subscription::Subscription> {
    // The guard has bounded depth, cost, aliases and directives before anything of the schema's own runs.
    Schema::build(query::Query, mutation::Mutation::default(), subscription::Subscription)
        .limit_recursive_depth(64)
}

/// The schema as text, for `schema.graphql`.
#[must_use]
pub fn sdl() -> String {
    let sdl = builder().finish().sdl();
    let lines: Vec<&str> = sdl.lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n").trim_end())
}
