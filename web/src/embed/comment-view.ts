import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { fully, plural, when } from "../lib/text";
import { composerView } from "./composer-view";
import type { TalkbackComments } from "./element";
import { reactionsView } from "./reactions";
import type { Comment, Thread } from "./thread";

const ROLES: Readonly<Record<string, string>> = { MODERATOR: "Moderator", EDITOR: "Editor", ADMIN: "Staff" };
/** The words outlive the account. */
const GONE = "Former reader";
/** Deeper levels stop moving to the right: a phone has no room for them. */
const DEEPEST_INDENT = 4;

/** One comment with what hangs below it. */
export function commentView(element: TalkbackComments, thread: Thread, id: string, depth: number): TemplateResult | typeof nothing {
  const entry = thread.entries.get(id);
  if (!entry || !thread.shown(id)) return nothing;
  const { comment, replies } = entry;
  const folded = element.folded.has(id);
  const who = comment.author?.displayName ?? GONE;
  return html`
    <li class="comment" part="comment" data-id=${id} tabindex="-1">
      <article class="comment-main ${element.linked === id ? "is-linked" : ""}" aria-label=${entry.removed ? "Removed comment" : `${depth ? "Reply" : "Comment"} by ${who}`}>
        ${entry.removed ? html`<p class="comment-tombstone" part="tombstone">This comment was removed.</p>` : contentView(element, comment, entry.fresh)}
        ${element.notice?.id === id ? html`<p class="notice">${element.notice.text}</p>` : nothing}
        ${entry.removed && replies.ids.length === 0 ? nothing : actionsView(element, thread, id)}
      </article>
      ${
        element.writing.composing === `reply:${id}`
          ? composerView(element, { key: `reply:${id}`, parentId: id, action: "Post comment" })
          : nothing
      }
      ${
        folded || !replies.ids.some((reply) => thread.shown(reply))
          ? nothing
          : html`<ol class="comment-replies ${depth >= DEEPEST_INDENT ? "is-deep" : ""}" part="replies">
              ${repeat(replies.ids, (reply) => reply, (reply) => commentView(element, thread, reply, depth + 1))}
            </ol>`
      }
      ${
        !folded && replies.more
          ? html`<p class="more"><button class="link" part="more" ?disabled=${element.loading.has(id)} @click=${() => void element.more(id)}>
              Show ${plural(thread.missing(replies), replies.ids.length ? "more reply" : "reply", replies.ids.length ? "more replies" : "replies", element.locale)}
            </button></p>`
          : nothing
      }
    </li>
  `;
}

function contentView(element: TalkbackComments, comment: Comment, fresh: boolean): TemplateResult {
  const { id } = comment;
  const lang = element.locale;
  const role = ROLES[comment.author?.role ?? ""];
  return html`
    <header class="comment-head">
      <span class="comment-avatar" part="avatar" aria-hidden="true">${comment.author?.initial}</span>
      <bdi class="comment-author" part="author">${comment.author?.displayName ?? GONE}</bdi>
      ${role ? html`<span class="comment-role" part="role">${role}</span>` : nothing}
      <span class="comment-time" part="time">
        <a href="#comment-${encodeURIComponent(id)}"><time datetime=${comment.createdAt} title=${fully(comment.createdAt, lang)}>${when(comment.createdAt, Date.now(), lang)}</time></a>
        ${comment.editedAt ? html`<span title=${fully(comment.editedAt, lang)}>(edited)</span>` : nothing}
      </span>
      ${fresh ? html`<span class="fresh" part="fresh">New</span>` : nothing}
      ${comment.status === "PENDING" ? html`<span class="pending" part="pending" role="status">Awaiting moderation</span>` : nothing}
    </header>
    ${
      element.writing.composing === `edit:${id}`
        ? composerView(element, { key: `edit:${id}`, parentId: null, action: "Save", body: comment.body ?? "", send: () => element.writing.edit(comment) })
        : html`<div class="comment-body" part="body" dir="auto">${unsafeHTML(comment.bodyHtml ?? "")}</div>`
    }
  `;
}

function actionsView(element: TalkbackComments, thread: Thread, id: string): TemplateResult | typeof nothing {
  const entry = thread.entries.get(id);
  if (!entry || element.writing.composing === `edit:${id}`) return nothing;
  const { comment, replies, removed } = entry;
  const own = comment.viewerCanDelete || (element.viewer !== null && comment.author?.id === element.viewer.id);
  const live = !removed && comment.status === "APPROVED";
  const folded = element.folded.has(id);
  const fold = replies.ids.some((reply) => thread.shown(reply));
  if (element.writing.confirmingDelete === id) {
    return html`<p class="actions" role="group" aria-label="Delete this comment?">
      <span>Delete this comment?</span>
      <button class="link is-danger" @click=${() => void element.writing.delete(comment)}>Delete</button>
      <button class="link" @click=${() => element.writing.confirmDelete(null)}>Keep</button>
    </p>`;
  }
  return html`<p class="actions" part="actions">
    ${live && thread.policy.state === "OPEN" ? html`<button class="link" part="action" @click=${() => element.writing.compose(`reply:${id}`)}>Reply</button>` : nothing}
    ${live ? reactionsView(element, comment, own) : nothing}
    ${comment.viewerCanEdit ? html`<button class="link" part="action" @click=${() => element.writing.compose(`edit:${id}`)}>Edit</button>` : nothing}
    ${comment.viewerCanDelete ? html`<button class="link" part="action" @click=${() => element.writing.confirmDelete(id)}>Delete</button>` : nothing}
    ${
      fold
        ? html`<button class="link" part="action" aria-expanded=${!folded} @click=${() => element.fold(id)}>${folded ? `Show ${plural(Math.max(replies.total, 1), "reply", "replies", element.locale)}` : "Hide replies"}</button>`
        : nothing
    }
    ${live && !own ? html`<button class="link report" part="action report" @click=${() => element.writing.report(comment)}>Report</button>` : nothing}
  </p>`;
}
