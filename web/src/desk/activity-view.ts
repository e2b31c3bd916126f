import { html, nothing, type TemplateResult } from "lit";
import { plural } from "../lib/text";
import type { Desk } from "./desk";
import { time } from "./inspector-view";
import { reportView } from "./queue-view";

/** What was decided from here, with the way back. */
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
  `;
}
