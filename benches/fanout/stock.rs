//! What one gets by following the book: `GraphQLSubscription` of async-graphql-axum over a tokio broadcast
//! channel, with its defaults. The same fields, and so the same payload.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_graphql::{EmptyMutation, ID, Object, Schema, SimpleObject, Subscription};
use async_graphql_axum::GraphQLSubscription;
use axum::Router;
use axum::routing::post;
use axum::serve::ListenerExt;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{Stream, StreamExt};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

#[derive(SimpleObject, Clone)]
struct Author {
    id: ID,
    display_name: String,
    initial: String,
    role: String,
}

#[derive(SimpleObject, Clone)]
struct ReactionCount {
    kind: String,
    count: i32,
}

#[derive(SimpleObject, Clone)]
struct Parent {
    id: ID,
}

#[derive(SimpleObject, Clone)]
struct Comment {
    id: ID,
    body: String,
    body_html: String,
    status: String,
    author: Author,
    created_at: String,
    edited_at: Option<String>,
    approved_at: String,
    depth: i32,
    revision: i32,
    reply_count: i32,
    reactions: Vec<ReactionCount>,
    viewer_has_reacted: Vec<String>,
    viewer_can_edit: bool,
    viewer_can_delete: bool,
    parent: Option<Parent>,
}

#[derive(SimpleObject, Clone)]
struct CommentApprovedUpdate {
    cursor: String,
    comment: Comment,
    comment_count: i64,
}

struct Query;

#[Object]
impl Query {
    async fn ok(&self) -> bool {
        true
    }
}

struct Feed {
    updates: broadcast::Sender<CommentApprovedUpdate>,
}

#[Subscription]
impl Feed {
    async fn comment_approved(
        &self,
        #[graphql(name = "articleId")] _article_id: ID,
        #[graphql(name = "after")] _after: Option<String>,
    ) -> impl Stream<Item = CommentApprovedUpdate> {
        BroadcastStream::new(self.updates.subscribe()).filter_map(|update| std::future::ready(update.ok()))
    }
}

/// Serves until it is killed.
pub fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let (updates, _) = broadcast::channel(1024);
        let schema = Schema::new(Query, EmptyMutation, Feed { updates: updates.clone() });
        let number = Arc::new(AtomicI64::new(0));
        let publish = move || async move {
            // Nobody listening is no failure.
            let _ = updates.send(update(number.fetch_add(1, Ordering::Relaxed) + 1));
        };
        let app = Router::new()
            .route_service("/graphql", GraphQLSubscription::new(schema))
            .route("/publish", post(publish));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        super::say(&format!("listening on http://{address}"));
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, app).await.expect("it serves");
    });
}

fn update(number: i64) -> CommentApprovedUpdate {
    // The cursor of Talkback: a version, an article, the sequence, its time.
    let mut cursor = [0; 33];
    cursor[17..25].copy_from_slice(&number.to_be_bytes());
    cursor[25..].copy_from_slice(&super::machine::now_micros().to_be_bytes());
    let body = format!(
        "Comment {number} of writer 0: the harbour lights went out one after the other, and nobody on the night \
         ferry said a word until the far side was in sight. *Then* everybody did."
    );
    CommentApprovedUpdate {
        cursor: URL_SAFE_NO_PAD.encode(cursor),
        comment: Comment {
            id: ID(format!("{:048x}", number)),
            body_html: format!("<p>{body}</p>"),
            body,
            status: "APPROVED".into(),
            author: Author {
                id: ID(format!("{:032x}", 7)),
                display_name: "Ana".into(),
                initial: "A".into(),
                role: "READER".into(),
            },
            created_at: "2026-01-01T12:00:00.123456+00:00".into(),
            edited_at: None,
            approved_at: "2026-01-01T12:00:00.123456+00:00".into(),
            depth: 0,
            revision: 1,
            reply_count: 0,
            reactions: Vec::new(),
            viewer_has_reacted: Vec::new(),
            viewer_can_edit: false,
            viewer_can_delete: false,
            parent: None,
        },
        comment_count: number,
    }
}
