/** What a stream can be doing. `waiting` is between two attempts, `closed` is for good. */
export type StreamState = "connecting" | "live" | "waiting" | "closed";

export interface StreamHandlers {
  /** Whether the session cookie goes along; without it, all who ask the same get the same bytes. */
  readonly credentials?: RequestCredentials;
  /** Where to connect: asked at each attempt, because the cursor moves. */
  address(): URL;
  /** One GraphQL result. An exception ends this connection; the next one starts from the last cursor, after a pause. */
  next(result: unknown): void;
  state(state: StreamState): void;
}

/** Longer than two heartbeats of the server: silence beyond it means that the connection is dead without having said so. */
const SILENCE_MS = 45_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
const STABLE_MS = 10_000;

/** How long to wait after so many failures. Spread out, or all readers of a restarted server would come back in the same instant. */
export function pause(failures: number): number {
  return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.5 + Math.random());
}

/**
 * A subscription over server-sent events (graphql-sse, distinct connections mode), read with `fetch`: unlike `EventSource` it
 * notices when heartbeats stop, and it starts each attempt from a cursor that the caller chooses.
 */
export class EventStream {
  #connection: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #running = false;

  constructor(private readonly handlers: StreamHandlers) {}

  get running(): boolean {
    return this.#running;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#failures = 0;
    addEventListener("online", this.#hurry);
    void this.#connect();
  }

  /** Lets go of the connection and of every timer. `start` may be called again. */
  stop(): void {
    this.#running = false;
    removeEventListener("online", this.#hurry);
    clearTimeout(this.#timer);
    this.#connection?.abort();
    this.#connection = null;
  }

  /** The network is back: no reason to sit out the pause. A connection from before may be a ghost, so it goes too. */
  readonly #hurry = (): void => {
    clearTimeout(this.#timer);
    this.#failures = 0;
    void this.#connect();
  };

  async #connect(): Promise<void> {
    this.#connection?.abort();
    const connection = new AbortController();
    this.#connection = connection;
    this.handlers.state("connecting");
    let silence: ReturnType<typeof setTimeout> | undefined;
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => connection.abort(), SILENCE_MS);
    };
    let final = false;
    let opened = Infinity;
    try {
      heard();
      const response = await fetch(this.handlers.address(), { credentials: this.handlers.credentials ?? "omit", headers: { Accept: "text/event-stream" }, cache: "no-store", signal: connection.signal });
      if (!response.ok || !response.body) {
        // What the request itself is refused for will be refused again; overload and timeouts pass.
        final = response.status >= 400 && response.status < 500 && response.status !== 408 && response.status !== 429;
        throw new Error(`HTTP ${response.status}`);
      }
      this.handlers.state("live");
      opened = performance.now();
      const parser = new EventParser((event, data) => {
        if (event !== "next") return;
        this.handlers.next(JSON.parse(data));
        this.#failures = 0;
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        // Superseded or stopped: what is still in the pipe comes again after the cursor.
        if (done || this.#connection !== connection) break;
        heard();
        parser.push(value);
      }
    } catch {
      // Whatever it was, the answer is the same: try again from the cursor.
    }
    clearTimeout(silence);
    connection.abort();
    if (!this.#running || this.#connection !== connection) return;
    if (final) {
      this.handlers.state("closed");
      return;
    }
    this.handlers.state("waiting");
    // Only a connection that has been of use starts the count again: one that opens and fails at once does not.
    if (performance.now() - opened > STABLE_MS) this.#failures = 0;
    this.#timer = setTimeout(() => void this.#connect(), pause(this.#failures++));
  }
}

/** The event stream format of the HTML standard, section 9.2.6, without what this protocol does not use. */
export class EventParser {
  #rest = "";
  #event = "";
  #data: string[] = [];

  constructor(private readonly dispatch: (event: string, data: string) => void) {}

  push(chunk: string): void {
    const lines = (this.#rest + chunk).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === "") {
      const data = this.#data.join("\n");
      const event = this.#event || "message";
      this.#event = "";
      this.#data = [];
      if (data !== "") this.dispatch(event, data);
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    else if (field === "data") this.#data.push(value);
  }
}
