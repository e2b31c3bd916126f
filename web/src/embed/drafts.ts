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
    this.#body = body;
    try {
      if (storage) this.#body = sessionStorage.getItem(storage) ?? body;
    } catch {
      // No storage: a reload loses the text, nothing else.
    }
  }

  get body(): string {
    return this.#body;
  }

  set body(text: string) {
    this.#body = text;
    // Another text is another submission; the same text sent again is a retry.
    this.#key = uniqueKey();
    try {
      if (this.#storage) sessionStorage.setItem(this.#storage, text);
    } catch {
      // As above.
    }
  }

  get idempotencyKey(): string {
    return this.#key;
  }

  /** It has been sent: nothing is left to restore. */
  clear(): void {
    this.body = "";
    this.error = null;
    try {
      if (this.#storage) sessionStorage.removeItem(this.#storage);
    } catch {
      // As above.
    }
  }
}
