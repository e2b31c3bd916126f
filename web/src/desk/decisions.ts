import { DeskApprove, DeskMarkSpam, DeskReject, type QueueCommentFragment } from "../generated/operations";
import { Unreachable, type Client } from "../lib/client";
import { plural, uniqueKey } from "../lib/text";
import { DONE, type Reason } from "./labels";
import type { Item } from "./queue";

/** What a moderator may make of a comment. */
export type Verdict = "APPROVED" | "REJECTED" | "SPAM";

/** What became of one comment of a decision. */
export interface Outcome {
  readonly id: string;
  readonly who: string;
  readonly words: string;
  /** Why nothing was done to it; null where it was. */
  readonly problem: string | null;
}

export interface Decided {
  /** What is now as it was asked for. */
  readonly moved: readonly Item[];
  readonly outcomes: readonly Outcome[];
  /** What was done, in words; null: nothing. */
  readonly text: string | null;
}

type Input = Parameters<NonNullable<(typeof DeskApprove)["__types"]>>[0]["input"];
type Payload = { readonly comment: QueueCommentFragment | null; readonly userErrors: readonly { readonly code: string; readonly message: string }[] };

/** Decides, on one or on many: one after the other, each with an outcome of its own. */
export class Decisions {
  constructor(private readonly client: Client) {}

  /** Decides on comments as they were read. Notes on the items say what was not done, and why. */
  async decide(items: readonly Item[], to: Verdict, reason: Reason | null, note: string | null): Promise<Decided> {
    const moved: Item[] = [];
    const outcomes: Outcome[] = [];
    for (const item of items) [item.busy, item.note] = [true, null];
    for (const item of items) {
      const { id, revision } = item.comment;
      const problem = await this.#send(to, { id, revision, reason, note, idempotencyKey: uniqueKey() }).then(
        (payload) => settle(item, payload),
        (error: unknown) => refuse(item, error instanceof Unreachable ? "The server can’t be reached. Nothing was decided." : (error as Error).message),
      );
      if (problem === null) moved.push(item);
      outcomes.push(outcome(item.comment, problem));
      item.busy = false;
    }
    const [first] = moved;
    const text = first ? `${DONE[to]}: ${moved.length === 1 ? outcome(first.comment, null).who : plural(moved.length, "comment")}` : null;
    return { moved, outcomes, text };
  }

  /** A lost answer is asked for once more: the key makes that harmless. */
  async #send(to: Verdict, input: Input): Promise<Payload> {
    const send = async (): Promise<Payload> => {
      switch (to) {
        case "APPROVED":
          return (await this.client.run(DeskApprove, { input })).commentApprove;
        case "REJECTED":
          return (await this.client.run(DeskReject, { input })).commentReject;
        case "SPAM":
          return (await this.client.run(DeskMarkSpam, { input })).commentMarkSpam;
      }
    };
    return send().catch((error: unknown) => {
      if (error instanceof Unreachable && navigator.onLine) return send();
      throw error;
    });
  }
}

/** Puts the comment as it is now on its card. Returns why it was left as it was; null: it was not. */
function settle(item: Item, { comment, userErrors }: Payload): string | null {
  const read = item.comment;
  if (comment) item.comment = comment;
  const [refusal] = userErrors;
  if (!refusal) return null;
  if (refusal.code !== "CONFLICT") return refuse(item, refusal.message);
  item.note = { kind: "conflict", read };
  return "Somebody has changed it since you read it.";
}

function refuse(item: Item, message: string): string {
  item.note = { kind: "refused", message };
  return message;
}

function outcome({ id, body, author }: QueueCommentFragment, problem: string | null): Outcome {
  const text = (body ?? "").replace(/\s+/g, " ");
  return { id, who: author?.displayName ?? "Former reader", words: text.length > 80 ? `${text.slice(0, 79)}…` : text, problem };
}
