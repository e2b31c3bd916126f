import type { ReactiveController } from "lit";
import { Refused, Unreachable } from "../lib/client";
import { pause } from "../lib/event-stream";
import type { Desk } from "./desk";

const OUT_OF_DATE = "The server can’t be reached. What you see may be out of date.";

/** Whether it may go well the next time: nobody answered, or whoever did had too much to do. */
export function passes(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Refused && /^(UNAVAILABLE|OVERLOADED|TIMEOUT|STORAGE_UNAVAILABLE)$/.test(error.code));
}

/**
 * What is said while the server does not answer, and the way back: what was missed is read again after pauses that grow, at once when
 * the desk's connection is back, and what was said goes only when all of it is there.
 */
export class Outage implements ReactiveController {
  problem: string | null = null;
  #failures = 0;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly desk: Desk) {
    desk.addController(this);
  }

  hostDisconnected(): void {
    clearTimeout(this.#again);
  }

  /** Something that was asked for did not come. */
  begin(error: unknown): void {
    this.problem = error instanceof Unreachable ? OUT_OF_DATE : (error as Error).message;
    clearTimeout(this.#again);
    this.#again = setTimeout(() => void this.recover(), pause(this.#failures++));
    this.desk.requestUpdate();
  }

  /** Reads what may have been missed. */
  async recover(): Promise<void> {
    clearTimeout(this.#again);
    this.#again = undefined;
    await this.desk.heal();
    if (this.#again !== undefined) return;
    this.#failures = 0;
    if (this.problem) this.desk.announcement = "The server can be reached again.";
    this.problem = null;
    this.desk.requestUpdate();
  }
}
