import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { plural } from "../lib/text";
import { cardView, reasonsView } from "./card-view";
import type { Desk, Report } from "./desk";
import { inspectorView } from "./inspector-view";
import { EMPTY, QUEUES } from "./labels";
import { isFiltered } from "./route";
import { placeLink } from "./view";

/** A queue: which ones there are, the cards of one, and what surrounds the card that has the focus. */
export function queueView(desk: Desk): TemplateResult {
  const { queue } = desk;
  return html`
    <div class="desk-body">
      <nav class="desk-queues" aria-label="Queues">
        ${QUEUES.map(([name, label]) =>
          placeLink(
            desk,
            { view: "queue", queue: name, filter: queue.filter },
            html`<span>${label}</span> ${desk.counts[name] === undefined ? nothing : html`<b>${desk.counts[name]?.toLocaleString()}</b>`}`,
            `desk-queue ${name === "PENDING" || name === "REPORTED" ? "is-urgent" : ""} ${desk.counts[name] ? "" : "is-none"}`,
            name === queue.name,
          ),
        )}
      </nav>
      <main class="desk-main" id="main">
        <div class="page-head">
          <h1 class="desk-title" tabindex="-1">${QUEUES.find(([name]) => name === queue.name)?.[1]} <span>${queue.loading ? "" : held(desk).toLocaleString()}</span></h1>
          ${queue.news > 0 ? html`<button class="button news" @click=${() => void desk.showNews()}>${queue.news.toLocaleString()} new</button>` : nothing}
          ${searchView(desk)}
        </div>
        ${filterView(desk)}${bulkView(desk)}${desk.report ? reportView(desk, desk.report) : nothing}${listView(desk)}
      </main>
      <aside class="desk-aside" aria-label="About the selected comment">${queue.current ? inspectorView(desk, queue.current) : nothing}</aside>
    </div>
  `;
}

function listView(desk: Desk): TemplateResult {
  const { queue } = desk;
  if (queue.items.length === 0) {
    if (queue.loading) return html`<ol class="desk-list" aria-busy="true" aria-label="Loading">${[0, 1, 2].map(() => html`<li class="card is-blank" aria-hidden="true"></li>`)}</ol>`;
    if (!isFiltered(queue.filter)) return html`<p class="desk-empty">${EMPTY[queue.name]}</p>`;
    return html`<p class="desk-empty">Nothing in this queue matches. ${queue.name === "ALL" ? nothing : placeLink(desk, { view: "queue", queue: "ALL", filter: queue.filter }, "Look in all comments")}</p>`;
  }
  return html`
    <ol class="desk-list">${repeat(queue.items, (item) => item.comment.id, (item, index) => cardView(desk, item, index))}</ol>
    ${queue.hasMore ? html`<p><button class="button" @click=${() => void desk.more()}>Show more</button></p>` : nothing}
  `;
}

/** How many the queue holds: all of it is counted by the server, a part of it here. */
function held({ queue, counts }: Desk): number {
  return isFiltered(queue.filter) ? queue.total : (counts[queue.name] ?? queue.total);
}

function searchView(desk: Desk): TemplateResult {
  const find = (event: SubmitEvent): void => {
    event.preventDefault();
    desk.narrow({ text: String(new FormData(event.target as HTMLFormElement).get("text") ?? "").trim() || null });
  };
  return html`<form class="search" role="search" @submit=${find}>
    <input class="field" type="search" name="text" aria-label="Search the comments" placeholder="Search" minlength="2" maxlength="200" .value=${desk.queue.filter.text ?? ""} aria-keyshortcuts="/">
    <button class="button">Search</button>
  </form>`;
}

/** What the queue is narrowed down to, each with the way out. */
function filterView(desk: Desk): TemplateResult | typeof nothing {
  const { filter, items } = desk.queue;
  if (!isFiltered(filter)) return nothing;
  const sample = items[0]?.comment;
  const chip = (what: string, off: () => void): TemplateResult => html`<li><button class="chip" @click=${off}>${what}<span aria-hidden="true"> ×</span><span class="visually-hidden">: show all again</span></button></li>`;
  return html`<ul class="chips" aria-label="Only">
    ${filter.text ? chip(`“${filter.text}”`, () => desk.narrow({ text: null })) : nothing}
    ${filter.authorId ? chip(`By ${sample?.author?.id === filter.authorId ? sample.author.displayName : "one person"}`, () => desk.narrow({ authorId: null })) : nothing}
    ${filter.articleId ? chip(sample?.article.id === filter.articleId ? sample.article.headline : "One story", () => desk.narrow({ articleId: null })) : nothing}
  </ul>`;
}

function bulkView(desk: Desk): TemplateResult | typeof nothing {
  const { queue } = desk;
  if (queue.items.length < 2) return nothing;
  const picked = queue.pickedItems;
  const all = picked.length > 0 && picked.length === queue.items.length;
  return html`<div class="bulk ${picked.length > 0 ? "is-on" : ""}" role="group" aria-label="Selected comments">
    <label class="bulk-all"><input type="checkbox" .checked=${all} .indeterminate=${picked.length > 0 && !all} @change=${() => {
      queue.pickAll();
      desk.requestUpdate();
    }}> ${picked.length > 0 ? `${picked.length} selected` : "Select all on this page"}</label>
    ${
      picked.length > 0
        ? html`<button class="button button-primary" @click=${() => void desk.decide(picked, "APPROVED")}>Approve ${picked.length}</button>
            <button class="button" @click=${() => desk.startReject(picked)}>Reject ${picked.length}</button>
            <button class="button" @click=${() => void desk.decide(picked, "SPAM")}>Spam ${picked.length}</button>`
        : nothing
    }
    ${desk.rejecting && desk.rejecting.length > 1 ? reasonsView(desk, desk.rejecting) : nothing}
  </div>`;
}

/** What a decision on many came to: what was left as it is comes first, for that is what there is still to do. */
export function reportView(desk: Desk, { title, outcomes }: Report): TemplateResult {
  const left = outcomes.filter(({ problem }) => problem);
  const done = outcomes.filter(({ problem }) => !problem);
  const go = (id: string): void => desk.select(desk.queue.items.findIndex((item) => item.comment.id === id));
  return html`<section class="report" aria-label="What was done">
    <h2>${title}</h2>
    <p>${plural(left.length, "comment")} left as ${left.length === 1 ? "it is" : "they are"}:</p>
    <ul>${left.map(({ id, who, words, problem }) => html`<li><b>${who}</b> <q>${words}</q> <span>${problem}</span>${desk.queue.items.some((item) => item.comment.id === id) ? html` <button class="link" @click=${() => go(id)}>Look at it</button>` : nothing}</li>`)}</ul>
    ${done.length > 0 ? html`<details><summary>${plural(done.length, "comment")} done</summary><ul>${done.map(({ who, words }) => html`<li><b>${who}</b> <q>${words}</q></li>`)}</ul></details>` : nothing}
    <button class="button" @click=${() => {
      desk.report = null;
      desk.focusCard();
    }}>Close</button>
  </section>`;
}
