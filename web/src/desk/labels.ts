import type { CommentStatus, ModerationQueueName, ReasonCode, SanctionKind } from "../generated/operations";
import type { Verdict } from "./decisions";

export type Reason = ReasonCode;

/** The queues of the desk, in their order on the page. */
export const QUEUES: readonly (readonly [ModerationQueueName, string])[] = [
  ["PENDING", "Waiting"],
  ["REPORTED", "Reported"],
  ["SPAM", "Spam"],
  ["ALL", "All comments"],
];

/** What an empty queue says. */
export const EMPTY: Readonly<Record<ModerationQueueName, string>> = {
  PENDING: "Nothing is waiting. New comments appear here by themselves.",
  REPORTED: "No reader has a report open. New ones appear here by themselves.",
  SPAM: "No spam. What is called spam is kept here, and can be restored.",
  ALL: "No comments yet.",
};

/** Why a comment is rejected; the number is its key. */
export const REASONS: readonly (readonly [Reason, string])[] = [
  ["ABUSE", "Insults or threatens"],
  ["HATE", "Attacks people for what they are"],
  ["OFF_TOPIC", "Not about the story"],
  ["MISINFORMATION", "Misleads"],
  ["PERSONAL_INFORMATION", "Tells what is private"],
  ["ADVERTISING", "Advertises"],
  ["OTHER", "Another reason"],
];

export const STATUS: Readonly<Record<CommentStatus, string>> = {
  PENDING: "Waiting",
  APPROVED: "Approved",
  REJECTED: "Rejected",
  SPAM: "Spam",
  DELETED: "Deleted by its author",
};

/** What was done about a person. */
export const SANCTIONED: Readonly<Record<Exclude<SanctionKind, "NONE">, string>> = {
  BAN: "Banned",
  SUSPEND: "Suspended",
  PREMODERATE: "Pre-moderated",
};

/** What was done, as a toast and a screen reader say it. */
export const DONE: Readonly<Record<Verdict, string>> = {
  APPROVED: "Approved",
  REJECTED: "Rejected",
  SPAM: "Marked as spam",
  PENDING: "Sent back to the queue",
};

/** The desk's keys, as its dialog lists them. */
export const KEYS: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  [
    "Decide",
    [
      ["a", "Approve"],
      ["r", "Reject, then 1–7 for the reason"],
      ["s", "Mark as spam"],
      ["w", "Send back to the queue"],
      ["b", "Sanction the author"],
      ["u", "Undo the last decision"],
    ],
  ],
  [
    "Move",
    [
      ["j", "Next comment"],
      ["k", "Previous comment"],
      ["[ ]", "Previous, next queue"],
      ["o", "Open in the story"],
      ["/", "Search"],
    ],
  ],
  [
    "Select many",
    [
      ["x", "Select, or not"],
      ["X", "Select from the last one to here"],
      ["*", "Select all on the page"],
      ["Esc", "Cancel, select none"],
    ],
  ],
];

/** "PERSONAL_INFORMATION" as people write it. */
export function words(name: string): string {
  const text = name.toLowerCase().replace("pre_", "pre-").replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function reasonWords(reason: Reason): string {
  return REASONS.find(([code]) => code === reason)?.[1] ?? words(reason);
}
