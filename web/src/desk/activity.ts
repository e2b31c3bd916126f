import { DeskRecent, type DeskRecentData } from "../generated/operations";
import type { Desk } from "./desk";

type Comment = DeskRecentData["moderationQueue"]["nodes"][number];

/** What somebody decided about a comment. */
export interface Act {
  readonly comment: Comment;
  readonly line: NonNullable<Comment["history"]>[number];
}

/** On how many of the latest comments. */
const COMMENTS = 50;
const SHOWN = 60;
const BY_AUTHORS = ["SUBMITTED", "EDITED", "DELETED"];

/** What all moderators decided lately, the latest first: on the comments that came last. */
export class Activity {
  acts: readonly Act[] = [];
  loading = true;

  constructor(private readonly desk: Desk) {}

  async open(): Promise<void> {
    const { nodes } = (await this.desk.client.run(DeskRecent, { last: COMMENTS })).moderationQueue;
    const acts = nodes.flatMap((comment) => (comment.history ?? []).filter(({ action, by }) => by && !BY_AUTHORS.includes(action)).map((line) => ({ comment, line })));
    this.acts = acts.sort((one, other) => Date.parse(other.line.at) - Date.parse(one.line.at)).slice(0, SHOWN);
    this.loading = false;
    this.desk.requestUpdate();
  }
}
