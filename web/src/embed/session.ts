import { keep, kept } from "../lib/storage";

/** Who the reader is, as far as this browser knows. */
export interface Session {
  readonly token: string;
  readonly name: string;
  readonly expiresAt: string | null;
}

/**
 * A guest's session, kept in this browser per server. Storage may be refused (private windows, blocked third-party storage): then
 * the session lasts as long as the page.
 */
export class SessionStore {
  readonly #key: string;
  #current: Session | null = null;

  constructor(server: URL) {
    this.#key = `talkback:session:${server.origin}`;
    this.reload();
  }

  get current(): Session | null {
    const expiry = this.#current?.expiresAt;
    if (expiry && Date.parse(expiry) <= Date.now()) this.#current = null;
    return this.#current;
  }

  set current(session: Session | null) {
    this.#current = session;
    keep("localStorage", this.#key, session && JSON.stringify(session));
  }

  /** Whether a `storage` event is about this session: another tab signed in or out. */
  concerns(event: StorageEvent): boolean {
    return event.key === this.#key || event.key === null;
  }

  reload(): void {
    try {
      const stored = JSON.parse(kept("localStorage", this.#key) ?? "null") as Partial<Session> | null;
      this.#current = stored?.token ? { token: stored.token, name: stored.name ?? "", expiresAt: stored.expiresAt ?? null } : null;
    } catch {
      this.#current = null;
    }
  }
}
