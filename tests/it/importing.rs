//! A newsroom's first day: `talkback import`.

use std::path::Path;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::newsroom::text;
use crate::support::operations::Operation;
use crate::support::process::Ended;
use crate::support::reaper;
use crate::support::sse::{EventStream, Item};
use crate::support::world::{Backend, World};

fn article(id: &str, slug: &str) -> Value {
    json!({
        "type": "article", "id": id, "slug": slug, "headline": format!("The headline of {slug}"), "body": "Words.\n\nMore words.",
        "keyPoints": ["One", "Two"], "tags": ["sea"], "dateline": { "place": "Skarholm" }, "publishedAt": "2021-03-04T05:06:07Z",
        "commenting": { "moderation": "POST", "guidelines": "Be kind." },
    })
}

fn comment(id: &str, article: &str, author: &str, minute: u32) -> Value {
    json!({
        "type": "comment", "id": id, "article": article, "author": { "id": author, "name": format!("Reader {author}") },
        "body": format!("Said as **{id}**."), "createdAt": format!("2021-03-04T06:{minute:02}:00Z"),
    })
}

fn reply(id: &str, to: &str, article: &str, author: &str, minute: u32) -> Value {
    let mut reply = comment(id, article, author, minute);
    reply["parent"] = to.into();
    reply
}

fn with(mut line: Value, key: &str, value: &str) -> Value {
    line[key] = value.into();
    line
}

async fn import(world: &World, lines: &[Value]) -> Ended {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    import_text(world, &text).await
}

async fn import_text(world: &World, text: &str) -> Ended {
    let file = reaper::directory("import").join("lines.jsonl");
    std::fs::write(&file, text).unwrap();
    import_file(world, &file).await
}

async fn import_file(world: &World, file: &Path) -> Ended {
    world.store.command(&["import", "jsonl", file.to_str().unwrap()]).await
}

#[track_caller]
fn came_to(ended: &Ended, articles: u64, comments: u64, there: u64, left_out: u64) {
    let count =
        |count: u64, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
    let told = format!(
        "Added {} and {}; {} there already; {} left out.\n",
        count(articles, "article", "articles"),
        count(comments, "comment", "comments"),
        count(there, "was", "were"),
        count(left_out, "line was", "lines were"),
    );
    assert_eq!(ended.stdout, told, "{}", ended.stderr);
    assert_eq!(ended.status.success(), left_out == 0, "{}", ended.stderr);
}

fn archive() -> Vec<Value> {
    vec![
        article("a1", "ferry"),
        article("a2", "bridge"),
        comment("c1", "a1", "u1", 1),
        reply("c2", "c1", "a1", "u2", 2),
        reply("c3", "c2", "a1", "u1", 3),
        with(comment("c4", "a1", "u3", 4), "status", "PENDING"),
        with(with(reply("c5", "c1", "a1", "u3", 5), "status", "REJECTED"), "reason", "OFF_TOPIC"),
        with(comment("c6", "a1", "u3", 6), "status", "SPAM"),
        comment("c7", "bridge", "u2", 7),
    ]
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_brought_in_once_however_often_it_is_run(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    came_to(&import(&world, &archive()).await, 2, 7, 0, 0);
    world.check().await;

    let anyone = world.anyone();
    let read = anyone.run("Article", json!({ "slug": "ferry", "orderBy": "OLDEST" })).await;
    assert_eq!(read.data("/article/commentCount"), 3);
    assert_eq!(read.data("/article/publishedAt"), "2021-03-04T05:06:07+00:00");
    assert_eq!(read.data("/article/commentPolicy/guidelines"), "Be kind.");
    let first = read.data("/article/comments/edges/0/node");
    assert_eq!(text(first, "bodyHtml").trim(), "<p>Said as <strong>c1</strong>.</p>");
    assert_eq!(
        (text(first, "createdAt"), &first["author"]["displayName"]),
        ("2021-03-04T06:01:00+00:00", &json!("Reader u1"))
    );
    assert_eq!(read.data("/article/comments/totalCount"), 1, "what moderators refused, readers don't see");
    let second = &first["replies"]["edges"][0]["node"];
    assert_eq!((text(second, "bodyHtml").contains("c2"), &second["replyCount"]), (true, &json!(1)));
    let by_slug = anyone.run("Article", json!({ "slug": "bridge" })).await;
    assert_eq!(by_slug.data("/article/commentCount"), 1, "a comment may name its article by the slug");

    let moderator = world.moderator().await;
    let queue = "query ($queue: ModerationQueueName!) { moderationQueue(queue: $queue, first: 10) { totalCount nodes { body status } } }";
    for (name, body) in [("PENDING", "Said as **c4**."), ("SPAM", "Said as **c6**.")] {
        let listed = moderator.raw(queue, json!({ "queue": name })).await;
        assert_eq!(listed.data("/moderationQueue/totalCount"), 1, "{listed}");
        assert_eq!(listed.data("/moderationQueue/nodes/0/body"), body);
    }

    came_to(&import(&world, &archive()).await, 0, 0, 9, 0);
    let mut longer = archive();
    longer.push(reply("c8", "c3", "a1", "u9", 8));
    came_to(&import(&world, &longer).await, 0, 1, 9, 0);
    let again = anyone.run("Article", json!({ "slug": "ferry" })).await;
    assert_eq!(again.data("/article/commentCount"), 4);
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_cannot_be_taken_is_named_and_the_others_go_on(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let long = json!({ "type": "comment", "id": "c2", "body": "x".repeat(3 * 1024 * 1024) });
    let lines = [
        article("a1", "ferry").to_string(),
        "{\"type\": \"article\"".to_owned(),
        article("a2", "Not A Slug").to_string(),
        comment("c1", "nowhere", "u1", 1).to_string(),
        reply("c2", "c9", "a1", "u1", 1).to_string(),
        with(comment("c3", "a1", "u1", 1), "createdAt", "2121-01-01T00:00:00Z").to_string(),
        with(comment("c4", "a1", "u1", 1), "body", " \u{200b} ").to_string(),
        String::new(),
        with(comment("c5", "a1", "u1", 1), "statuss", "SPAM").to_string(),
        long.to_string(),
        comment("c6", "a1", "u1", 1).to_string(),
    ];
    let ended = import_text(&world, &lines.join("\n")).await;
    came_to(&ended, 1, 1, 0, 8);
    for told in [
        "line 2: it is not well-formed JSON",
        "line 3: slug: A slug has",
        "line 4: there is no article \"nowhere\"",
        "line 5: there is no comment \"c9\" to reply to",
        "line 6: createdAt lies in the future",
        "line 7: body has 1 to 5,000 characters",
        "line 9: unknown field `statuss`",
        "line 10: it has",
    ] {
        assert!(ended.stderr.contains(told), "{told:?} is not in\n{}", ended.stderr);
    }
    // Mended, the rest comes in.
    let mended = lines.join("\n").replace("statuss", "status").replace("nowhere", "a1");
    came_to(&import_text(&world, &mended).await, 0, 2, 2, 6);
    let missing = import_file(&world, Path::new("/nowhere/at-all.jsonl")).await;
    assert!(!missing.status.success() && missing.stderr.contains("can't read"), "{}", missing.stderr);
    world.check().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn readers_who_follow_see_what_is_brought_in_and_a_deleted_person_is_not_brought_back(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let here = world.open_article("ferry").await;
    let anyone = world.anyone();
    let follow = Operation::named("CommentApproved", json!({ "articleId": here.id }));
    let mut stream = EventStream::open(&anyone, &follow, None).await.unwrap();
    // The slug is taken: the article stays as it is, and stands for the one that is brought in.
    let lines = [article("a1", "ferry"), comment("c1", "a1", "u1", 1), reply("c2", "c1", "a1", "u2", 2)];
    came_to(&import(&world, &lines).await, 0, 2, 1, 0);
    for id in ["c1", "c2"] {
        let data = loop {
            match stream.item().await.expect("an event") {
                Item::Event { data, .. } => break data,
                Item::Comment(_) => {}
                ended => panic!("{ended:?}"),
            }
        };
        assert!(data.contains(&format!("Said as **{id}**")), "{data}");
    }
    let read = anyone.run("Article", json!({ "slug": "ferry" })).await;
    assert_eq!(read.data("/article/headline"), "The last lighthouse keeper hands over the key");
    let author = read.data("/article/comments/edges/0/node/author/id");

    let deleted = world.store.command(&["user", "delete", "--id", author.as_str().unwrap(), "--yes"]).await;
    assert!(deleted.status.success(), "{}", deleted.stderr);
    came_to(&import(&world, &lines).await, 0, 0, 3, 0);
    let gone = anyone.run("Article", json!({ "slug": "ferry" })).await;
    assert_eq!(gone.data("/article/commentCount"), 1, "what was deleted stays deleted");
    world.check().await;
}
