import { html, nothing, type TemplateResult } from "lit";
import type { Desk } from "./desk";
import { KEYS } from "./labels";
import { sanctionWords, type SanctionKind } from "./sanctions";

const KINDS: readonly (readonly [SanctionKind, string, string])[] = [
  ["SUSPEND", "Suspend", "They cannot comment for a time."],
  ["PREMODERATE", "Read first", "What they write waits for a moderator."],
  ["BAN", "Ban", "They cannot comment any more."],
  ["NONE", "No sanction", "Lifts the one that is there."],
];

const TERMS: readonly (readonly [number, string])[] = [
  [1, "One day"],
  [7, "One week"],
  [30, "30 days"],
  [365, "One year"],
];

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

export function sanctionView(desk: Desk): TemplateResult {
  const { person, kind, problem, busy } = desk.sanctions;
  const impose = (event: SubmitEvent): void => {
    event.preventDefault();
    void desk.sanctions.impose(new FormData(event.target as HTMLFormElement));
  };
  return html`<dialog class="desk-dialog sanction-dialog" aria-labelledby="sanction-title">${
    person
      ? html`<form @submit=${impose}>
          <h2 id="sanction-title">Sanction ${person.displayName}</h2>
          <p class="desk-muted">${sanctionWords(person.displayName, person.sanction)}.</p>
          <fieldset class="choices"><legend class="visually-hidden">Which sanction</legend>
            ${KINDS.map(
              ([value, label, what]) => html`<label class="choice"><input type="radio" name="kind" value=${value} .checked=${value === kind} @change=${() => desk.sanctions.choose(value)}>
                <span><b>${label}</b> <span class="desk-muted">${what}</span></span></label>`,
            )}
          </fieldset>
          ${kind === "SUSPEND" ? html`<label class="field-line">For how long <select class="field" name="days">${TERMS.map(([days, label]) => html`<option value=${days} ?selected=${days === 7}>${label}</option>`)}</select></label>` : nothing}
          ${
            kind === "NONE"
              ? nothing
              : html`<label class="field-line">Reason, which they are told <input class="field" name="reason" maxlength="2000"></label>
                  <label class="choice"><input type="checkbox" name="all"> <span><b>Reject all their comments</b> <span class="desk-muted">It can be undone.</span></span></label>`
          }
          ${problem ? html`<p class="card-note" role="alert">${problem}</p>` : nothing}
          <p class="card-actions"><button class="button button-primary" ?disabled=${busy}>${kind === "NONE" ? "Lift the sanction" : "Impose it"}</button>
            <button type="button" class="button" @click=${() => desk.sanctions.close()}>Cancel</button></p>
        </form>`
      : nothing
  }</dialog>`;
}
