import { keep, kept } from "../lib/storage";
import { uniqueKey } from "../lib/text";

/** What somebody is writing: a comment, a reply or an edit. */
export class Draft {
  name = "";
  busy = false;
  /** What is wrong, and beside which field it belongs. */
  error: { field: "name" | "body" | null; message: string } | null = null;
  #body = "";
  #key = uniqueKey();
  readonly #storage: string | null;

  /** `storage` names where the text survives a reload; `null` keeps it in memory. */
  constructor(storage: string | null, body = "") {
    this.#storage = storage;
    this.#body = (storage && kept("sessionStorage", storage)) ?? body;
  }

  get body(): string {
    return this.#body;
  }

  set body(text: string) {
    this.#body = text;
    // Another text is another submission; the same text sent again is a retry.
    this.#key = uniqueKey();
    if (this.#storage) keep("sessionStorage", this.#storage, text || null);
  }

  get idempotencyKey(): string {
    return this.#key;
  }

  /** It has been sent: nothing is left to restore. */
  clear(): void {
    this.body = "";
    this.error = null;
  }
}
