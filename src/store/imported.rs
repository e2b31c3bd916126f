//! What came from elsewhere, by the id that it had there.

use std::collections::HashMap;

use entity::imported;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{Result, WriteTx};

/// The kinds of what is imported; ids are unique within one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Foreign {
    /// An article.
    Article,
    /// A comment.
    Comment,
    /// Whoever wrote comments.
    Person,
}

impl Foreign {
    const fn name(self) -> &'static str {
        match self {
            Self::Article => "ARTICLE",
            Self::Comment => "COMMENT",
            Self::Person => "PERSON",
        }
    }
}

impl WriteTx {
    /// Our ids of those that are here, by their ids elsewhere.
    ///
    /// # Errors
    /// The database failed.
    pub async fn imported<'a>(
        &self,
        kind: Foreign,
        foreign_ids: impl IntoIterator<Item = &'a str>,
    ) -> Result<HashMap<String, Uuid>> {
        let rows = imported::Entity::find()
            .filter(imported::Column::Kind.eq(kind.name()))
            .filter(imported::Column::ForeignId.is_in(foreign_ids))
            .all(&self.conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.foreign_id, row.id)).collect())
    }

    /// Remembers what something was called elsewhere.
    ///
    /// # Errors
    /// [`StoreError::is_duplicate`](super::StoreError::is_duplicate) where another import came first.
    pub async fn remember_imported(&self, kind: Foreign, foreign_id: &str, id: Uuid) -> Result<()> {
        let row = imported::ActiveModel {
            kind: Set(kind.name().to_owned()),
            foreign_id: Set(foreign_id.to_owned()),
            id: Set(id),
        };
        imported::Entity::insert(row).exec_without_returning(&self.conn).await?;
        Ok(())
    }

    /// Forgets what a person was called elsewhere.
    pub(super) async fn forget_imported(&self, id: Uuid) -> Result<()> {
        imported::Entity::delete_many().filter(imported::Column::Id.eq(id)).exec(&self.conn).await?;
        Ok(())
    }
}
