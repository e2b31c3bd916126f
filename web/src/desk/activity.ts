import { DeskDecisions, type DecisionFragment } from "../generated/operations";
import type { Desk } from "./desk";

/** What somebody decided: about one comment, or, in one go, about several. */
export interface Act {
  readonly line: DecisionFragment;
  readonly count: number;
}

const PAGE = 50;
const AT_MOST = 100;

/** What all moderators decided, the latest first. */
export class Activity {
  lines: readonly DecisionFragment[] = [];
  loading = true;
  hasMore = false;
  #after: string | null = null;

  constructor(private readonly desk: Desk) {}

  /** Reads it from the latest on, as far as it was on screen. */
  async open(): Promise<void> {
    this.#after = null;
    await this.#read(Math.min(AT_MOST, Math.max(PAGE, this.lines.length)));
  }

  /** Reads on, to what was decided before. */
  more(): Promise<void> {
    return this.#read(PAGE);
  }

  async #read(first: number): Promise<void> {
    const after = this.#after;
    const { nodes, pageInfo } = (await this.desk.client.run(DeskDecisions, { first, after })).moderationDecisions;
    if (after !== this.#after) return;
    this.lines = after === null ? nodes : [...this.lines, ...nodes];
    this.#after = pageInfo.endCursor;
    this.hasMore = pageInfo.hasNextPage;
    this.loading = false;
    this.desk.requestUpdate();
  }

  get acts(): readonly Act[] {
    return inOneGo(this.lines);
  }
}

/** Lines of one action, which stand together, are one act. */
export function inOneGo(lines: readonly DecisionFragment[]): readonly Act[] {
  const acts: Act[] = [];
  for (const line of lines) {
    const last = acts.at(-1);
    if (last && line.actionId && last.line.actionId === line.actionId && last.line.action === line.action) acts[acts.length - 1] = { ...last, count: last.count + 1 };
    else acts.push({ line, count: 1 });
  }
  return acts;
}
