//! A world: a newsroom's whole installation, and the people in it.
//!
//! A test is written once and runs over both ways to run the service:
//!
//! ```ignore
//! #[rstest]
//! #[tokio::test(flavor = "multi_thread")]
//! async fn an_unknown_slug_is_null(#[values(Backend::Embedded, Backend::Scaled)] backend: Backend) {
//!     let world = World::start(backend).await;
//!     let answer = world.anyone().run("Article", json!({ "slug": "nowhere" })).await;
//!     assert_eq!(answer.data("/article"), &Value::Null);
//!     world.check().await;
//! }
//! ```

use futures_util::future::join_all;

use super::{
    client::Actor,
    database::TestDatabase,
    node::{Node, NodeOptions, Store},
    postgres::{OwnPostgres, Postgres},
    proxy::Proxy,
    reaper,
    redis::OwnRedis,
    servers,
};

/// The two ways to run the service. Tests over both have `Scaled` in their names, which `tests/run --quick` skips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// One node, SQLite, events by an in-process bus.
    Embedded,
    /// Several nodes on PostgreSQL and Redis.
    Scaled,
}

/// What to build, where it differs from the usual.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Nodes of a scaled world; 0 means 2. An embedded world has one.
    pub nodes: usize,
    /// A PostgreSQL of its own, to crash and to pause, and proxies between the nodes and their servers.
    pub faults: bool,
    pub options: NodeOptions,
}

/// Drops in the order of its fields: nodes before what they run on.
pub struct World {
    pub nodes: Vec<Node>,
    pub store: Store,
    /// Between the nodes and PostgreSQL, in a world with faults.
    pub postgres_link: Option<Proxy>,
    /// Between the nodes and Redis, in a world with faults.
    pub redis_link: Option<Proxy>,
    _database: Option<TestDatabase>,
    redis: Option<OwnRedis>,
    postgres: Option<OwnPostgres>,
}

impl World {
    /// One node on SQLite.
    pub async fn embedded() -> Self {
        Self::start(Backend::Embedded).await
    }

    /// So many nodes on PostgreSQL and Redis.
    pub async fn scaled(nodes: usize) -> Self {
        Self::planned(Backend::Scaled, Plan { nodes, ..Plan::default() }).await
    }

    /// The usual world: one node embedded, or two scaled.
    pub async fn start(backend: Backend) -> Self {
        Self::planned(backend, Plan::default()).await
    }

    pub async fn planned(backend: Backend, plan: Plan) -> Self {
        match backend {
            Backend::Embedded => {
                let store =
                    Store { data_dir: reaper::directory("data"), database_url: None, redis_url: None };
                let nodes = vec![Node::start(&store, plan.options).await];
                Self {
                    nodes,
                    store,
                    postgres_link: None,
                    redis_link: None,
                    _database: None,
                    redis: None,
                    postgres: None,
                }
            }
            Backend::Scaled => Self::build_scaled(plan).await,
        }
    }

    async fn build_scaled(plan: Plan) -> Self {
        let (postgres, redis) = tokio::join!(
            async { if plan.faults { Some(OwnPostgres::start().await) } else { None } },
            OwnRedis::start(),
        );
        let database = match &postgres {
            Some(own) => own.database().await,
            None => Postgres::shared().await.database().await,
        };
        let data_dir = reaper::directory("data");
        let store = Store {
            data_dir: data_dir.clone(),
            database_url: Some(database.url().to_owned()),
            redis_url: Some(redis.url()),
        };
        // The test looks into the store directly; only the nodes suffer the network.
        let mut seen_by_nodes = store.clone();
        let (mut postgres_link, mut redis_link) = (None, None);
        if let Some(own) = &postgres {
            let (before_postgres, before_redis) =
                (Proxy::before(own.port()).await, Proxy::before(redis.port()).await);
            seen_by_nodes.database_url = Some(servers::with_port(database.url(), before_postgres.port()));
            seen_by_nodes.redis_url = Some(servers::with_port(&redis.url(), before_redis.port()));
            (postgres_link, redis_link) = (Some(before_postgres), Some(before_redis));
        }
        let count = if plan.nodes == 0 { 2 } else { plan.nodes };
        // All at once, as a deployment starts them, each with a directory of its own: what they share is in their servers.
        let nodes = join_all((0..count).map(|number| {
            let store = Store { data_dir: data_dir.join(format!("node-{number}")), ..seen_by_nodes.clone() };
            let options = plan.options.clone();
            async move { Node::start(&store, options).await }
        }))
        .await;
        let (_database, redis) = (Some(database), Some(redis));
        Self { nodes, store, postgres_link, redis_link, _database, redis, postgres }
    }

    /// A node by its number; an embedded world has the same one for every number.
    pub fn node(&self, number: usize) -> &Node {
        &self.nodes[number % self.nodes.len()]
    }

    /// The private PostgreSQL of a scaled world with faults.
    pub fn postgres(&self) -> &OwnPostgres {
        self.postgres.as_ref().expect("only a scaled world planned with `faults` has a PostgreSQL of its own")
    }

    /// The Redis of a scaled world: always its own.
    pub fn redis(&self) -> &OwnRedis {
        self.redis.as_ref().expect("only a scaled world has a Redis")
    }

    /// Somebody without a token, at the first node.
    pub fn anyone(&self) -> Actor {
        self.node(0).anyone()
    }

    /// A new guest, at the first node.
    pub async fn guest(&self, display_name: &str) -> Actor {
        self.anyone().guest(display_name).await
    }

    pub async fn moderator(&self) -> Actor {
        self.person("MODERATOR", "Mo Derator").await
    }

    pub async fn editor(&self) -> Actor {
        self.person("EDITOR", "Edith Or").await
    }

    pub async fn admin(&self) -> Actor {
        self.person("ADMIN", "Ada Min").await
    }

    /// Somebody with a role, at the first node.
    pub async fn person(&self, role: &str, name: &str) -> Actor {
        self.anyone().with_token(self.store.token(role, name).await)
    }

    /// `talkback check`: every invariant of the store holds. A good last line of any test that writes.
    pub async fn check(&self) {
        let ended = self.store.command(&["check"]).await;
        assert!(ended.status.success(), "`talkback check` found:\n{}{}", ended.stdout, ended.stderr);
    }
}
