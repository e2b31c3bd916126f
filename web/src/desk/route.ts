import type { ModerationQueueName } from "../generated/operations";

/** What a queue is narrowed down to. */
export interface Filter {
  readonly articleId: string | null;
  readonly authorId: string | null;
  /** Only comments with these words. */
  readonly text: string | null;
}

/** Over how long the charts look back. */
export type Span = "day" | "week" | "month" | "quarter" | "year";

/** Where on the desk one is: all of it stands in the address, so that it can be sent to a colleague. */
export type Route =
  | { readonly view: "queue"; readonly queue: ModerationQueueName; readonly filter: Filter }
  | { readonly view: "comment"; readonly id: string }
  | { readonly view: "person"; readonly id: string }
  | { readonly view: "activity" }
  | { readonly view: "stories" }
  | { readonly view: "figures"; readonly span: Span };

const QUEUES: readonly ModerationQueueName[] = ["PENDING", "REPORTED", "SPAM", "ALL"];
const SPANS: readonly Span[] = ["day", "week", "month", "quarter", "year"];
export const NO_FILTER: Filter = { articleId: null, authorId: null, text: null };

export function isFiltered(filter: Filter): boolean {
  return filter.articleId !== null || filter.authorId !== null || filter.text !== null;
}

export function parseRoute(search: string): Route {
  const query = new URLSearchParams(search);
  const id = query.get("id");
  switch (query.get("view")) {
    case "comment":
      if (id) return { view: "comment", id };
      break;
    case "person":
      if (id) return { view: "person", id };
      break;
    case "activity":
      return { view: "activity" };
    case "stories":
      return { view: "stories" };
    case "figures":
      return { view: "figures", span: SPANS.find((span) => span === query.get("span")) ?? "week" };
  }
  const wanted = query.get("queue")?.toUpperCase();
  return {
    view: "queue",
    queue: QUEUES.find((queue) => queue === wanted) ?? "PENDING",
    filter: { articleId: query.get("story"), authorId: query.get("author"), text: query.get("text")?.trim() || null },
  };
}

/** The address of a place on the desk. */
export function addressOf(route: Route): string {
  const query = new URLSearchParams();
  if (route.view === "queue") {
    query.set("queue", route.queue.toLowerCase());
    if (route.filter.articleId) query.set("story", route.filter.articleId);
    if (route.filter.authorId) query.set("author", route.filter.authorId);
    if (route.filter.text) query.set("text", route.filter.text);
  } else {
    query.set("view", route.view);
    if ("id" in route) query.set("id", route.id);
    if (route.view === "figures") query.set("span", route.span);
  }
  return `/moderate?${query}`;
}
