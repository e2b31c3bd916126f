import type { ReactiveController } from "lit";
import { DeskClaim, DeskContext, DeskRecord, type DeskContextData, type DeskRecordData } from "../generated/operations";
import type { Desk } from "./desk";

export type Context = NonNullable<DeskContextData["comment"]>;

/** Somebody who steps from card to card does not open each of them. */
const SETTLE_MS = 180;
const CLAIM_MS = 900;
/** A claim lasts five minutes on the server. */
const RENEW_MS = 4 * 60_000;
const REMEMBERED = 50;

/**
 * What surrounds the comment that has the focus: its thread, its history. Opening it claims it, so that the others see that
 * somebody is at it; moving on lets go.
 */
export class Inspector implements ReactiveController {
  #id: string | null = null;
  #claimed: string | null = null;
  readonly #known = new Map<string, { revision: number; context: Context }>();
  readonly #records = new Map<string, DeskRecordData>();
  #timers: ReturnType<typeof setTimeout>[] = [];

  constructor(private readonly desk: Desk) {
    desk.addController(this);
  }

  hostDisconnected(): void {
    this.look(null);
  }

  /** What surrounds the comment, if it has been read. */
  of(id: string): Context | undefined {
    return this.#known.get(id)?.context;
  }

  /** How much a person has written so far, by where it stands, if it has been read. */
  recordOf(authorId: string): DeskRecordData | undefined {
    return this.#records.get(authorId);
  }

  /** Reads it; what is on screen until then stays. */
  async readRecord(authorId: string): Promise<void> {
    const record = await this.desk.client.run(DeskRecord, { authorId });
    this.#records.delete(authorId);
    this.#records.set(authorId, record);
    for (const old of [...this.#records.keys()].slice(0, -REMEMBERED)) this.#records.delete(old);
    this.desk.requestUpdate();
  }

  /** The eyes are on this comment now; null: on none. */
  look(comment: { readonly id: string; readonly revision: number } | null): void {
    if (comment?.id !== this.#id) {
      for (const timer of this.#timers) clearTimeout(timer);
      this.#timers = [];
      this.#id = comment?.id ?? null;
      void this.#release();
      if (comment) this.#timers.push(setTimeout(() => void this.#claim(comment.id), CLAIM_MS));
    } else if (!comment || this.#known.get(comment.id)?.revision === comment.revision) {
      return;
    }
    if (comment && this.#known.get(comment.id)?.revision !== comment.revision) this.#timers.push(setTimeout(() => void this.#read(comment.id), SETTLE_MS));
  }

  async #read(id: string): Promise<void> {
    try {
      const { comment } = await this.desk.client.run(DeskContext, { id });
      if (!comment) return;
      this.#known.delete(id);
      this.#known.set(id, { revision: comment.revision, context: comment });
      for (const old of [...this.#known.keys()].slice(0, -REMEMBERED)) this.#known.delete(old);
      this.desk.requestUpdate();
      if (comment.author) await this.readRecord(comment.author.id);
    } catch (error) {
      this.desk.fail(error);
    }
  }

  async #claim(id: string): Promise<void> {
    if (this.#id !== id) return;
    this.#claimed = id;
    this.#timers.push(setTimeout(() => void this.#claim(id), RENEW_MS));
    await this.#send(id, true);
  }

  async #release(): Promise<void> {
    const id = this.#claimed;
    this.#claimed = null;
    if (id) await this.#send(id, false);
  }

  /** A claim binds nobody: where it fails, the others just do not see it. */
  async #send(id: string, on: boolean): Promise<void> {
    await this.desk.client.run(DeskClaim, { input: { id, on } }).catch(() => undefined);
  }
}
