import { describe, expect, test } from "vitest";
import { difference } from "../src/desk/difference";
import { period } from "../src/desk/figures";
import type { QueueEvent } from "../src/desk/live";
import { Queue } from "../src/desk/queue";
import { NO_FILTER, addressOf, parseRoute, type Route } from "../src/desk/route";
import type { QueueCommentFragment } from "../src/generated/operations";
import type { Client } from "../src/lib/client";

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 12, 9, minute)).toISOString();

function comment(n: number, over: Partial<QueueCommentFragment> = {}): QueueCommentFragment {
  return { id: `c${n}`, body: `Comment ${n}`, status: "PENDING", revision: 1, createdAt: at(n), heldBecause: [], claim: null, ...over } as QueueCommentFragment;
}

/** A queue over a server that holds these comments. */
async function queueOf(server: QueueCommentFragment[]): Promise<Queue> {
  const client = {
    run: (_: unknown, { first }: { first: number }) =>
      Promise.resolve({ moderationQueue: { totalCount: server.length, nodes: server.slice(0, first), pageInfo: { hasNextPage: server.length > first, endCursor: "x" } } }),
  } as unknown as Client;
  const queue = new Queue(client);
  await queue.open("PENDING", NO_FILTER);
  return queue;
}

const ids = (queue: Queue): string[] => queue.items.map((item) => item.comment.id);

describe("a queue", () => {
  test("after a decision, the focus is on what comes next", async () => {
    const queue = await queueOf([1, 2, 3].map((n) => comment(n)));
    queue.select(1);
    queue.takeOut([queue.items[1]!]);
    expect([queue.current?.comment.id, queue.total]).toEqual(["c3", 2]);
    queue.takeOut([queue.items[1]!]);
    expect(queue.current?.comment.id).toBe("c1");
  });

  test("a card with the focus stays when its comment leaves, and goes when the focus does", async () => {
    const server = [1, 2, 3].map((n) => comment(n));
    const queue = await queueOf(server);
    server.shift();
    await queue.refresh();
    expect(ids(queue)).toEqual(["c1", "c2", "c3"]);
    expect(queue.current?.note?.kind).toBe("gone");
    queue.select(1);
    expect(ids(queue)).toEqual(["c2", "c3"]);
  });

  const left = (id: string, by: { id: string; displayName: string } | null, queue = "PENDING") => ({ __typename: "CommentLeftQueue", queue, commentId: id, by }) as QueueEvent;
  const entered = (entry: QueueCommentFragment, queue = "PENDING") => ({ __typename: "CommentEnteredQueue", queue, comment: entry }) as QueueEvent;
  const mia = { id: "mia", displayName: "Mia" };

  test("what others decided tells by whom and is swept away, but for the card that has the focus", async () => {
    const queue = await queueOf([1, 2, 3].map((n) => comment(n)));
    expect(queue.apply(left("c1", mia), "me")).toBe("left");
    expect(queue.apply(left("c2", mia), "me")).toBe("left");
    expect(queue.apply(entered(comment(2, { status: "SPAM", revision: 2 }), "SPAM"), "me")).toBe("none");
    expect(queue.items.map(({ note }) => note?.kind)).toEqual(["gone", "gone", undefined]);
    queue.sweep();
    expect([ids(queue), queue.total]).toEqual([["c1", "c3"], 1]);
  });

  test("what comes in is new until somebody looks at it; what comes back in the middle is read anew", async () => {
    const queue = await queueOf([2, 3].map((n) => comment(n)));
    expect(queue.apply(entered(comment(4)), "me")).toBe("arrived");
    expect([ids(queue), queue.news, queue.total]).toEqual([["c2", "c3", "c4"], 1, 3]);
    queue.select(2);
    expect(queue.news).toBe(0);
    expect(queue.apply(entered(comment(1)), "me")).toBe("unknown");
    expect(queue.apply(entered(comment(5, { status: "APPROVED" })), "me")).toBe("none");
  });

  test("an event that overtakes the reading of the queue is not lost", async () => {
    const server = [1, 2].map((n) => comment(n));
    const queue = await queueOf(server);
    const reading = queue.refresh();
    queue.apply(entered(comment(3)), "me");
    queue.apply(left("c1", { id: "me", displayName: "Me" }), "me");
    await reading;
    expect(ids(queue)).toEqual(["c2", "c3"]);
  });

  test("words that change while they are read stop the hand", async () => {
    const queue = await queueOf([1, 2].map((n) => comment(n)));
    const edited = { __typename: "CommentEditedInQueue", comment: comment(1, { body: "Otherwise", revision: 2 }) } as QueueEvent;
    expect(queue.apply(edited, "me")).toBe("startled");
    expect([queue.current?.startled, queue.current?.note?.kind]).toEqual([true, "conflict"]);
  });

  test("a range is picked from the last card that was", async () => {
    const queue = await queueOf([1, 2, 3, 4].map((n) => comment(n)));
    queue.pick(3, "toggle");
    queue.pick(1, "range");
    expect([...queue.picked].sort()).toEqual(["c2", "c3", "c4"]);
    queue.pickAll();
    expect(queue.picked.size).toBe(4);
    queue.pickAll();
    expect(queue.picked.size).toBe(0);
  });

  test("words that changed under the moderator's eyes are shown beside those that were read", async () => {
    const server = [1, 2].map((n) => comment(n));
    const queue = await queueOf(server);
    server[0] = comment(1, { body: "Other words", revision: 2 });
    server[1] = comment(2, { body: "Other words", revision: 2 });
    await queue.refresh();
    expect(queue.items[0]?.note).toMatchObject({ kind: "conflict", read: { body: "Comment 1" } });
    expect(queue.items[1]?.note).toBeNull();
    server[0] = comment(1, { body: "Again others", revision: 3 });
    await queue.refresh();
    expect(queue.items[0]?.note).toMatchObject({ read: { body: "Comment 1" } });
  });

  test("a read that comes late does not bring back what was decided meanwhile", async () => {
    const queue = await queueOf([1, 2].map((n) => comment(n)));
    const late = queue.refresh();
    queue.takeOut([queue.items[0]!]);
    await late;
    expect(ids(queue)).toEqual(["c2"]);
  });
});

test("a place on the desk is what its address says", () => {
  const routes: Route[] = [
    { view: "queue", queue: "SPAM", filter: { articleId: "a&1", authorId: "u 1", text: "“the” ferry" } },
    { view: "comment", id: "u=1" },
    { view: "figures", span: "year" },
  ];
  for (const route of routes) expect(parseRoute(addressOf(route).split("?")[1] ?? "")).toEqual(route);
  expect(parseRoute("?queue=nonsense")).toMatchObject({ view: "queue", queue: "PENDING" });
});

describe("the difference of two texts", () => {
  test("names what went and what came", () => {
    expect(difference("one two three", "one four three")).toEqual([
      { kind: "same", text: "one " },
      { kind: "gone", text: "two " },
      { kind: "new", text: "four " },
      { kind: "same", text: "three" },
    ]);
  });

  test("gives both texts back", () => {
    const [before, after] = ["a b c d e f g", "b x d y f g h"];
    const runs = difference(before, after);
    const side = (skip: string): string => runs.filter(({ kind }) => kind !== skip).map(({ text }) => text).join("");
    expect([side("new"), side("gone")]).toEqual([before, after]);
    expect(difference("same", "same")).toEqual([{ kind: "same", text: "same" }]);
  });
});

test("charts count whole days of the reader's, today included", () => {
  const { from, to } = period("week", new Date(2026, 4, 6, 15, 30));
  expect([to.getHours(), to.getDate()]).toEqual([0, 7]);
  expect(to.getTime() - from.getTime()).toBe(7 * 86_400_000);
});
