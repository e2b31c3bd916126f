import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { getOperationAST, parse, type OperationDefinitionNode } from "graphql";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createSocketClient } from "graphql-ws";

/** How subscriptions travel. Queries and mutations are always plain HTTP. */
export type SubscriptionTransport = "websocket" | "sse";

/** Read at each request, so that typing a token does not fetch the schema anew with every key. */
export type FetcherSettings = { token: string; transport: SubscriptionTransport };

/**
 * A fetcher for GraphiQL: HTTP for queries and mutations, `graphql-transport-ws` or distinct-connection server-sent events
 * for subscriptions. The token may be given with or without its `Bearer` prefix; the headers editor of GraphiQL overrides it.
 */
export function createTalkbackFetcher(endpoint: URL, settings: () => FetcherSettings): Fetcher {
  return (params, options) => {
    const { token, transport } = settings();
    const trimmed = token.trim();
    const authorization = trimmed === "" || /^\S+\s/.test(trimmed) ? trimmed : `Bearer ${trimmed}`;
    const auth: Record<string, string> = authorization === "" ? {} : { Authorization: authorization };
    const headers = { ...auth, ...(options?.headers as Record<string, string> | undefined) };
    const operation = operationOf(params);
    const request = {
      query: params.query,
      operationName: operation?.name?.value,
      variables: (params.variables ?? undefined) as Record<string, unknown> | undefined,
    };
    if (operation?.operation !== "subscription") return post(endpoint, request, headers);
    if (transport === "sse") {
      return endingWith(createSseClient({ url: endpoint.href, headers, credentials: "same-origin", retryAttempts: 3 }).iterate(request));
    }
    const socket = new URL(endpoint);
    socket.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";
    const client = createSocketClient({ url: socket.href, connectionParams: headers, lazy: true, retryAttempts: 3 });
    return endingWith(client.iterate(request));
  };
}

/** A socket that cannot be opened rejects with a DOM event, which GraphiQL would show as `{"isTrusted": true}`. */
async function* endingWith(results: AsyncIterable<unknown>): AsyncGenerator<never> {
  try {
    for await (const result of results) yield result as never;
  } catch (error) {
    if (error instanceof CloseEvent) throw new Error(`The connection closed: ${error.code} ${error.reason}`.trim());
    if (error instanceof Event) throw new Error("The connection could not be opened.");
    throw error;
  }
}

/**
 * The operation that runs. Just after a change of tab GraphiQL still names the operation of the tab before: a name that the
 * document does not have gives way to its only operation.
 */
function operationOf(params: FetcherParams): OperationDefinitionNode | undefined {
  try {
    const document = parse(params.query);
    return getOperationAST(document, params.operationName ?? undefined) ?? getOperationAST(document) ?? undefined;
  } catch {
    return undefined; // The server says what is wrong with it.
  }
}

async function post(endpoint: URL, request: object, headers: Record<string, string>): Promise<never> {
  const response = await fetch(endpoint, {
    method: "POST",
    credentials: "same-origin",
    headers: {
      "Content-Type": "application/json",
      Accept: "application/graphql-response+json, application/json;q=0.9",
      ...headers,
    },
    body: JSON.stringify(request),
  });
  const text = await response.text();
  try {
    return JSON.parse(text) as never;
  } catch {
    throw new Error(`${response.status} ${response.statusText}: ${text.slice(0, 500)}`);
  }
}
