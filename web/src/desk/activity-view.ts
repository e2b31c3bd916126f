import { html, nothing, type TemplateResult } from "lit";
import { plural } from "../lib/text";
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
        ? html`<p class="desk-muted">${desk.activity.loading ? "One moment…" : "Nothing decided on the latest comments yet."}</p>`
        : html`<ol class="activity" aria-label="By everybody, lately">${desk.activity.acts.map(
            ({ comment, line }) => html`<li><span><b>${line.by?.displayName}</b> ${words(line.action).toLowerCase()} ${placeLink(desk, { view: "comment", id: comment.id }, `a comment by ${comment.author?.displayName ?? "a former reader"}`)}
              ${line.reason ? html`<span class="desk-muted">${reasonWords(line.reason)}</span>` : nothing} <span class="desk-muted">${comment.article.headline}</span></span> ${time(line.at)}</li>`,
          )}</ol>`
    }
  `;
}
