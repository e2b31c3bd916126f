import { html, type TemplateResult } from "lit";
import type { Desk } from "./desk";
import { KEYS } from "./labels";

export function helpView(desk: Desk): TemplateResult {
  return html`<dialog class="desk-dialog desk-help-dialog" aria-labelledby="keys-title">
    <h2 id="keys-title">Keyboard shortcuts</h2>
    <p class="desk-muted">They decide on what is selected; where nothing is, on the comment that has the focus.</p>
    <div class="keys">${KEYS.map(
      ([group, keys]) => html`<section><h3>${group}</h3><dl>${keys.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl></section>`,
    )}</div>
    <label class="desk-toggle"><input type="checkbox" .checked=${desk.keyboard.on} @change=${(event: Event) => (desk.keyboard.on = (event.target as HTMLInputElement).checked)}> Use these keys</label>
    <form method="dialog"><button class="button">Close</button></form>
  </dialog>`;
}
