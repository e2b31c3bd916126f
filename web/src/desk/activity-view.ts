import { html, nothing, type TemplateResult } from "lit";
import { plural } from "../lib/text";
import type { Act } from "./activity";
import type { Desk } from "./desk";
import { time } from "./inspector-view";
import { reasonWords, words } from "./labels";
import { reportView } from "./queue-view";
import { placeLink } from "./view";

/** What was decided from here, with the way back, and what everybody decided lately. */
export function activityView(desk: Desk): TemplateResult {
  const { done } = desk.decisions;
  return html`
    <h1 class="desk-title" tabindex="-1">Activity</h1>
    ${desk.report ? reportView(desk, desk.report) : nothing}
    ${
      done.length === 0
        ? html`<p class="desk-empty">Nothing decided in this tab yet. What you decide is listed here, and can be undone.</p>`
        : html`<ol class="activity">${done.map(
            (one) => html`<li><b>${one.text}</b> ${time(new Date(one.at).toISOString())} <span class="desk-muted">${plural(one.count, "comment")}</span>
              ${one.undone ? html`<span class="tag">Undone</span>` : html`<button class="button" @click=${() => void desk.undo(one)}>Undo</button>`}</li>`,
          )}</ol>`
    }
    <h2 class="activity-title">By everybody, lately</h2>
    ${
      desk.activity.acts.length === 0
        ? html`<p class="desk-muted">${desk.activity.loading ? "One moment…" : "Nobody has decided anything yet."}</p>`
        : html`${actsView(desk, desk.activity.acts, "By everybody, lately")}
            ${desk.activity.hasMore ? html`<p class="more"><button class="button" @click=${() => void desk.moreActivity()}>Earlier</button></p>` : nothing}`
    }
  `;
}

/** Decisions, each with its comment; those of one go, with how many there were. */
export function actsView(desk: Desk, acts: readonly Act[], label: string): TemplateResult {
  return html`<ol class="activity" aria-label=${label}>${acts.map(
    ({ line: { action, by, comment, reason, at }, count }) => html`<li><span>${by ? placeLink(desk, { view: "person", id: by.id }, html`<b>${by.displayName}</b>`) : html`<b>Somebody</b>`} ${words(action).toLowerCase()}
      ${
        count > 1
          ? html`<b>${plural(count, "comment")}</b>${comment ? html`, among them ${placeLink(desk, { view: "comment", id: comment.id }, "this one")}` : nothing}`
          : comment
            ? placeLink(desk, { view: "comment", id: comment.id }, `a comment by ${comment.author?.displayName ?? "a former reader"}`)
            : "a comment"
      }
      ${reason ? html`<span class="tag">${reasonWords(reason)}</span>` : nothing}${count === 1 && comment ? html`<span class="act-story">${comment.article.headline}</span>` : nothing}</span> ${time(at)}</li>`,
  )}</ol>`;
}
