import { html, nothing, type TemplateResult } from "lit";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { fully, when } from "../lib/text";
import type { Desk, Item } from "./desk";
import { REASONS, STATUS, words } from "./labels";

/** One comment on the desk: who wrote it where, why it was held, what it answers, and the decisions. */
export function cardView(desk: Desk, item: Item, index: number): TemplateResult {
  const { comment } = item;
  const selected = index === desk.selected;
  const author = comment.author?.displayName ?? "Former reader";
  return html`<li>
    <article
      class="desk-card ${selected ? "is-selected" : ""} ${item.gone ? "is-gone" : ""}" tabindex=${selected ? 0 : -1} aria-busy=${item.busy}
      aria-label="Comment by ${author}" data-id=${comment.id}
      @focusin=${() => {
        if (!selected) {
          desk.selected = index;
          desk.requestUpdate();
        }
      }}>
      <header class="desk-card-head">
        <bdi class="desk-author">${author}</bdi>
        <time datetime=${comment.createdAt} title=${fully(comment.createdAt, undefined)}>${when(comment.createdAt, Date.now(), undefined)}</time>
        ${comment.editedAt ? html`<span>edited</span>` : nothing}
        ${comment.status === "PENDING" ? nothing : html`<span class="desk-status is-${comment.status.toLowerCase()}">${STATUS[comment.status]}</span>`}
        <a class="desk-story" href="/articles/${comment.article.slug}#comment-${encodeURIComponent(comment.id)}" target="_blank" rel="noopener">${comment.article.headline}</a>
      </header>
      ${
        comment.parent
          ? html`<blockquote class="desk-parent"><cite>${comment.parent.author?.displayName ?? (comment.parent.bodyHtml === null ? "Removed comment" : "Former reader")}</cite> ${unsafeHTML(comment.parent.bodyHtml ?? "")}</blockquote>`
          : nothing
      }
      <div class="desk-text" dir="auto">${comment.bodyHtml === null ? html`<p class="desk-muted">The words are gone.</p>` : unsafeHTML(comment.bodyHtml)}</div>
      ${
        comment.heldBecause?.length
          ? html`<ul class="desk-held" aria-label="Held because">${comment.heldBecause.map(
              ({ rule, detail }) => html`<li><b>${words(rule)}</b>${detail ? html` ${detail}` : nothing}</li>`,
            )}</ul>`
          : nothing
      }
      ${historyView(item)}
      ${item.note ? html`<p class="desk-note" role="alert">${item.note}</p>` : nothing}
      ${item.gone ? html`<p class="desk-actions"><button class="button" @click=${() => desk.goOn(item)}>Go on</button></p>` : desk.rejecting === comment.id ? reasonsView(desk, item) : actionsView(desk, item)}
    </article>
  </li>`;
}

function actionsView(desk: Desk, item: Item): TemplateResult {
  const { status } = item.comment;
  const shown = desk.keyboard.on && desk.current === item;
  const hint = (key: string): TemplateResult | typeof nothing => (shown ? html`<kbd aria-hidden="true">${key}</kbd>` : nothing);
  const off = item.busy || status === "DELETED";
  return html`<div class="desk-actions">
    ${status === "APPROVED" ? nothing : html`<button class="button button-primary" aria-keyshortcuts="a" ?disabled=${off} @click=${() => void desk.decide(item, "approve")}>Approve${hint("a")}</button>`}
    ${status === "REJECTED" ? nothing : html`<button class="button" aria-keyshortcuts="r" ?disabled=${off} @click=${() => desk.startReject(item)}>Reject${hint("r")}</button>`}
    ${status === "SPAM" ? nothing : html`<button class="button" aria-keyshortcuts="s" ?disabled=${off} @click=${() => void desk.decide(item, "spam")}>Spam${hint("s")}</button>`}
  </div>`;
}

function reasonsView(desk: Desk, item: Item): TemplateResult {
  const note = (): string | null => desk.querySelector<HTMLInputElement>(".reason-note")?.value ?? null;
  return html`<div class="reasons" role="group" aria-label="Reject because">
    <p class="reasons-title">Reject because it…</p>
    <div class="reasons-list">
      ${REASONS.map(
        ([reason, label], index) =>
          html`<button class="button" ?disabled=${item.busy} @click=${() => void desk.decide(item, "reject", reason, note())}><kbd aria-hidden="true">${index + 1}</kbd> ${label}</button>`,
      )}
    </div>
    <label>Note for the record <input class="reason-note" maxlength="500" placeholder="Optional"></label>
    <button class="button" @click=${() => desk.cancelReject()}>Cancel</button>
  </div>`;
}

function historyView({ comment }: Item): TemplateResult | typeof nothing {
  const history = comment.history ?? [];
  if (history.length < 2) return nothing;
  return html`<details class="desk-history"><summary>History (${history.length})</summary>
    <ol>${history.map(
      ({ action, by, reason, note, at }) =>
        html`<li><b>${words(action)}</b>${by ? html` by ${by.displayName}` : nothing}, ${fully(at, undefined)}${reason ? html`: ${words(reason)}` : nothing}${note ? html` — ${note}` : nothing}</li>`,
    )}</ol></details>`;
}
