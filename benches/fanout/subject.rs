//! The servers under load: Talkback as it is shipped, and its two baselines.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::crowd::Crowd;
use super::machine::{self, Cores};
use super::paced::Load;
use super::publisher::{Post, Publisher};
use super::support::node::NodeOptions;
use super::support::operations::Operation;
use super::support::process::Process;
use super::support::world::{Backend, Plan, World};
use super::wire::Transport;

const SUBMIT: &str = "mutation Submit($input: CommentSubmitInput!) { commentSubmit(input: $input) { comment { id revision } userErrors { code message } } }";
const APPROVE: &str = "mutation Approve($input: CommentsModerateInput!) { commentsModerate(input: $input) { results { id userErrors { code } } userErrors { code } } }";
const HOLD: &str =
    "mutation Hold($input: CommentingSetInput!) { commentingSet(input: $input) { userErrors { code } } }";

/// A server.
pub trait Subject {
    fn name(&self) -> &'static str;
    fn port(&self) -> u16;
    fn pid(&self) -> i32;
    /// What readers subscribe to.
    fn operation(&self) -> Value;
    /// What makes an event; the raw server sends `sample` again.
    fn post(&self, sample: &[u8]) -> Post;

    fn publisher(&self, sample: &[u8], name: usize) -> Publisher {
        Publisher::connect(self.port(), self.post(sample), name)
    }

    /// As many writers as a load takes, with all that they need.
    fn writers(&self, load: Load) -> Vec<Publisher> {
        (0..load.writers()).map(|number| self.publisher(&[], number as usize)).collect()
    }

    fn crowd(&self, transport: Transport, readers: usize) -> Crowd {
        Crowd::gather(self.port(), transport, &self.operation(), readers)
    }
}

/// An installation of Talkback with one article that shows comments at once.
pub struct Talkback {
    pub world: World,
    article: String,
    editor: String,
    moderator: String,
    writer: String,
    /// Which node the readers are at, and which one the writers.
    nodes: (usize, usize),
}

impl Talkback {
    /// The binary that cargo built beside this benchmark, or the one that `TALKBACK_BENCH_BINARY` names.
    pub fn start(runtime: &Runtime, cores: Cores, backend: Backend) -> Self {
        let binary = std::env::var_os("TALKBACK_BENCH_BINARY").map(Into::into);
        let mut options = NodeOptions { binary, ..NodeOptions::default() };
        options.env.push(("TALKBACK_LOG".into(), "warn,talkback=info".into()));
        let plan = Plan { options, ..Plan::default() };
        let world = cores.for_a_server(|| runtime.block_on(World::planned(backend, plan)));
        let nodes = (0, world.nodes.len() - 1);
        let [editor, moderator, writer] = runtime.block_on(async {
            let token = |role, name| world.store.token(role, name);
            [token("EDITOR", "Edith Or").await, token("MODERATOR", "Mo").await, token("READER", "Ana").await]
        });
        let mut started = Self { world, article: String::new(), editor, moderator, writer, nodes };
        started.article = started.publish_article(runtime, "night-ferry");
        started
    }

    /// A further article; answers its id.
    pub fn publish_article(&self, runtime: &Runtime, slug: &str) -> String {
        let editor = self.world.anyone().with_token(&self.editor);
        runtime.block_on(async {
            let input = json!({ "slug": slug, "headline": "The night ferry", "body": "It left at ten." });
            let published = editor.run("ArticlePublish", json!({ "input": input })).await;
            let id = published.text("/articlePublish/article/id").to_owned();
            let input = json!({ "articleId": id, "moderation": "POST", "minLength": 1 });
            let set = editor.run("CommentingSet", json!({ "input": input })).await;
            assert!(set.user_errors().is_empty(), "{set}");
            id
        })
    }

    /// What readers of that article subscribe to.
    pub fn operation_of(article: &str) -> Value {
        let operation = Operation::named("CommentApproved", json!({ "articleId": article }));
        serde_json::to_value(operation).expect("an operation is JSON")
    }

    /// What makes an event of that article.
    pub fn post_to(&self, article: &str) -> Post {
        Post::Comment { token: self.writer.clone(), article: article.to_owned(), query: SUBMIT.to_owned() }
    }

    pub fn check(&self, runtime: &Runtime) {
        runtime.block_on(self.world.check());
    }
}

impl Subject for Talkback {
    fn name(&self) -> &'static str {
        "Talkback"
    }

    fn port(&self) -> u16 {
        self.world.nodes[self.nodes.0].port()
    }

    fn pid(&self) -> i32 {
        self.world.nodes[self.nodes.0].pid()
    }

    fn operation(&self) -> Value {
        Self::operation_of(&self.article)
    }

    fn post(&self, _sample: &[u8]) -> Post {
        self.post_to(&self.article)
    }

    fn publisher(&self, _sample: &[u8], name: usize) -> Publisher {
        Publisher::connect(self.world.nodes[self.nodes.1].port(), self.post_to(&self.article), name)
    }

    /// Where a moderator approves many together, they were written before.
    fn writers(&self, load: Load) -> Vec<Publisher> {
        if load.together == 1 {
            return (0..load.writers()).map(|number| self.publisher(&[], number as usize)).collect();
        }
        let mut writer = self.publisher(&[], 7);
        let held = json!({ "input": { "articleId": self.article, "moderation": "PRE" } });
        let set = writer.ask(&self.editor, HOLD, &held);
        assert_eq!(set["data"]["commentingSet"]["userErrors"], json!([]), "{set}");
        let batch = |writer: &mut Publisher| {
            let written = |_| {
                let comment = writer.comment(&self.writer, &self.article, SUBMIT);
                json!({ "id": comment["id"], "revision": comment["revision"] })
            };
            (0..load.together).map(written).collect()
        };
        let batches = (0..load.requests()).map(|_| batch(&mut writer)).collect();
        let approvals = Post::Approvals { token: self.moderator.clone(), query: APPROVE, batches };
        vec![Publisher::connect(self.world.nodes[self.nodes.1].port(), approvals, 0)]
    }
}

/// A baseline: this program again, as a server.
pub struct Baseline {
    name: &'static str,
    process: Process,
    port: u16,
}

impl Baseline {
    /// `mode` as in `main`.
    pub fn start(runtime: &Runtime, cores: Cores, name: &'static str, mode: &str) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let process =
            cores.for_a_server(|| Process::spawn(name, Command::new(program).args(["--serve", mode])));
        let port = |line: &str| line.strip_prefix("listening on http://")?.rsplit_once(':')?.1.parse().ok();
        let port = runtime.block_on(process.line(Duration::from_secs(10), port));
        Self { name, process, port: port.unwrap_or_else(|why| panic!("{why}")) }
    }
}

impl Subject for Baseline {
    fn name(&self) -> &'static str {
        self.name
    }

    fn port(&self) -> u16 {
        self.port
    }

    fn pid(&self) -> i32 {
        self.process.pid()
    }

    fn operation(&self) -> Value {
        Talkback::operation_of("any")
    }

    fn post(&self, sample: &[u8]) -> Post {
        let mut bytes = sample.to_vec();
        // Sent again and again, it would look like a repetition to readers who check their cursors.
        if let Some(at) = memchr::memmem::find(&bytes, b"\"cursor\"") {
            bytes[at + 1] = b'C';
        }
        Post::Bytes(bytes)
    }
}

/// What a connection costs a server that has nothing to tell it, in KiB.
pub fn idle_kib(subject: &dyn Subject, transport: Transport, readers: usize) -> f64 {
    let before = machine::memory_kib(subject.pid());
    let crowd = subject.crowd(transport, readers);
    // What connecting needed is given back by then, as far as it ever is.
    std::thread::sleep(Duration::from_secs(2));
    let after = machine::memory_kib(subject.pid());
    drop(crowd);
    after.saturating_sub(before) as f64 / readers as f64
}
