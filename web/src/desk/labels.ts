import type { CommentModerateInput, CommentStatus, ModerationQueueName } from "../generated/operations";

export type Reason = NonNullable<CommentModerateInput["reason"]>;

/** The queues of the desk, in their order on the page. */
export const QUEUES: readonly (readonly [ModerationQueueName, string])[] = [
  ["PENDING", "Waiting"],
  ["SPAM", "Spam"],
  ["ALL", "All comments"],
];

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

export const KEYS: readonly (readonly [string, string])[] = [
  ["j", "Next comment"],
  ["k", "Previous comment"],
  ["a", "Approve"],
  ["r", "Reject, then 1–7 for the reason"],
  ["s", "Mark as spam"],
  ["o", "Open in the story"],
  ["?", "This list"],
];

/** "PERSONAL_INFORMATION" as people write it. */
export function words(name: string): string {
  const text = name.toLowerCase().replace("pre_", "pre-").replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
