import { keep, kept } from "./storage";

const KEY = "talkback:waiting:";

/**
 * Whether the comment was last seen, in this browser, awaiting a moderator. One that is refused after that was not published; any
 * other refused one was removed, which its author is told as everybody is.
 */
export const hasWaited = (id: string): string | null => kept("localStorage", KEY + id);
export const waits = (id: string): void => keep("localStorage", KEY + id, "1");
export const published = (id: string): void => keep("localStorage", KEY + id, null);
