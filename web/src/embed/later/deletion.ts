import type { TemplateResult } from "lit/html.js";
import type { TalkbackComments } from "../element";
import type { Comment } from "../thread";
import type { Lit } from "./dialog";

/** Asks whether to delete a comment, or no longer does. The focus goes to the answer that changes nothing, and back to what asked. */
export function askDelete(element: TalkbackComments, { id }: Comment, asked: boolean): void {
  element.writing.confirmingDelete = asked ? id : null;
  element.requestUpdate();
  void element.updateComplete.then(() => element.focusComment(id, "> article .delete"));
}

/** The question, in the place of what else there is to do with the comment. */
export function deletionView({ html }: Lit, element: TalkbackComments, comment: Comment): TemplateResult {
  const { wording } = element;
  const keep = (): void => askDelete(element, comment, false);
  const key = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    // Whatever the page has around it stays open.
    event.preventDefault();
    event.stopPropagation();
    keep();
  };
  return html`<p class="actions" role="group" aria-label=${wording.text("deleteThis")} @keydown=${key}>
    <span>${wording.text("deleteThis")}</span>
    <button class="link is-danger" @click=${() => element.writing.delete(comment)}>${wording.text("delete")}</button>
    <button class="link delete" @click=${keep}>${wording.text("keep")}</button>
  </p>`;
}
