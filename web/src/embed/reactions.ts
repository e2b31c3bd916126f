/**
 * Reactions and reports, behind the flags of `capabilities.ts`. The operations are spelled out here and not generated while the schema
 * does not have them.
 */
import { html, type TemplateResult } from "lit";
import type { Operation } from "../generated/operations";
import type { TalkbackComments } from "./element";
import type { Comment } from "./thread";

type Refusals = { userErrors: readonly { message: string }[] };

const CommentReact =
  "mutation CommentReact($input:CommentReactInput!){commentReact(input:$input){comment{id reactions{kind count}viewerHasReacted}userErrors{code message field}}}" as Operation<
    { commentReact: Refusals & { comment: Pick<Comment, "id" | "reactions"> | null } },
    { input: { id: string; kind: string; on: boolean } }
  >;

const CommentReport =
  "mutation CommentReport($input:CommentReportInput!){commentReport(input:$input){comment{id}userErrors{code message field}}}" as Operation<
    { commentReport: Refusals & { comment: { id: string } | null } },
    { input: { id: string; reason: string; note?: string | null } }
  >;

const KINDS: readonly (readonly [string, string])[] = [
  ["LIKE", "Recommend"],
  ["INSIGHTFUL", "Insightful"],
  ["RESPECT", "Respect"],
];
const REASONS: readonly (readonly [string, string])[] = [
  ["ABUSE", "It insults or threatens"],
  ["HATE", "It attacks people for what they are"],
  ["OFF_TOPIC", "It is not about the story"],
  ["MISINFORMATION", "It misleads"],
  ["PERSONAL_INFORMATION", "It tells what is private"],
  ["ADVERTISING", "It advertises"],
  ["OTHER", "Something else"],
];

/** What this reader reacted to on this page: `ID KIND`. */
const reacted = new Set<string>();

async function react(element: TalkbackComments, comment: Comment, kind: string, on: boolean): Promise<void> {
  try {
    const { commentReact } = await element.client.run(CommentReact, { input: { id: comment.id, kind, on } });
    const entry = element.thread?.entries.get(comment.id);
    if (entry && commentReact.comment) {
      entry.comment = { ...entry.comment, reactions: commentReact.comment.reactions };
      if (on) reacted.add(`${comment.id} ${kind}`);
      else reacted.delete(`${comment.id} ${kind}`);
    }
    const [refusal] = commentReact.userErrors;
    if (refusal) element.say(comment.id, refusal.message);
  } catch (error) {
    element.say(comment.id, (error as Error).message);
  }
  element.requestUpdate();
}

async function report(element: TalkbackComments, comment: Comment, reason: string): Promise<void> {
  try {
    const { commentReport } = await element.client.run(CommentReport, { input: { id: comment.id, reason } });
    element.say(comment.id, commentReport.userErrors[0]?.message ?? "Thank you. A moderator will look at it.");
  } catch (error) {
    element.say(comment.id, (error as Error).message);
  }
}

export function reactionsView(element: TalkbackComments, comment: Comment): TemplateResult {
  return html`${KINDS.map(([kind, label]) => {
    const count = comment.reactions.find((reaction) => reaction.kind === kind)?.count ?? 0;
    const on = reacted.has(`${comment.id} ${kind}`);
    return html`<button class="link" part="action reaction" aria-pressed=${on} @click=${() => void react(element, comment, kind, !on)}>${label}${count ? html` <b>${count}</b>` : ""}</button>`;
  })}`;
}

export function reportView(element: TalkbackComments, comment: Comment): TemplateResult {
  return html`<label class="report"><span class="visually-hidden">Report</span>
    <select class="link" part="action report" @change=${(event: Event) => {
      const select = event.target as HTMLSelectElement;
      void report(element, comment, select.value);
      select.value = "";
    }}>
      <option value="">Report</option>
      ${REASONS.map(([value, label]) => html`<option value=${value}>${label}</option>`)}
    </select></label>`;
}
