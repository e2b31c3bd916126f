//! What a person may do about all that is held of them: have it, and have it deleted.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::session::heard;
use super::{UserError, caller, parts};
use crate::graphql::error::{GraphError, Result};
use crate::graphql::id::{GlobalId, user_id};
use crate::store::{ExportPart, ExportPlace};

/// Whose data to export, and from where on.
#[derive(InputObject, Default)]
pub struct AccountExportInput {
    /// Somebody else, for administrators; without it the viewer.
    user_id: Option<ID>,
    /// Only what comes after this cursor, which is the `endCursor` of the page before.
    after: Option<String>,
}

/// Whose account to delete.
#[derive(InputObject)]
pub struct AccountDeleteInput {
    /// Somebody else, for administrators; without it the viewer.
    user_id: Option<ID>,
    /// The person's name, exactly as it is shown: so that nobody deletes an account by mistake.
    confirm: String,
}

/// What `accountExport` tells: a page of at most 100 lines.
#[derive(SimpleObject)]
pub struct AccountExportPayload {
    /// JSON Lines: an object on each line, whose `type` is `profile`, `endedSession`, `sanction`, `comment`,
    /// `reaction`, `report`, `submissionMark`, `action`, `imposedSanction` or `imported`. The pages, one after the other, are the file.
    json: String,
    /// Pass it as `after` for the next page; null on the last one.
    end_cursor: Option<String>,
    /// Whether there is more.
    has_next_page: bool,
    /// Why there is nothing; empty when there is.
    user_errors: Vec<UserError>,
}

/// What `accountDelete` tells.
#[derive(SimpleObject)]
pub struct AccountDeletePayload {
    /// Whose account was deleted; null where that was refused. The id names nobody any more.
    user_id: Option<ID>,
    /// How many of their comments this request has erased.
    erased_count: i32,
    /// Whether that is all; otherwise the service goes on with the rest by itself.
    erased_all: bool,
    /// Why the account was not deleted; empty when it was.
    user_errors: Vec<UserError>,
}

/// Accounts.
#[derive(Default)]
pub struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Hands out what is held of the viewer, or, for administrators, of anybody: profile, sessions that were ended,
    /// sanctions, comments in every state with their history, reactions, reports, decisions, sanctions that they imposed, and
    /// what they were called where their comments came from. A sanction that was kept over the deletion of an account of
    /// theirs is among the sanctions. A page at a time. It changes nothing, and is a mutation so that no cache on the way keeps it.
    async fn account_export(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose data, and from where on.", default)] input: Option<AccountExportInput>,
    ) -> Result<AccountExportPayload> {
        let (service, viewer) = caller(ctx)?;
        let AccountExportInput { user_id: whose, after } = input.unwrap_or_default();
        let whose = whose.as_ref().map(user_id).transpose()?;
        let place = after.as_deref().map(place).transpose()?;
        let page = service.export_account(viewer, whose, place).await?;
        let json = page.lines.iter().map(|line| format!("{line}\n")).collect();
        let end_cursor = page.next.map(cursor);
        let has_next_page = end_cursor.is_some();
        Ok(AccountExportPayload { json, end_cursor, has_next_page, user_errors: Vec::new() })
    }

    /// Deletes the viewer's account, or, for administrators, anybody's, for good. Name, credentials and sessions go
    /// at once; the words of all their comments are erased, and readers who follow see them go; reactions are taken
    /// back. Replies of others stay. Reports and decisions stay without a name. Nothing brings it back: export first.
    ///
    /// One thing is kept to know somebody by: where a ban, a suspension or pre-moderation binds a person who signs in at a
    /// host site, that and its end stay beside a keyed digest of who they are there, and nothing else. It holds again when
    /// they come back, and is forgotten when it has ended. That a sanction can't be shed by deleting the account is the
    /// newsroom's legitimate interest, and other readers' (GDPR, articles 6(1)(f), 17(1)(c) and 17(3)).
    async fn account_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose account.")] input: AccountDeleteInput,
    ) -> Result<AccountDeletePayload> {
        let (service, viewer) = caller(ctx)?;
        let whose = input.user_id.as_ref().map(user_id).transpose()?;
        let (done, user_errors) = parts(service.delete_account(viewer, whose, &input.confirm).await)?;
        heard(ctx).await;
        Ok(AccountDeletePayload {
            user_id: done.map(|done| GlobalId::User(done.user).encode()),
            erased_count: done.map_or(0, |done| i32::try_from(done.comments).unwrap_or(i32::MAX)),
            erased_all: done.is_some_and(|done| done.is_complete),
            user_errors,
        })
    }
}

/// Marks cursors of exports.
const EXPORT: u8 = b'x';

fn cursor(place: ExportPlace) -> String {
    let mut bytes = [EXPORT; 18];
    let part = ExportPart::ALL.iter().position(|part| *part == place.part).unwrap_or_default();
    bytes[1] = u8::try_from(part).unwrap_or_default();
    bytes[2..].copy_from_slice(place.after.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn place(cursor: &str) -> Result<ExportPlace> {
    let read = || {
        let bytes: [u8; 18] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
        let part = *ExportPart::ALL.get(usize::from(bytes[1])).filter(|_| bytes[0] == EXPORT)?;
        Some(ExportPlace { part, after: Uuid::from_slice(&bytes[2..]).ok()? })
    };
    let message = "`after` is not a cursor of an export: pass the `endCursor` of the page before.";
    read().ok_or_else(|| GraphError::new("BAD_CURSOR", message))
}
