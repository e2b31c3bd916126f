//! Times finer than a store keeps: the same request again changes nothing, on either.

use rstest::rstest;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;

use crate::support::world::{Backend, World};

const FINE: &str = "2099-01-01T00:00:00.123456789Z";

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_same_time_again_changes_nothing_however_fine_it_was(
    #[values(Backend::Embedded, Backend::Scaled)] backend: Backend,
) {
    let world = World::start(backend).await;
    let article = world.open_article("open").await;
    let (editor, admin) = (world.editor().await, world.admin().await);
    let close = json!({ "input": { "articleId": article.id, "closesAt": FINE } });
    let mut cursors = Vec::new();
    for _ in 0..2 {
        let answer = editor.run("CommentingSet", close.clone()).await;
        assert!(answer.user_errors().is_empty(), "{answer}");
        cursors.push(world.anyone().read(&article).await["feedCursor"].clone());
    }
    assert_eq!(cursors[0], cursors[1], "the second told readers of nothing");

    let comment = world.guest("Ana").await.comment(&article, None, "hers").await;
    let suspend = json!({ "input": { "userId": comment["author"]["id"], "kind": "SUSPEND", "until": FINE } });
    for _ in 0..2 {
        let answer = admin.run("UserSanction", suspend.clone()).await;
        assert_eq!(
            answer.text("/userSanction/user/sanction/until"),
            "2099-01-01T00:00:00.123456+00:00",
            "{answer}"
        );
    }
    let inside = world.store.look_inside().await;
    let lines = entity::user_sanction::Entity::find().count(&inside).await.unwrap();
    assert_eq!(lines, 1, "one sanction, not two");
}
