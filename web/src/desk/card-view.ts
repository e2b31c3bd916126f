import { html, nothing, type TemplateResult } from "lit";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { fully, plural, when } from "../lib/text";
import { LOST, type Verdict } from "./decisions";
import type { Desk } from "./desk";
import { difference } from "./difference";
import { inspectorView } from "./inspector-view";
import { REASONS, STATUS, words } from "./labels";
import type { Item } from "./queue";
import { sanctionWords } from "./sanctions";

/** One comment on the desk: who wrote it where, what it answers, why it was held, and the decisions. */
export function cardView(desk: Desk, item: Item, index: number): TemplateResult {
  const { queue } = desk;
  const { comment } = item;
  const selected = index === queue.at;
  const picked = queue.picked.has(comment.id);
  const author = comment.author?.displayName ?? "Former reader";
  const pick = (event: MouseEvent): void => {
    queue.pick(index, event.shiftKey ? "range" : "toggle");
    desk.requestUpdate();
  };
  return html`<li>
    <article
      class="card ${selected ? "is-selected" : ""} ${picked ? "is-picked" : ""} ${item.note?.kind === "gone" ? "is-gone" : ""}"
      tabindex=${selected ? 0 : -1} aria-busy=${String(item.busy || item.startled)} aria-label="Comment by ${author}" data-id=${comment.id}
      @pointerdown=${() => desk.press()} @focusin=${() => desk.touch(item)}>
      <header class="card-head">
        <input type="checkbox" class="card-pick" aria-label="Select the comment by ${author}" .checked=${picked} @click=${pick}>
        <bdi class="card-author">${author}</bdi>
        ${comment.author?.sanction ? html`<span class="tag is-bad">${words(comment.author.sanction.kind)}</span>` : nothing}
        <time datetime=${comment.createdAt} title=${fully(comment.createdAt, undefined)}>${when(comment.createdAt, Date.now(), undefined)}</time>
        ${comment.editedAt ? html`<span>edited</span>` : nothing}
        ${comment.status === queue.name ? nothing : html`<span class="tag is-${comment.status.toLowerCase()}">${STATUS[comment.status]}</span>`}
        ${item.fresh ? html`<span class="tag is-new">New</span>` : nothing}${claimView(desk, item)}
        <a class="card-story" href="/articles/${comment.article.slug}#comment-${encodeURIComponent(comment.id)}" target="_blank" rel="noopener">${comment.article.headline}</a>
      </header>
      ${
        comment.parent
          ? html`<blockquote class="card-parent"><cite>${comment.parent.author?.displayName ?? (comment.parent.bodyHtml === null ? "Removed comment" : "Former reader")}</cite> ${unsafeHTML(comment.parent.bodyHtml ?? "")}</blockquote>`
          : nothing
      }
      ${item.note?.kind === "conflict" ? nothing : html`<div class="card-text" dir="auto">${comment.bodyHtml === null ? html`<p class="desk-muted">The words are gone.</p>` : unsafeHTML(comment.bodyHtml)}</div>`}
      ${marksView(item)}${noteView(desk, item)}
      ${item.note?.kind === "gone" ? html`<p class="card-actions"><button class="button" @click=${() => goOn(desk, item)}>Go on</button></p>` : desk.rejecting?.length === 1 && desk.rejecting[0] === item ? reasonsView(desk, [item]) : actionsView(desk, item, selected)}
      ${selected ? html`<details class="card-more"><summary>Thread, author and history</summary>${inspectorView(desk, item)}</details>` : nothing}
    </article>
  </li>`;
}

function claimView(desk: Desk, { comment: { claim } }: Item): TemplateResult | typeof nothing {
  if (!claim || claim.moderator.id === desk.viewer?.id || new Date(claim.expiresAt).getTime() < Date.now()) return nothing;
  return html`<span class="tag is-claimed">${claim.moderator.displayName} has this open</span>`;
}

/** Why it is here: the rules that held it, and what readers said of it. */
function marksView({ comment }: Item): TemplateResult | typeof nothing {
  const { heldBecause, reports } = comment;
  if (!heldBecause?.length && !reports?.totalCount) return nothing;
  const reasons = [...new Set(reports?.nodes.map(({ reason }) => words(reason)))].join(", ");
  return html`<ul class="marks" aria-label="Why it is here">
    ${reports?.totalCount ? html`<li class="is-report"><b>${plural(reports.totalCount, "report")}</b> ${reasons}</li>` : nothing}
    ${heldBecause?.map(({ rule, detail }) => html`<li title=${detail}><b>${words(rule)}</b>${rule === "PRE_MODERATION" ? nothing : html` ${detail}`}</li>`)}
  </ul>`;
}

function noteView(desk: Desk, { note, comment }: Item): TemplateResult | typeof nothing {
  switch (note?.kind) {
    case undefined:
      return nothing;
    case "unknown":
      return html`<p class="card-note" role="alert">${LOST}</p>`;
    case "refused":
      return html`<p class="card-note" role="alert">${note.message}</p>`;
    case "gone":
      return html`<p class="card-note">${note.by ? `${note.by} ${note.takenBack ? "has taken it back" : "has decided this one meanwhile"}.` : "This one has been decided meanwhile."}</p>`;
    case "conflict":
      return conflictView(desk, note.read, comment);
  }
}

/** What was read beside what is there now: nothing was overwritten, and the moderator decides again. */
function conflictView(desk: Desk, read: Item["comment"], now: Item["comment"]): TemplateResult {
  const last = desk.inspector.of(now.id)?.history?.at(-1);
  const who = last?.by?.displayName ?? "Somebody else";
  const what = read.status !== now.status ? `${who} has decided this one since you read it: ${STATUS[now.status].toLowerCase()}.` : `${who} has changed the text since you read it.`;
  const runs = difference(read.body ?? "", now.body ?? "");
  return html`<section class="conflict" role="alert" aria-label="Conflict">
    <p><b>${what}</b> Nothing was overwritten: please decide again.</p>
    <div class="conflict-versions">
      <div><h3>As you read it <span class="tag is-${read.status.toLowerCase()}">${STATUS[read.status]}</span></h3>
        <p dir="auto">${runs.map(({ kind, text }) => (kind === "new" ? nothing : kind === "gone" ? html`<del>${text}</del>` : text))}</p></div>
      <div><h3>As it is now <span class="tag is-${now.status.toLowerCase()}">${STATUS[now.status]}</span></h3>
        <p dir="auto">${runs.map(({ kind, text }) => (kind === "gone" ? nothing : kind === "new" ? html`<ins>${text}</ins>` : text))}</p></div>
    </div>
  </section>`;
}

function actionsView(desk: Desk, item: Item, selected: boolean): TemplateResult {
  const { status, author } = item.comment;
  const off = item.busy || item.startled || status === "DELETED";
  const hint = (key: string): TemplateResult | typeof nothing => (selected && desk.keyboard.on ? html`<kbd aria-hidden="true">${key}</kbd>` : nothing);
  const action = (to: Verdict, name: string, key: string, look = ""): TemplateResult | typeof nothing =>
    status === to
      ? nothing
      : html`<button class="button ${look}" aria-keyshortcuts=${key} ?disabled=${off} @click=${() => (to === "REJECTED" ? desk.startReject([item]) : void desk.decide([item], to))}>${name}${hint(key)}</button>`;
  return html`<div class="card-actions">
    ${action("APPROVED", "Approve", "a", "button-primary")}${action("REJECTED", "Reject", "r")}${action("SPAM", "Spam", "s")}
    ${action("PENDING", "Back to the queue", "w", "button-quiet")}
    ${
      author && selected
        ? html`<button class="button button-quiet" aria-keyshortcuts="b" title=${author.sanction ? sanctionWords(author.displayName, author.sanction) : ""} @click=${() => desk.sanctions.start(author)}>Sanction…${hint("b")}</button>`
        : nothing
    }
  </div>`;
}

export function reasonsView(desk: Desk, items: readonly Item[]): TemplateResult {
  const note = (): string | null => desk.querySelector<HTMLInputElement>(".reason-note")?.value ?? null;
  const title = items.length === 1 ? "Reject because it…" : `Reject ${items.length} comments because each…`;
  return html`<div class="reasons" role="group" aria-label="Reject because">
    <p class="reasons-title">${title}</p>
    <div class="reasons-list">
      ${REASONS.map(([reason, label], index) => html`<button class="button" @click=${() => void desk.decide(items, "REJECTED", reason, note())}><kbd aria-hidden="true">${index + 1}</kbd>${label}</button>`)}
    </div>
    <label>Note for the record <input class="reason-note field" maxlength="500" placeholder="Optional"></label>
    <button class="button button-quiet" @click=${() => desk.cancelReject()}>Cancel</button>
  </div>`;
}

/** From a card whose comment has left to the one after it. */
function goOn(desk: Desk, item: Item): void {
  desk.queue.takeOut([item], 0);
  desk.focusCard();
}
