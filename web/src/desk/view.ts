import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { cardView } from "./card-view";
import type { Desk } from "./desk";
import { KEYS, QUEUES } from "./labels";

/** The whole desk. */
export function deskView(desk: Desk): TemplateResult {
  return html`
    <a class="skip-link" href="#queue">Skip to the queue</a>
    <header class="desk-head">
      <a class="brand" href="/">Talkback</a>
      <span class="desk-name">Moderation</span>
      ${
        desk.moderator
          ? html`<span class="desk-who">${desk.viewer?.displayName}</span>
              <button class="desk-help" aria-label="Keyboard shortcuts" @click=${() => desk.querySelector("dialog")?.showModal()}><kbd>?</kbd></button>`
          : nothing
      }
    </header>
    ${desk.problem ? html`<p class="desk-problem" role="alert">${desk.problem}</p>` : nothing}
    ${desk.viewer === undefined ? nothing : desk.moderator ? workView(desk) : signInView(desk)}
    <p class="visually-hidden" role="status">${desk.announcement}</p>
    ${helpView(desk)}
  `;
}

function workView(desk: Desk): TemplateResult {
  return html`
    <div class="desk-body">
      <nav class="desk-queues" aria-label="Queues">
        ${QUEUES.map(
          ([queue, label]) =>
            html`<button class="desk-queue" aria-current=${queue === desk.queue ? "page" : nothing} @click=${() => void desk.open(queue)}>
              <span>${label}</span>${desk.counts[queue] === undefined ? nothing : html` <b>${desk.counts[queue]?.toLocaleString()}</b>`}
            </button>`,
        )}
      </nav>
      <main class="desk-main" id="queue">
        <h1 class="desk-title">${QUEUES.find(([queue]) => queue === desk.queue)?.[1]} <span>${desk.loading ? "" : desk.total.toLocaleString()}</span></h1>
        ${
          desk.items.length === 0
            ? html`<p class="desk-empty">${desk.loading ? "One moment…" : desk.queue === "PENDING" ? "Nothing is waiting. New comments appear here by themselves." : "Nothing here."}</p>`
            : html`<ol class="desk-list">${repeat(desk.items, (item) => item.comment.id, (item, index) => cardView(desk, item, index))}</ol>`
        }
        ${desk.hasMore ? html`<p><button class="button" @click=${() => void desk.more()}>More</button></p>` : nothing}
      </main>
    </div>
  `;
}

function signInView(desk: Desk): TemplateResult {
  return html`<main class="desk-sign-in" id="queue">
    <h1>${desk.viewer ? "This desk is for moderators" : "Sign in to the desk"}</h1>
    <p>${
      desk.viewer
        ? html`You are signed in as ${desk.viewer.displayName}, who may read and write comments. Deciding on them takes a moderator’s account.`
        : html`Open the sign-in link that the server printed when it first started, or enter its code here. It works once.`
    }</p>
    <form action="/sign-in" method="get">
      <label>Sign-in code <input name="code" autocomplete="one-time-code" required></label>
      <button class="button button-primary">Sign in</button>
    </form>
  </main>`;
}

function helpView(desk: Desk): TemplateResult {
  return html`<dialog class="desk-dialog" aria-labelledby="keys-title">
    <h2 id="keys-title">Keyboard shortcuts</h2>
    <dl>${KEYS.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl>
    <label class="desk-toggle"><input type="checkbox" .checked=${desk.keyboard.on} @change=${(event: Event) => (desk.keyboard.on = (event.target as HTMLInputElement).checked)}> Use these keys</label>
    <form method="dialog"><button class="button">Close</button></form>
  </dialog>`;
}
