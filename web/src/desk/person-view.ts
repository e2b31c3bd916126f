import { html, nothing, type TemplateResult } from "lit";
import type { Desk } from "./desk";
import { recordView, section, threadLine } from "./inspector-view";
import { words } from "./labels";
import { sanctionWords } from "./sanctions";

/** One person: what they wrote, and what was decided about it and about them. */
export function personView(desk: Desk): TemplateResult {
  const { record, missing, written } = desk.person;
  if (!record) return html`<h1 class="desk-title" tabindex="-1">A person</h1><p class="desk-empty">${missing ? "There is nobody with that id, or the account is gone." : "One moment…"}</p>`;
  return html`
    <h1 class="desk-title" tabindex="-1"><bdi>${record.displayName}</bdi> <span>${words(record.role)}</span></h1>
    <p>${sanctionWords(record.displayName, record.sanction)}${record.sanction?.reason ? html`: ${record.sanction.reason}` : nothing}.</p>
    ${recordView(desk, record.id)}
    <p><button class="button" @click=${() => desk.sanctions.start(record)}>Sanction…</button></p>
    ${written.length > 0 ? section("Written last", html`<ol class="thread">${written.map(threadLine)}</ol>`) : nothing}
  `;
}
