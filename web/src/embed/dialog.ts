import { html, nothing, type TemplateResult } from "lit";
import type { ReasonCode } from "../generated/operations";
import type { TalkbackComments } from "./element";
import type { Comment } from "./thread";

const REASONS: readonly (readonly [ReasonCode, string])[] = [
  ["ABUSE", "It insults or threatens somebody"],
  ["HATE", "It attacks people for who they are"],
  ["OFF_TOPIC", "It is not about the story"],
  ["MISINFORMATION", "It is false or misleading"],
  ["PERSONAL_INFORMATION", "It tells what is private"],
  ["ADVERTISING", "It advertises"],
  ["OTHER", "Something else"],
];

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

/** The browser's own dialog: it keeps the focus, closes with Escape, and hands the focus back. */
export function dialogView(element: TalkbackComments): TemplateResult | typeof nothing {
  const { question } = element.writing;
  if (!question) return nothing;
  const { error, report, busy } = question;
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const text = (name: string): string => String(data.get(name) ?? "").trim();
    void question.answer({ name: text("name"), reason: text("reason") as ReasonCode, note: text("note") });
  };
  return html`
    <dialog class="dialog" part="dialog" aria-labelledby="question" @close=${() => element.writing.ask(null)}>
      <form @submit=${send}>
        <h3 id="question" class="dialog-title">${report ? "Report this comment" : "Who is reacting?"}</h3>
        ${
          report
            ? html`<fieldset class="reasons">
                  <legend>What is wrong with it? A moderator will read your report.</legend>
                  ${REASONS.map(([value, label]) => html`<label class="reason"><input type="radio" name="reason" value=${value} required> ${label}</label>`)}
                </fieldset>
                <label class="field"><span>Anything to add? (optional)</span><textarea class="input" name="note" rows="2" maxlength="2000" dir="auto"></textarea></label>`
            : nothing
        }
        ${
          element.identified
            ? nothing
            : html`<label class="field">
                <span>Your name</span>
                <input class="input name" name="name" autocomplete="nickname" maxlength="80" required aria-invalid=${error?.field === "name" ? "true" : nothing} aria-describedby="question-error">
              </label>`
        }
        <p class="error" id="question-error" role="alert">${error?.message ?? nothing}</p>
        <div class="dialog-foot">
          <button type="button" class="button" part="button" @click=${(event: Event) => (event.target as HTMLElement).closest("dialog")?.close()}>Cancel</button>
          <button class="button primary" part="button primary" ?disabled=${busy}>${report ? "Send report" : "Continue"}</button>
        </div>
      </form>
    </dialog>
  `;
}
