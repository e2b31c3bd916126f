import { html, nothing, type TemplateResult } from "lit/html.js";
import type { CommentOrder } from "../generated/operations";
import { commentView } from "./comment-view";
import { composerView } from "./composer-view";
import type { TalkbackComments } from "./element";
import { keyed } from "./keyed";
import type { Thread } from "./thread";

const ORDERS: readonly CommentOrder[] = ["NEWEST", "OLDEST", "MOST_REPLIES", "TOP"];

/** The whole element: what the page put inside until the thread is there, then the thread. */
export function view(element: TalkbackComments): TemplateResult {
  const { thread, wording } = element;
  const problem = element.problem ? html`<p class="problem" part="problem" role=${thread ? nothing : "status"}>${wording.text(element.problem)} ${retry(element)}</p>` : nothing;
  if (!thread) return html`${problem}<slot></slot>`;
  return html`
    <section aria-label=${wording.text("title")} lang=${(element.words ? element.locale : null) ?? wording.language} part="comments">
      <div class="comments-head" part="head">
        <h2 class="comments-title" part="title">${wording.text("title")} <span class="comments-count" part="count">${element.number(thread.count)}</span></h2>
        <div class="tools">
          ${connectionView(element)}
          <label>${wording.text("sort")}
            <select part="sort" @change=${(event: Event) => element.sortBy((event.target as HTMLSelectElement).value as CommentOrder)}>
              ${ORDERS.map((value) => html`<option value=${value} ?selected=${value === element.order}>${wording.text(value)}</option>`)}
            </select>
          </label>
        </div>
      </div>
      ${problem}
      ${beginning(element, thread)}
      ${element.notice?.id === null ? html`<p class="notice">${element.notice.text}</p>` : nothing}
      <div class="held">
        ${
          thread.held.length > 0
            ? html`<button class="button held-button" part="new-comments" @click=${() => void element.reveal()}>${wording.text("newComments", { n: thread.held.length })}</button>`
            : nothing
        }
      </div>
      ${
        thread.roots.ids.some((id) => thread.shown(id))
          ? html`<ol class="comment-list" part="list">
              ${keyed(thread.roots.ids, (id) => commentView(element, thread, id, 0))}
            </ol>`
          : html`<p class="comments-empty" part="empty">${wording.text("empty")}</p>`
      }
      ${
        thread.roots.more
          ? html`<p class="more"><button class="button" part="more" ?disabled=${element.loading.has("")} @click=${() => void element.more(null)}>${wording.text("more")}</button></p>`
          : nothing
      }
      ${element.writing.dialog()}
      <p class="visually-hidden" role="status" aria-live="polite">${element.announcement}</p>
    </section>
  `;
}

function beginning(element: TalkbackComments, thread: Thread): TemplateResult {
  const rule = thread.policy.guidelines ? html`<p class="house-rule" part="house-rule">${thread.policy.guidelines}</p>` : nothing;
  const composer = composerView(element, { key: "", parentId: null, action: "post" });
  // Whoever was writing may still copy their text out.
  if (thread.policy.state !== "OPEN") return html`<p class="closed" part="closed">${element.wording.text("closed")}</p>${element.writing.composing || !element.writing.draft("").body ? nothing : composer}`;
  if (element.writing.composing !== "") {
    return html`<p class="composer-closed"><button class="button" part="button" @click=${() => element.writing.composeNew()}>${element.wording.text("write")}</button></p>`;
  }
  return html`${composer}${rule}`;
}

function retry(element: TalkbackComments): TemplateResult {
  return html`<button class="link" @click=${() => void element.reload()}>${element.wording.text("retry")}</button>`;
}

/** Quiet while all is well: a lost connection is worth a few words, a live one a dot. */
function connectionView(element: TalkbackComments): TemplateResult | typeof nothing {
  const { wording } = element;
  switch (element.live.state) {
    case "live":
      return html`<span class="connection is-live" part="connection">${wording.text("live")}</span>`;
    case "waiting":
    case "connecting":
      return html`<span class="connection is-lost" part="connection">${wording.text(navigator.onLine ? "reconnecting" : "offline")}</span>`;
    case "closed":
      return html`<span class="connection" part="connection">${wording.text("notLive")} ${retry(element)}</span>`;
    case "paused":
      return nothing;
  }
}
