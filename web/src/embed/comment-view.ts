import { html, nothing, type TemplateResult } from "lit/html.js";
import { fully, when } from "../lib/text";
import { composerView } from "./composer-view";
import type { TalkbackComments } from "./element";
import { keyed } from "./keyed";
import { markup } from "./markup";
import { reactionsView } from "./reactions";
import type { Comment, Thread } from "./thread";

/** Deeper levels stop moving to the right: a phone has no room for them. */
const DEEPEST_INDENT = 4;

/** One comment with what hangs below it. */
export function commentView(element: TalkbackComments, thread: Thread, id: string, depth: number): TemplateResult | typeof nothing {
  const entry = thread.entries.get(id);
  if (!entry || !thread.shown(id)) return nothing;
  const { comment, replies } = entry;
  const folded = element.folded.has(id);
  const { wording } = element;
  const name = comment.author?.displayName ?? wording.text("former");
  return html`
    <li class="comment" part="comment" data-id=${id} tabindex="-1">
      <article class="comment-main ${element.linked === id ? "is-linked" : ""}" aria-label=${entry.removed ? wording.text("removedComment") : wording.text(depth ? "replyBy" : "commentBy", { name })}>
        ${entry.removed ? html`<p class="comment-tombstone" part="tombstone">${wording.text("removed")}</p>` : contentView(element, comment, entry.fresh)}
        ${element.notice?.id === id ? html`<p class="notice">${element.notice.text}</p>` : nothing}
        ${entry.removed && replies.ids.length === 0 ? nothing : actionsView(element, thread, id)}
      </article>
      ${
        element.writing.composing === `reply:${id}`
          ? composerView(element, { key: `reply:${id}`, parentId: id, action: "post" })
          : nothing
      }
      ${
        folded || !replies.ids.some((reply) => thread.shown(reply))
          ? nothing
          : html`<ol class="comment-replies ${depth >= DEEPEST_INDENT ? "is-deep" : ""}" part="replies">
              ${keyed(replies.ids, (reply) => commentView(element, thread, reply, depth + 1))}
            </ol>`
      }
      ${
        !folded && replies.more
          ? html`<p class="more"><button class="link" part="more" ?disabled=${element.loading.has(id)} @click=${() => void element.more(id)}>
              ${wording.text(replies.ids.length ? "moreReplies" : "showReplies", { n: thread.missing(replies) })}
            </button></p>`
          : nothing
      }
    </li>
  `;
}

function contentView(element: TalkbackComments, comment: Comment, fresh: boolean): TemplateResult {
  const { id, author } = comment;
  const { wording, locale: lang } = element;
  return html`
    <header class="comment-head">
      <span class="comment-avatar" part="avatar" aria-hidden="true">${author?.initial}</span>
      <bdi class="comment-author" part="author">${author?.displayName ?? wording.text("former")}</bdi>
      ${author && author.role !== "READER" ? html`<span class="comment-role" part="role">${wording.text(author.role)}</span>` : nothing}
      <span class="comment-time" part="time">
        <a href="#comment-${encodeURIComponent(id)}"><time datetime=${comment.createdAt} title=${fully(comment.createdAt, lang)}>${when(comment.createdAt, Date.now(), lang, wording.text("now"))}</time></a>
        ${comment.editedAt ? html`<span title=${fully(comment.editedAt, lang)}>${wording.text("edited")}</span>` : nothing}
      </span>
      ${fresh ? html`<span class="fresh" part="fresh">${wording.text("fresh")}</span>` : nothing}
      ${comment.status === "APPROVED" ? nothing : html`<span class="pending" part="pending" role="status">${wording.text(comment.status === "PENDING" ? "pending" : "refused")}</span>`}
    </header>
    ${
      element.writing.composing === `edit:${id}`
        ? composerView(element, { key: `edit:${id}`, parentId: null, action: "save", body: comment.body ?? "", send: () => element.writing.edit(comment) })
        : html`<div class="comment-body" part="body" lang=${lang ?? nothing} dir="auto">${markup(comment.bodyHtml ?? "")}</div>`
    }
  `;
}

function actionsView(element: TalkbackComments, thread: Thread, id: string): TemplateResult | typeof nothing | undefined {
  const { wording } = element;
  const entry = thread.entries.get(id);
  if (!entry || element.writing.composing === `edit:${id}`) return nothing;
  const { comment, replies, removed } = entry;
  const own = comment.viewerCanDelete || (element.viewer !== null && comment.author?.id === element.viewer.id);
  const live = !removed && comment.status === "APPROVED";
  const folded = element.folded.has(id);
  const fold = replies.ids.some((reply) => thread.shown(reply));
  if (element.writing.confirmingDelete === id) return element.writing.deletion(comment);
  return html`<p class="actions" part="actions">
    ${live && thread.policy.state === "OPEN" ? html`<button class="link" part="action" @click=${() => element.writing.compose(`reply:${id}`)}>${wording.text("reply")}</button>` : nothing}
    ${live ? reactionsView(element, comment, own) : nothing}
    ${comment.viewerCanEdit ? html`<button class="link" part="action" @click=${() => element.writing.compose(`edit:${id}`)}>${wording.text("edit")}</button>` : nothing}
    ${comment.viewerCanDelete ? html`<button class="link delete" part="action" @click=${() => element.writing.askDelete(comment)}>${wording.text("delete")}</button>` : nothing}
    ${
      fold
        ? html`<button class="link" part="action" aria-expanded=${!folded} @click=${() => element.fold(id)}>${folded ? wording.text("showReplies", { n: Math.max(replies.total, 1) }) : wording.text("hideReplies")}</button>`
        : nothing
    }
    ${live && !own ? html`<button class="link report" part="action report" @click=${() => element.writing.report(comment)}>${wording.text("report")}</button>` : nothing}
  </p>`;
}
