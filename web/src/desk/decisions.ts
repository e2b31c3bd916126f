import { DeskModerate, DeskUndo, type CommentStatus, type DeskModerateData } from "../generated/operations";
import { Unreachable, type Client } from "../lib/client";
import { plural, uniqueKey } from "../lib/text";
import { DONE, type Reason } from "./labels";
import type { Item } from "./queue";

/** What a moderator may make of a comment. */
export type Verdict = Exclude<CommentStatus, "DELETED">;

/** What became of one comment of a decision, or of its undoing. */
export interface Outcome {
  readonly id: string;
  readonly who: string;
  readonly words: string;
  /** Why nothing was done to it; null where it was. */
  readonly problem: string | null;
}

/** A decision that was taken, with the way back. */
export interface Done {
  readonly actionIds: readonly string[];
  readonly text: string;
  readonly count: number;
  readonly at: number;
  undone: boolean;
}

export interface Decided {
  readonly done: Done | null;
  /** What is now as it was asked for. */
  readonly moved: readonly Item[];
  readonly outcomes: readonly Outcome[];
}

/** What an undo came to. */
export interface Undone {
  readonly back: number;
  /** What was left as it is, because somebody has changed it since. */
  readonly left: readonly Outcome[];
}

/** What is said of a decision whose answer was lost: it may have been taken or not. */
export const LOST = "The server can’t be reached. It is not known whether it was decided: the queue will show when it is back.";
/** The most that the server takes at once. */
const BATCH = 100;
const STORAGE = "talkback:desk:done";
const REMEMBERED = 30;

type Result = DeskModerateData["commentsModerate"]["results"][number];
type Words = { readonly id: string; readonly body: string | null; readonly author: { readonly displayName: string } | null };

/** Decides, on one or on many alike: each decision has an id by which it can be undone. Remembers them for as long as the tab is open. */
export class Decisions {
  readonly done: Done[] = remembered();

  constructor(private readonly client: Client) {}

  /** Decides on comments as they were read. Notes on the items say what was not done, and why. */
  async decide(items: readonly Item[], to: Verdict, reason: Reason | null, note: string | null): Promise<Decided> {
    const moved: Item[] = [];
    const outcomes: Outcome[] = [];
    const actionIds: string[] = [];
    for (const item of items) [item.busy, item.note] = [true, null];
    try {
      for (let start = 0; start < items.length; start += BATCH) {
        const batch = items.slice(start, start + BATCH);
        const input = { items: batch.map(({ comment }) => ({ id: comment.id, revision: comment.revision })), to, reason, note, idempotencyKey: uniqueKey() };
        const payload = await this.#send(input);
        const [refusal] = payload.userErrors;
        if (refusal) throw new Error(refusal.message);
        if (payload.actionId) actionIds.push(payload.actionId);
        const results = new Map(payload.results.map((result) => [result.id, result]));
        for (const item of batch) {
          const problem = settle(item, results.get(item.comment.id));
          if (problem === null) moved.push(item);
          outcomes.push(outcome(item.comment, problem));
        }
      }
    } catch (error) {
      const isLost = error instanceof Unreachable;
      const message = isLost ? LOST : (error as Error).message;
      for (const item of items.slice(outcomes.length)) {
        item.note = isLost ? { kind: "unknown" } : { kind: "refused", message };
        outcomes.push(outcome(item.comment, message));
      }
    } finally {
      for (const item of items) item.busy = false;
    }
    const [first] = moved;
    if (!first || actionIds.length === 0) return { done: null, moved, outcomes };
    const text = `${DONE[to]}: ${moved.length === 1 ? outcome(first.comment, null).who : plural(moved.length, "comment")}`;
    return { done: this.remember(actionIds, text, moved.length), moved, outcomes };
  }

  /** Undoes a decision. */
  async undo(done: Done): Promise<Undone> {
    let back = 0;
    const left: Outcome[] = [];
    for (const actionId of done.actionIds) {
      const payload = (await this.client.run(DeskUndo, { input: { actionId } })).moderationUndo;
      const [refusal] = payload.userErrors;
      if (refusal) throw new Error(refusal.message);
      back += payload.undoneCount;
      for (const { id, comment, userErrors } of payload.results) {
        if (userErrors[0]) left.push(outcome(comment ?? { id, body: null, author: null }, userErrors[0].message));
      }
    }
    done.undone = true;
    this.#store();
    return { back, left };
  }

  /** Keeps what was done, to be undone later. */
  remember(actionIds: readonly string[], text: string, count: number): Done {
    const done: Done = { actionIds, text, count, at: Date.now(), undone: false };
    this.done.unshift(done);
    this.done.length = Math.min(this.done.length, REMEMBERED);
    this.#store();
    return done;
  }

  /** A lost answer is asked for once more: the key makes that harmless. */
  async #send(input: Parameters<NonNullable<(typeof DeskModerate)["__types"]>>[0]["input"]) {
    const send = async () => (await this.client.run(DeskModerate, { input })).commentsModerate;
    return send().catch((error: unknown) => {
      if (error instanceof Unreachable && navigator.onLine) return send();
      throw error;
    });
  }

  #store(): void {
    sessionStorage.setItem(STORAGE, JSON.stringify(this.done));
  }
}

/** Puts the comment as it is now on its card. Returns why it was left as it was; null: it was not. */
function settle(item: Item, result: Result | undefined): string | null {
  const read = item.comment;
  if (result?.comment) item.comment = result.comment;
  const refusal = result ? result.userErrors[0] : { code: "INVALID", message: "The server says nothing of this one." };
  if (!refusal) return null;
  item.note = refusal.code === "CONFLICT" && result?.comment ? { kind: "conflict", read } : { kind: "refused", message: refusal.message };
  return refusal.code === "CONFLICT" ? "Somebody has changed it since you read it." : refusal.message;
}

function outcome({ id, body, author }: Words, problem: string | null): Outcome {
  const text = (body ?? "").replace(/\s+/g, " ");
  return { id, who: author?.displayName ?? "Former reader", words: text.length > 80 ? `${text.slice(0, 79)}…` : text, problem };
}

function remembered(): Done[] {
  try {
    return JSON.parse(sessionStorage.getItem(STORAGE) ?? "[]") as Done[];
  } catch {
    return [];
  }
}
