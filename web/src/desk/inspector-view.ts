import { html, nothing, type TemplateResult } from "lit";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { fully, plural, when } from "../lib/text";
import type { ModerationQueueName, SanctionLineFragment } from "../generated/operations";
import type { Desk } from "./desk";
import type { Context } from "./inspector";
import { reasonWords, SANCTIONED, STATUS, words } from "./labels";
import type { Item } from "./queue";
import { NO_FILTER } from "./route";
import { sanctionWords } from "./sanctions";
import { placeLink } from "./view";

/** What surrounds a comment: its thread, why it was held, who wrote it, what readers said of it, what was done to it. */
export function inspectorView(desk: Desk, { comment }: Item): TemplateResult {
  const context = desk.inspector.of(comment.id);
  const { author, heldBecause, reports } = comment;
  return html`<div class="inspector">
    ${context ? threadView(context) : html`<p class="desk-muted" aria-busy="true">Reading the thread…</p>`}
    ${
      heldBecause?.length
        ? section("Held because", html`<dl class="held">${heldBecause.map(({ rule, detail }) => html`<div><dt>${words(rule)}</dt><dd>${detail}</dd></div>`)}</dl>`)
        : nothing
    }
    ${
      reports?.totalCount
        ? section(
            plural(reports.totalCount, "report"),
            html`<ul class="lines">${reports.nodes.map(({ reason, note, createdAt }) => html`<li><b>${words(reason)}</b>${note ? html` <q dir="auto">${note}</q>` : nothing} ${time(createdAt)}</li>`)}</ul>
              ${reports.totalCount > reports.nodes.length ? html`<p class="desk-muted">and ${reports.totalCount - reports.nodes.length} more</p>` : nothing}`,
          )
        : nothing
    }
    ${author ? section("Author", authorView(desk, author)) : nothing}
    ${context ? section("History", historyView(desk, context.history)) : nothing}
    <p class="inspector-links">
      ${desk.route.view === "comment" ? nothing : placeLink(desk, { view: "comment", id: comment.id }, "This comment alone")}
      ${desk.route.view === "queue" ? html`<button class="link" @click=${() => desk.narrow({ articleId: comment.article.id })}>Only this story</button>` : nothing}
      ${author ? placeLink(desk, { view: "queue", queue: "ALL", filter: { ...NO_FILTER, authorId: author.id } }, "All by this person") : nothing}
    </p>
  </div>`;
}

/** What it stands under, itself, and what stands under it. */
export function threadView(context: Context): TemplateResult | typeof nothing {
  const { ancestors, replies } = context;
  if (ancestors.length === 0 && replies.nodes.length === 0) return section("In its thread", html`<p class="desk-muted">It begins a thread, and nobody has replied.</p>`);
  return section(
    "In its thread",
    html`<ol class="thread">${ancestors.map(threadLine)}<li class="is-here"><p class="thread-who"><b>${context.author?.displayName ?? "Former reader"}</b> this comment</p></li>${replies.nodes.map(threadLine)}</ol>
      ${replies.totalCount > replies.nodes.length ? html`<p class="desk-muted">and ${plural(replies.totalCount - replies.nodes.length, "more reply", "more replies")}</p>` : nothing}`,
  );
}

export function threadLine(comment: Context["ancestors"][number]): TemplateResult {
  return html`<li>
    <p class="thread-who"><b>${comment.author?.displayName ?? "Removed"}</b> ${time(comment.createdAt)}${comment.status === "APPROVED" ? nothing : html` <span class="tag is-${comment.status.toLowerCase()}">${STATUS[comment.status]}</span>`}</p>
    <div class="thread-text" dir="auto">${unsafeHTML(comment.bodyHtml ?? "")}</div>
  </li>`;
}

function authorView(desk: Desk, author: NonNullable<Item["comment"]["author"]>): TemplateResult {
  const sanctions = desk.inspector.recordOf(author.id)?.user?.record?.sanctions;
  // The one in force is said by itself: what is listed is what came before.
  const past = sanctions && (sanctions.totalCount > 1 || !author.sanction) ? sanctions.nodes : [];
  return html`<p class="author">
      ${placeLink(desk, { view: "person", id: author.id }, html`<b>${author.displayName}</b>`)}${author.role === "READER" ? nothing : html` <span class="tag">${words(author.role)}</span>`}
    </p>
    ${recordView(desk, author.id)}
    ${author.sanction ? html`<p class="author-sanction">${sanctionWords(author.displayName, author.sanction)}${author.sanction.reason ? html`: ${author.sanction.reason}` : nothing}</p>` : nothing}
    ${past.length > 0 ? sanctionsView(past, "Their sanctions") : nothing}
    ${sanctions && sanctions.totalCount > past.length && past.length > 0 ? html`<p class="desk-muted">${placeLink(desk, { view: "person", id: author.id }, `All ${sanctions.totalCount}`)}</p>` : nothing}`;
}

/** What became of what somebody has written, and, below, what was done about them lately. What is a queue leads there. */
export function recordView(desk: Desk, authorId: string): TemplateResult | typeof nothing {
  const known = desk.inspector.recordOf(authorId);
  const record = known?.user?.record;
  if (!known || !record) return nothing;
  const filter = { ...NO_FILTER, authorId };
  const { total, pending, approved, rejected, spam, deleted } = record.commentCounts;
  const figure = (count: number, label: string, queue?: ModerationQueueName, bad = false): TemplateResult => {
    const text = html`<b class=${bad && count > 0 ? "is-bad" : ""}>${count.toLocaleString()}</b> ${label}`;
    return html`<li>${queue ? placeLink(desk, { view: "queue", queue, filter }, text) : html`<span>${text}</span>`}</li>`;
  };
  return html`<ul class="record" aria-label="Their record">
    ${figure(total - deleted, "in all", "ALL")}${figure(pending, "waiting", "PENDING")}${figure(approved, "approved")}${figure(rejected, "rejected", undefined, true)}${figure(spam, "spam", "SPAM", true)}${figure(known.reported.totalCount, "reported", "REPORTED", true)}
  </ul>`;
}

/** What was done about somebody, the latest first. */
export function sanctionsView(lines: readonly SanctionLineFragment[], label: string): TemplateResult {
  return html`<ol class="lines" aria-label=${label}>${lines.map(
    ({ kind, until, reason, at, by }) => html`<li><b>${kind === "NONE" ? "Lifted" : SANCTIONED[kind]}</b>${until ? html` until ${fully(until, undefined)}` : nothing}${by ? html` by ${by.displayName}` : nothing} ${time(at)}${reason ? html` <q dir="auto">${reason}</q>` : nothing}</li>`,
  )}</ol>`;
}

/** What was done to a comment, the latest first. */
export function historyView(desk: Desk, history: Context["history"]): TemplateResult {
  return html`<ol class="lines">${[...(history ?? [])].reverse().map(
    ({ action, by, from, to, reason, note, at, actionId }) => html`<li>
      <b>${words(action)}</b>${by ? html` by ${by.displayName}` : nothing} ${time(at)}
      ${from && from !== to ? html`<span class="desk-muted">${STATUS[from].toLowerCase()} → ${STATUS[to].toLowerCase()}</span>` : nothing}
      ${reason ? html`<span>${reasonWords(reason)}</span>` : nothing}${note ? html` <q dir="auto">${note}</q>` : nothing}
      ${actionId && desk.decisions.done.some((done) => !done.undone && done.actionIds.includes(actionId)) ? html` <button class="link" @click=${() => void desk.undo(desk.decisions.done.find((done) => done.actionIds.includes(actionId)))}>Undo</button>` : nothing}
    </li>`,
  )}</ol>`;
}

export function section(title: string, content: TemplateResult): TemplateResult {
  return html`<section class="part"><h2>${title}</h2>${content}</section>`;
}

export function time(iso: string): TemplateResult {
  return html`<time datetime=${iso} title=${fully(iso, undefined)}>${when(iso, Date.now(), undefined)}</time>`;
}
