import { html, nothing, type TemplateResult } from "lit/html.js";
import { characters } from "../lib/text";
import type { TalkbackComments } from "./element";

export interface Composer {
  /** Names the draft: `""`, `reply:ID` or `edit:ID`. */
  key: string;
  parentId: string | null;
  /** What the button says. */
  action: "post" | "save";
  /** What it does instead of posting. */
  send?: () => Promise<boolean>;
  /** The text it starts from. */
  body?: string;
}

/** The box to write in: a name for those who have none yet, the text, its live counter, and what is wrong beside its field. */
export function composerView(element: TalkbackComments, { key, parentId, action, send, body }: Composer): TemplateResult {
  const { wording } = element;
  const { minLength, maxLength } = element.thread?.policy ?? { minLength: 0, maxLength: Infinity };
  const draft = element.writing.draft(key, body);
  const off = draft.busy || (action === "post" && element.thread?.policy.state !== "OPEN");
  const count = characters(draft.body);
  const { error } = draft;
  const inPlace = key !== "";
  const name = element.identified ? (element.viewer?.displayName ?? element.session.current?.name) : null;
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!element.identified && !draft.name.trim()) {
      draft.error = { field: "name", message: wording.text("nameNeeded") };
      element.requestUpdate();
    } else if (!off && count >= minLength && count <= maxLength) {
      void (send?.() ?? element.writing.submit(key, parentId)).then((sent) => sent || focusError(element));
      return;
    }
    focusError(element);
  };
  return html`
    <form class="composer ${inPlace ? "in-place" : ""}" part="composer" @submit=${submit} @focusin=${() => element.writing.prepare()} novalidate>
      ${
        element.identified
          ? nothing
          : html`<label class="field">
              <span>${wording.text("name")}</span>
              <input
                class="input name" part="input name" name="name" autocomplete="nickname"
                .value=${draft.name} aria-invalid=${error?.field === "name" ? "true" : nothing} aria-describedby="name-error"
                @input=${(event: Event) => element.writing.write(draft, "name", (event.target as HTMLInputElement).value)}>
              <span class="error" id="name-error">${error?.field === "name" ? error.message : nothing}</span>
            </label>`
      }
      <label class="field">
        <span>${wording.text("comment")}</span>
        <textarea
          class="input" part="input textarea" name="body" rows="3" dir="auto"
          .value=${draft.body} aria-invalid=${error?.field === "body" ? "true" : nothing} aria-describedby="counter body-error"
          @input=${(event: Event) => element.writing.write(draft, "body", (event.target as HTMLTextAreaElement).value)}
          @keydown=${(event: KeyboardEvent) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && submit(event)}></textarea>
        <span class="error" id="body-error">${error && error.field !== "name" ? error.message : nothing}</span>
      </label>
      <div class="composer-foot">
        ${counterView(element, count, minLength, maxLength)}
        <span class="who">
          ${name && !inPlace ? html`${wording.text("as")} <b>${name}</b> ${element.session.current?.token === element.credential ? html`<button type="button" class="link" @click=${() => element.writing.signOut()}>${wording.text("notYou")}</button>` : nothing}` : nothing}
        </span>
        ${inPlace ? html`<button type="button" class="button" part="button" @click=${() => element.writing.compose("")}>${wording.text("cancel")}</button>` : nothing}
        <button class="button primary" part="button primary" ?disabled=${off || count < minLength || count > maxLength}>${wording.text(action)}</button>
      </div>
    </form>
  `;
}

function counterView(element: TalkbackComments, count: number, min: number, max: number): TemplateResult {
  const { wording } = element;
  const near = count > max - 500;
  const text = count < min ? `${count}/${min}` : near ? `${element.number(count)}/${element.number(max)}` : element.number(count);
  const hint = count < min ? wording.text("minimum", { n: min }) : count > max ? wording.text("tooLong") : wording.text("characters", { n: count });
  return html`<span class="counter ${count > max ? "is-over" : count >= min ? "is-met" : ""}" id="counter" part="counter"><b>${text}</b> ${hint}</span>`;
}

/** Brings whoever was refused to the field that it is about. */
function focusError(element: TalkbackComments): void {
  void element.updateComplete.then(() => {
    element.renderRoot.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  });
}
