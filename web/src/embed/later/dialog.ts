import type { html as Html, nothing as Nothing, TemplateResult } from "lit/html.js";
import type { ReasonCode } from "../../generated/operations";
import type { TalkbackComments } from "../element";
import type { Comment } from "../thread";

const REASONS: readonly ReasonCode[] = ["ABUSE", "HATE", "OFF_TOPIC", "MISINFORMATION", "PERSONAL_INFORMATION", "ADVERTISING", "OTHER"];

/** What a dialog asks for: why a comment is reported, or only a name, for those who want to react and have none yet. */
export interface Question {
  readonly comment: Comment;
  readonly report: boolean;
  /** What is wrong with the answer. */
  error: { field: "name" | null; message: string } | null;
  busy: boolean;
  /** What to do with it; resolves to whether the dialog is done. */
  readonly answer: (given: { name: string; reason: ReasonCode; note: string }) => Promise<boolean>;
}

/** What templates are made with: the element's own, so that there is one of it. */
export interface Lit {
  readonly html: typeof Html;
  readonly nothing: typeof Nothing;
}

/** The browser's own dialog: it keeps the focus, closes with Escape, and hands the focus back. */
export function dialogView({ html, nothing }: Lit, element: TalkbackComments, { error, report, busy, answer }: Question): TemplateResult {
  const { wording } = element;
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const text = (name: string): string => String(data.get(name) ?? "").trim();
    void answer({ name: text("name"), reason: text("reason") as ReasonCode, note: text("note") });
  };
  return html`
    <dialog class="dialog" part="dialog" aria-labelledby="question" @close=${() => element.writing.ask(null)}>
      <form @submit=${send}>
        <h3 id="question" class="dialog-title">${wording.text(report ? "reportThis" : "whoReacts")}</h3>
        ${
          report
            ? html`<fieldset class="reasons">
                  <legend>${wording.text("whatIsWrong")}</legend>
                  ${REASONS.map((value) => html`<label class="reason"><input type="radio" name="reason" value=${value} required> ${wording.text(value)}</label>`)}
                </fieldset>
                <label class="field"><span>${wording.text("note")}</span><textarea class="input" name="note" rows="2" maxlength="2000" dir="auto"></textarea></label>`
            : nothing
        }
        ${
          element.identified
            ? nothing
            : html`<label class="field">
                <span>${wording.text("name")}</span>
                <input class="input name" name="name" autocomplete="nickname" required aria-invalid=${error?.field === "name" ? "true" : nothing} aria-describedby="question-error">
              </label>`
        }
        <p class="error" id="question-error" role="alert">${error?.message ?? nothing}</p>
        <div class="dialog-foot">
          <button type="button" class="button" part="button" @click=${(event: Event) => (event.target as HTMLElement).closest("dialog")?.close()}>${wording.text("cancel")}</button>
          <button class="button primary" part="button primary" ?disabled=${busy}>${wording.text(report ? "sendReport" : "continue")}</button>
        </div>
      </form>
    </dialog>
  `;
}
