import { html, nothing, svg, type TemplateResult } from "lit/html.js";
import type { ReactionKind } from "../generated/operations";
import type { TalkbackComments } from "./element";
import type { Comment } from "./thread";

const KINDS: readonly (readonly [ReactionKind, TemplateResult])[] = [
  ["LIKE", svg`<path d="M5 7.2v6.3M5 7.2 7.6 2c1.2 0 1.9.9 1.7 2l-.4 2.4h3.4c1 0 1.6.8 1.4 1.7l-1 4c-.2.8-.8 1.4-1.7 1.4H2.5V7.2z"/>`],
  ["INSIGHTFUL", svg`<path d="M6.2 14h3.6M5.9 11.7c0-1-.5-1.6-1.1-2.2a4.3 4.3 0 1 1 6.4 0c-.6.6-1.1 1.2-1.1 2.2z"/>`],
  ["RESPECT", svg`<path d="M8 13.4 3 8.6a3 3 0 0 1 4.3-4.3L8 5l.7-.7A3 3 0 0 1 13 8.6z"/>`],
];

/** One button for each kind, with how many people chose it. On one's own comment there is nothing to press, only to read. */
export function reactionsView(element: TalkbackComments, comment: Comment, own: boolean): TemplateResult {
  return html`<span class="reactions" role="group" aria-label=${element.wording.text("reactions")}>${KINDS.map(([kind, path]) => {
    const label = element.wording.text(kind);
    const count = comment.reactions.find((reaction) => reaction.kind === kind)?.count ?? 0;
    const on = comment.viewerReactions?.includes(kind) ?? false;
    if (own && count === 0) return nothing;
    const name = count ? `${label}, ${element.number(count)}` : label;
    return html`<button
      class="link reaction" part="action reaction" aria-label=${name} title=${label} aria-pressed=${on} ?disabled=${own}
      @click=${() => element.writing.react(comment, kind, !on)}
    ><svg viewBox="0 0 16 16" aria-hidden="true">${path}</svg>${count ? html`<span aria-hidden="true">${element.number(count)}</span>` : nothing}</button>`;
  })}</span>`;
}
