import type { Operation } from "../generated/operations";

/** The server could not be reached: no network, no server, or an origin that it does not allow. */
export class Unreachable extends Error {}

/** The server answered with GraphQL errors. `code` is the first error's `extensions.code`. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

interface Answer<Data> {
  data?: Data | null;
  errors?: readonly { message: string; extensions?: { code?: string } }[];
}

/** GraphQL over HTTP, no more: the elements keep their own state. */
export class Client {
  constructor(
    readonly endpoint: URL,
    private readonly token: () => string | null,
    /** Whether answers depend on who asks: by token, or by a cookie that no script sees. */
    private readonly personal: () => boolean,
  ) {}

  /**
   * Runs a query or a mutation. Queries that are the same for everybody go as GET, so that whatever stands between may answer
   * them from a cache.
   */
  async run<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables, signal?: AbortSignal): Promise<Data> {
    const token = this.token();
    const cacheable = !this.personal() && operation.startsWith("query");
    const init: RequestInit = { credentials: cacheable ? "omit" : "same-origin", headers: { Accept: "application/graphql-response+json, application/json;q=0.9" } };
    if (signal) init.signal = signal;
    if (!cacheable) {
      init.method = "POST";
      init.body = JSON.stringify({ query: operation, variables });
      init.headers = { ...init.headers, "Content-Type": "application/json" };
      if (token) init.headers = { ...init.headers, Authorization: `Bearer ${token}` };
    }
    let answer: Answer<Data>;
    try {
      const response = await fetch(cacheable ? this.address(operation, variables) : this.endpoint, init);
      answer = (await response.json()) as Answer<Data>;
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Unreachable((error as Error).message);
    }
    const [first] = answer.errors ?? [];
    // One part that failed leaves the others good; nothing at all is a failure.
    if (!answer.data || (first && Object.values(answer.data).every((value) => value === null))) throw new Refused(first?.message ?? "The server sent no data.", first?.extensions?.code ?? "");
    return answer.data;
  }

  /** The address of an operation sent as GET. */
  address<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables): URL {
    const url = new URL(this.endpoint);
    url.search = new URLSearchParams({ query: operation, variables: JSON.stringify(variables) }).toString();
    return url;
  }
}
