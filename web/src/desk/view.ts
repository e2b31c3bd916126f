import { html, nothing, type TemplateResult } from "lit";
import { activityView } from "./activity-view";
import { commentView } from "./comment-view";
import type { Desk } from "./desk";
import { helpView, sanctionView } from "./dialogs-view";
import { figuresView } from "./figures-view";
import { personView } from "./person-view";
import { queueView } from "./queue-view";
import { addressOf, NO_FILTER, type Route } from "./route";
import { storiesView } from "./stories-view";
import { toastsView } from "./toasts-view";

const PLACES: readonly (readonly [string, Route])[] = [
  ["Queues", { view: "queue", queue: "PENDING", filter: NO_FILTER }],
  ["Activity", { view: "activity" }],
  ["Stories", { view: "stories" }],
  ["Figures", { view: "figures", span: "week" }],
];

/** The whole desk. */
export function deskView(desk: Desk): TemplateResult {
  const problem = desk.problem ?? desk.outage.problem;
  return html`
    <a class="skip-link" href="#main">Skip to the comments</a>
    <header class="desk-head">
      <a class="brand" href="/">Talkback</a>
      ${desk.isModerator ? placesView(desk) : html`<span class="desk-name">Moderation</span>`}
      ${desk.isModerator ? whoView(desk) : nothing}
    </header>
    ${problem ? html`<p class="desk-problem" role="alert">${problem} <button class="link" @click=${() => void desk.outage.recover()}>Try again</button></p>` : nothing}
    ${desk.viewer === undefined ? html`<main id="main" class="desk-blank" aria-busy="true"></main>` : desk.isModerator ? placeView(desk) : goneView(desk)}
    <p class="visually-hidden" role="status">${desk.announcement}</p>
    ${toastsView(desk)}${helpView(desk)}${sanctionView(desk)}
  `;
}

/** A link within the desk: an address like any other, followed without leaving the page. */
export function placeLink(desk: Desk, route: Route, content: unknown, name = "", current = false): TemplateResult {
  const follow = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    desk.go(route);
  };
  return html`<a class=${name} href=${addressOf(route)} aria-current=${current ? "page" : nothing} @click=${follow}>${content}</a>`;
}

function placesView(desk: Desk): TemplateResult {
  return html`<nav class="desk-places" aria-label="Desk">${PLACES.map(([label, route]) => placeLink(desk, route, label, "desk-place", route.view === desk.route.view))}</nav>`;
}

function whoView(desk: Desk): TemplateResult {
  return html`
    <div class="desk-who">
      ${connectionView(desk)}
      <button class="desk-help" aria-label="Keyboard shortcuts" aria-keyshortcuts="?" @click=${() => desk.querySelector<HTMLDialogElement>("dialog.desk-help-dialog")?.showModal()}><kbd>?</kbd></button>
      <bdi class="desk-viewer">${desk.viewer?.displayName}</bdi>
      <form method="post" action="/sign-out"><button class="link">Sign out</button></form>
    </div>
  `;
}

/** A dot while all is well: that the numbers move is enough. */
function connectionView(desk: Desk): TemplateResult {
  const { state } = desk.live;
  const text = { waiting: "Reconnecting…", connecting: "Connecting…", live: "Live", closed: "Not live" }[state];
  return html`<span class="desk-live is-${state}" role="status"><span class=${state === "live" ? "visually-hidden" : ""}>${text}</span></span>
    ${state === "closed" ? html`<button class="link" @click=${() => void desk.refresh()}>Try again</button>` : nothing}`;
}

function placeView(desk: Desk): TemplateResult {
  const { route } = desk;
  switch (route.view) {
    case "queue":
      return queueView(desk);
    case "comment":
      return page(commentView(desk, route.id));
    case "person":
      return page(personView(desk));
    case "activity":
      return page(activityView(desk));
    case "stories":
      return page(storiesView(desk));
    case "figures":
      return page(figuresView(desk), "is-wide");
  }
}

function page(content: TemplateResult, name = ""): TemplateResult {
  return html`<main class="desk-page ${name}" id="main">${content}</main>`;
}

/** The session has ended while the desk was open. */
function goneView(desk: Desk): TemplateResult {
  return html`<main class="desk-page" id="main">
    <h1 class="desk-title">${desk.viewer ? "This desk is for moderators" : "Your session has ended"}</h1>
    <p>${desk.viewer ? html`You are signed in as ${desk.viewer.displayName}, who may read and write comments.` : "Sign in again to go on. What you decided is kept."}</p>
    <p><a class="button button-primary" href="/sign-in">Sign in</a></p>
  </main>`;
}
