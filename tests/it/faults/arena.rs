//! The installation that is struck: nodes, each behind links of its own to its clients, to PostgreSQL and to Redis.

use futures_util::future::join_all;
use sea_orm::DatabaseConnection;

use super::super::support::{
    client::Actor,
    database::TestDatabase,
    node::{Node, NodeOptions, Store},
    postgres::OwnPostgres,
    proxy::Proxy,
    reaper,
    redis::OwnRedis,
    servers, wait,
    world::Backend,
};

/// Drops in the order of its fields: nodes before what they run on.
pub struct Arena {
    pub posts: Vec<Post>,
    /// As the test sees it, past all links.
    pub store: Store,
    _database: Option<TestDatabase>,
    redis: Option<OwnRedis>,
    postgres: Option<OwnPostgres>,
}

/// A node and its links. `World` has one link for all nodes: here each can be cut off alone.
pub struct Post {
    pub node: Node,
    /// Between readers and the node.
    pub readers: Proxy,
    /// Between writers and the node: what only readers feel must not stop the writing.
    pub writers: Proxy,
    pub postgres: Option<Proxy>,
    pub redis: Option<Proxy>,
}

impl Post {
    async fn before(node: Node, postgres: Option<Proxy>, redis: Option<Proxy>) -> Self {
        let (readers, writers) = (Proxy::before(node.port()).await, Proxy::before(node.port()).await);
        Self { node, readers, writers, postgres, redis }
    }

    /// What clients reach it through.
    pub fn clients(&self) -> [&Proxy; 2] {
        [&self.readers, &self.writers]
    }
}

impl Arena {
    pub async fn build(backend: Backend, options: &NodeOptions) -> Self {
        match backend {
            Backend::Embedded => {
                let store =
                    Store { data_dir: reaper::directory("data"), database_url: None, redis_url: None };
                let node = Node::start(&store, options.clone()).await;
                let posts = vec![Post::before(node, None, None).await];
                Self { posts, store, _database: None, redis: None, postgres: None }
            }
            Backend::Scaled => Self::build_scaled(options).await,
        }
    }

    async fn build_scaled(options: &NodeOptions) -> Self {
        let (postgres, redis) = tokio::join!(OwnPostgres::start(), OwnRedis::start());
        let database = postgres.database().await;
        let data_dir = reaper::directory("data");
        let posts = join_all((0..2).map(|number| {
            let (postgres, redis, database, data_dir) = (&postgres, &redis, &database, &data_dir);
            async move {
                let (to_postgres, to_redis) =
                    (Proxy::before(postgres.port()).await, Proxy::before(redis.port()).await);
                let store = Store {
                    data_dir: data_dir.join(format!("node-{number}")),
                    database_url: Some(servers::with_port(database.url(), to_postgres.port())),
                    redis_url: Some(servers::with_port(&redis.url(), to_redis.port())),
                };
                // A port below the kernel's own range: a node that is killed must find it again.
                let options = NodeOptions { port: servers::free_port(), ..options.clone() };
                let node = Node::start(&store, options).await;
                Post::before(node, Some(to_postgres), Some(to_redis)).await
            }
        }))
        .await;
        let store =
            Store { data_dir, database_url: Some(database.url().to_owned()), redis_url: Some(redis.url()) };
        let (_database, redis, postgres) = (Some(database), Some(redis), Some(postgres));
        Self { posts, store, _database, redis, postgres }
    }

    /// Where readers reach the nodes.
    pub fn reader_doors(&self) -> Vec<String> {
        self.posts.iter().map(|post| post.readers.http_url()).collect()
    }

    /// Where writers reach the nodes.
    pub fn writer_doors(&self) -> Vec<String> {
        self.posts.iter().map(|post| post.writers.http_url()).collect()
    }

    pub fn anyone(&self) -> Actor {
        Actor::anonymous(self.posts[0].writers.http_url())
    }

    pub async fn person(&self, role: &str, name: &str) -> Actor {
        self.anyone().with_token(self.store.token(role, name).await)
    }

    pub fn postgres(&self) -> &OwnPostgres {
        self.postgres.as_ref().expect("only a scaled arena has a PostgreSQL")
    }

    pub fn redis(&self) -> &OwnRedis {
        self.redis.as_ref().expect("only a scaled arena has a Redis")
    }

    /// A connection of the test's own to the database.
    pub async fn look_inside(&self) -> DatabaseConnection {
        wait::soon("a look into the database", self.store.look_inside()).await
    }
}
