import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { CommentOrder } from "../generated/operations";
import { plural } from "../lib/text";
import { commentView } from "./comment-view";
import { composerView } from "./composer-view";
import { dialogView } from "./dialog";
import type { TalkbackComments } from "./element";
import type { Thread } from "./thread";

const ORDERS: readonly (readonly [CommentOrder, string])[] = [
  ["NEWEST", "Newest"],
  ["OLDEST", "Oldest"],
  ["MOST_REPLIES", "Most replies"],
  ["TOP", "Most reactions"],
];

/** The whole element: what the page put inside until the thread is there, then the thread. */
export function view(element: TalkbackComments): TemplateResult {
  const { thread } = element;
  if (!thread) return html`<slot></slot>${element.problem ? html`<p class="problem" part="problem" role="status">${element.problem} ${retry(element)}</p>` : nothing}`;
  return html`
    <section aria-label="Reader comments" part="comments">
      <div class="comments-head" part="head">
        <h2 class="comments-title" part="title">Reader comments <span class="comments-count" part="count">${element.number(thread.count)}</span></h2>
        <div class="tools">
          ${connectionView(element)}
          <label>Sort
            <select part="sort" @change=${(event: Event) => element.sortBy((event.target as HTMLSelectElement).value as CommentOrder)}>
              ${ORDERS.map(([value, label]) => html`<option value=${value} ?selected=${value === element.order}>${label}</option>`)}
            </select>
          </label>
        </div>
      </div>
      ${beginning(element, thread)}
      ${element.notice?.id === null ? html`<p class="notice">${element.notice.text}</p>` : nothing}
      <div class="held">
        ${
          thread.held.length > 0
            ? html`<button class="button held-button" part="new-comments" @click=${() => void element.reveal()}>${plural(thread.held.length, "new comment", undefined, element.locale)}</button>`
            : nothing
        }
      </div>
      ${
        thread.roots.ids.some((id) => thread.shown(id))
          ? html`<ol class="comment-list" part="list">
              ${repeat(thread.roots.ids, (id) => id, (id) => commentView(element, thread, id, 0))}
            </ol>`
          : html`<p class="comments-empty" part="empty">No comments yet. Yours could be the first.</p>`
      }
      ${
        thread.roots.more
          ? html`<p class="more"><button class="button" part="more" ?disabled=${element.loading.has("")} @click=${() => void element.more(null)}>More comments</button></p>`
          : nothing
      }
      ${dialogView(element)}
      <p class="visually-hidden" role="status" aria-live="polite">${element.announcement}</p>
    </section>
  `;
}

function beginning(element: TalkbackComments, thread: Thread): TemplateResult {
  const rule = thread.policy.guidelines ? html`<p class="house-rule" part="house-rule">${thread.policy.guidelines}</p>` : nothing;
  if (thread.policy.state !== "OPEN") return html`<p class="closed" part="closed">Comments on this article are closed.</p>`;
  if (element.writing.composing !== "") {
    return html`<p class="composer-closed"><button class="button" part="button" @click=${() => element.writing.composeNew()}>Write a comment</button></p>`;
  }
  return html`${composerView(element, { key: "", parentId: null, action: "Post comment" })}${rule}`;
}

function retry(element: TalkbackComments): TemplateResult {
  return html`<button class="link" @click=${() => void element.reload()}>Try again</button>`;
}

/** Quiet while all is well: a lost connection is worth a few words, a live one a dot. */
function connectionView(element: TalkbackComments): TemplateResult | typeof nothing {
  switch (element.live.state) {
    case "live":
      return html`<span class="connection is-live" part="connection">Live</span>`;
    case "waiting":
    case "connecting":
      return html`<span class="connection is-lost" part="connection">${navigator.onLine ? "Reconnecting…" : "Offline"}</span>`;
    case "closed":
      return html`<span class="connection" part="connection">Not live ${retry(element)}</span>`;
    case "paused":
      return nothing;
  }
}
