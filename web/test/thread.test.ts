import { describe, expect, test } from "vitest";
import { Thread, type Comment, type FeedEvent } from "../src/embed/thread";
import type { CommentOrder } from "../src/generated/operations";

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 12, 9, minute)).toISOString();

/** A comment as the server sends it; `n` is its place in time. */
function comment(n: number, parent: string | null = null, over: Partial<Comment> = {}): Comment {
  return {
    id: `c${n}`, bodyHtml: `<p>${n}</p>`, status: "APPROVED", author: { id: `u${n}`, displayName: `Reader ${n}`, initial: "R", role: "READER" },
    createdAt: at(n), editedAt: null, depth: parent ? 1 : 0, revision: 1, replyCount: 0, reactions: [], parent: parent ? { id: parent } : null, ...over,
  } as Comment;
}

type Node = Comment & { replies?: unknown };
const page = (nodes: readonly Node[], { total = nodes.length, more = false } = {}) => ({ totalCount: total, nodes, pageInfo: { hasNextPage: more, endCursor: more ? "next" : null } });
const withReplies = (root: Comment, replies: readonly Comment[] = [], more = {}) => ({ ...root, replyCount: replies.length, replies: page(replies, more) });

function thread(nodes: readonly Node[], { order = "NEWEST" as CommentOrder, more = false, total = nodes.length } = {}): Thread {
  const article = {
    id: "a1", commentCount: nodes.length, feedCursor: "0",
    commentPolicy: { state: "OPEN", minLength: 50, maxLength: 5000, guidelines: null },
    comments: page(nodes, { more, total }),
  };
  return new Thread(article as unknown as ConstructorParameters<typeof Thread>[0], order);
}

let sequence = 0;
function feed(on: Thread, event: object, hold = false) {
  return on.apply(event as FeedEvent, String(++sequence), hold);
}
const published = (c: Comment, commentCount = 9) => ({ __typename: "CommentPublished", comment: c, commentCount });
const removed = (commentId: string, commentCount = 0) => ({ __typename: "CommentRemoved", commentId, commentCount });
const shown = (on: Thread, ids = on.roots.ids): string[] => ids.filter((id) => on.shown(id));

describe("a new comment", () => {
  test("goes to the top of the newest, and to the end of the oldest", () => {
    const newest = thread([withReplies(comment(2)), withReplies(comment(1))]);
    expect(feed(newest, published(comment(3)))).toBe("inserted");
    expect(newest.roots.ids).toEqual(["c3", "c2", "c1"]);
    expect(newest.count).toBe(9);

    const oldest = thread([withReplies(comment(1))], { order: "OLDEST" });
    feed(oldest, published(comment(3)));
    expect(oldest.roots.ids).toEqual(["c1", "c3"]);
  });

  test("that was held for a while takes its place in time", () => {
    const t = thread([withReplies(comment(5)), withReplies(comment(1))]);
    feed(t, published(comment(3)));
    expect(t.roots.ids).toEqual(["c5", "c3", "c1"]);
  });

  test("is known by its id, however often it comes", () => {
    const t = thread([withReplies(comment(1))]);
    feed(t, published(comment(2)));
    feed(t, published(comment(2)));
    t.append(null, page([withReplies(comment(2)), withReplies(comment(1))]) as never);
    expect(t.roots.ids).toEqual(["c2", "c1"]);
  });

  test("belongs to a page that is not loaded: it is counted, and comes with that page", () => {
    const t = thread([withReplies(comment(1))], { order: "OLDEST", more: true, total: 30 });
    expect(feed(t, published(comment(40)))).toBe("changed");
    expect(t.roots.ids).toEqual(["c1"]);
    expect(t.missing(t.roots)).toBe(30);
  });

  test("that answers a comment goes below it", () => {
    const t = thread([withReplies(comment(1), [comment(2, "c1")])]);
    feed(t, published(comment(3, "c1")));
    expect(t.entries.get("c1")?.replies.ids).toEqual(["c2", "c3"]);
  });

  test("that answers a comment which is not loaded changes the count only", () => {
    const t = thread([withReplies(comment(1))]);
    expect(feed(t, published(comment(9, "unknown"), 12))).toBe("none");
    expect(t.count).toBe(12);
  });
});

describe("while the reader is in the thread", () => {
  test("new comments wait, replies to waiting ones too, and come together", () => {
    const t = thread([withReplies(comment(1))]);
    expect(feed(t, published(comment(2)), true)).toBe("held");
    expect(feed(t, published(comment(3, "c2")), true)).toBe("held");
    expect(t.roots.ids).toEqual(["c1"]);
    expect(t.held).toHaveLength(2);
    expect(t.reveal()).toEqual(["c2", "c3"]);
    expect(t.roots.ids).toEqual(["c2", "c1"]);
    expect(t.entries.get("c2")?.replies.ids).toEqual(["c3"]);
    expect(t.held).toEqual([]);
  });

  test("what is removed while it waits is never shown", () => {
    const t = thread([withReplies(comment(1))]);
    feed(t, published(comment(2)), true);
    feed(t, removed("c2"));
    expect(t.held).toEqual([]);
    t.reveal();
    expect(shown(t)).toEqual(["c1"]);
  });

  test("an edit reaches a waiting comment", () => {
    const t = thread([]);
    feed(t, published(comment(2)), true);
    feed(t, { __typename: "CommentEdited", comment: comment(2, null, { bodyHtml: "<p>better</p>", revision: 2 }) });
    t.reveal();
    expect(t.entries.get("c2")?.comment.bodyHtml).toBe("<p>better</p>");
  });

  test("a page that is loaded meanwhile does not show what waits", () => {
    const t = thread([withReplies(comment(1))]);
    feed(t, published(comment(2)), true);
    t.append(null, page([withReplies(comment(2)), withReplies(comment(1))]) as never);
    expect(t.roots.ids).toEqual(["c1"]);
    t.reveal();
    expect(t.roots.ids).toEqual(["c2", "c1"]);
  });
});

describe("a removed comment", () => {
  test("becomes a tombstone in its place at once", () => {
    const t = thread([withReplies(comment(1), [comment(2, "c1")])]);
    expect(feed(t, removed("c1", 1))).toBe("removed");
    const entry = t.entries.get("c1");
    expect(entry?.removed).toBe(true);
    expect(entry?.comment).toMatchObject({ author: null, bodyHtml: null, viewerCanEdit: false });
    expect(shown(t)).toEqual(["c1"]);
    expect(t.count).toBe(1);
  });

  test("stays gone when an older revision of it comes late", () => {
    const t = thread([withReplies(comment(1, null, { revision: 3 }))]);
    feed(t, removed("c1"));
    feed(t, { __typename: "CommentEdited", comment: comment(1, null, { revision: 2 }) });
    expect(t.entries.get("c1")?.removed).toBe(true);
    expect(t.entries.get("c1")?.comment.bodyHtml).toBeNull();
  });

  test("comes back when it is restored", () => {
    const t = thread([withReplies(comment(1))]);
    feed(t, removed("c1"));
    feed(t, { __typename: "CommentRestored", comment: comment(1, null, { revision: 3 }), commentCount: 1 });
    expect(t.entries.get("c1")?.removed).toBe(false);
    expect(t.entries.get("c1")?.comment.bodyHtml).toBe("<p>1</p>");
    expect(t.roots.ids).toEqual(["c1"]);
  });

  test("that is replayed as published shows nothing, unless replies need its place", () => {
    const gone = comment(2, null, { author: null, bodyHtml: null, status: "REJECTED", revision: 3 });
    const t = thread([withReplies(comment(1))]);
    feed(t, published(gone));
    expect(shown(t)).toEqual(["c1"]);
    feed(t, published(comment(3, "c2")));
    expect(shown(t)).toEqual(["c2", "c1"]);
  });
});

describe("one's own comment", () => {
  const pending = comment(7, null, { status: "PENDING", viewerCanEdit: true, body: "mine" });

  test("shows while it waits, and keeps what only its author may when it is published", () => {
    const t = thread([withReplies(comment(1))]);
    t.own(pending);
    expect(t.roots.ids).toEqual(["c7", "c1"]);
    expect(t.missing(t.roots)).toBe(0);
    expect(feed(t, published(comment(7, null, { revision: 2 })), true)).toBe("changed");
    expect(t.roots.ids).toEqual(["c7", "c1"]);
    expect(t.entries.get("c7")?.comment).toMatchObject({ status: "APPROVED", viewerCanEdit: true, body: "mine" });
  });

  test("stays with its author when it is refused, and is published where it stands when a moderator thinks again", () => {
    const t = thread([withReplies(comment(1))], { more: true, total: 3 });
    t.own({ ...pending, viewerCanDelete: true });
    t.own({ ...pending, status: "SPAM", revision: 2, viewerCanDelete: true });
    expect(shown(t)).toEqual(["c7", "c1"]);
    expect(t.entries.get("c7")).toMatchObject({ removed: false, comment: { body: "mine" } });
    expect(t.missing(t.roots)).toBe(2);
    feed(t, published(comment(7, null, { revision: 3 })));
    expect(shown(t)).toEqual(["c7", "c1"]);
    expect(t.roots.total).toBe(4);
    expect(t.missing(t.roots)).toBe(2);
  });

  test("edited after a moderator read it, it waits with its author, gone for others", () => {
    for (const answerFirst of [true, false]) {
      const t = thread([withReplies(comment(7, null, { viewerCanEdit: true })), withReplies(comment(1))]);
      const answer = () => t.own({ ...pending, revision: 2 });
      const event = () => feed(t, removed("c7"));
      for (const step of answerFirst ? [answer, event] : [event, answer]) step();
      expect(t.entries.get("c7")).toMatchObject({ removed: false, comment: { status: "PENDING", body: "mine" } });
      expect(t.roots.total).toBe(1);
      feed(t, published(comment(7, null, { revision: 3 })));
      expect(t.roots.total).toBe(2);
      t.fell("c7");
      expect(t.entries.get("c7")?.removed).toBe(true);
      expect(t.roots.total).toBe(1);
    }
  });

  test("deleted while it waits, it leaves the others' number as it is", () => {
    const t = thread([withReplies(comment(7, null, { viewerCanEdit: true })), withReplies(comment(1))]);
    t.own({ ...pending, revision: 2 });
    feed(t, removed("c7"));
    t.fell("c7");
    expect(t.roots.total).toBe(1);
    t.own(comment(8, null, { status: "PENDING" }));
    t.fell("c8");
    expect(t.roots.total).toBe(1);
  });

  test("removed after others saw it, it is a tombstone for its author too", () => {
    const t = thread([withReplies(comment(1, null, { status: "REJECTED", body: "mine", viewerCanDelete: true }), [comment(2, "c1")])]);
    expect(t.entries.get("c1")?.removed).toBe(true);
  });

  test("does not show twice when the feed is faster than the answer", () => {
    const t = thread([]);
    feed(t, published(comment(7)), true);
    t.own(comment(7, null, { viewerCanEdit: true }));
    expect(t.held).toEqual([]);
    expect(t.roots.ids).toEqual(["c7"]);
  });
});

describe("the rest of the feed", () => {
  test("counts move, policy changes, a reset says so, and the cursor follows each event", () => {
    const t = thread([withReplies(comment(1))]);
    feed(t, { __typename: "CommentCountsChanged", commentId: "c1", replyCount: 4, reactions: [{ kind: "LIKE", count: 2 }] });
    expect(t.entries.get("c1")?.comment).toMatchObject({ replyCount: 4, reactions: [{ kind: "LIKE", count: 2 }] });
    feed(t, { __typename: "CommentingChanged", commentPolicy: { state: "CLOSED", minLength: 50, maxLength: 5000, guidelines: null } });
    expect(t.policy.state).toBe("CLOSED");
    expect(feed(t, { __typename: "FeedReset", reason: "trimmed" })).toBe("reset");
    expect(feed(t, { __typename: "SomethingOfTheFuture" })).toBe("none");
    expect(t.cursor).toBe(String(sequence));
  });

  test("a permalink brings the way down to it, and the pages around it fit in later", () => {
    const t = thread([withReplies(comment(9))], { more: true, total: 3 });
    t.graft([comment(1), comment(4, "c1")]);
    expect(t.roots.ids).toEqual(["c1", "c9"]);
    expect(t.entries.get("c1")?.replies.ids).toEqual(["c4"]);
    t.append("c1", page([withReplies(comment(2, "c1")), withReplies(comment(4, "c1"))]) as never);
    expect(t.entries.get("c1")?.replies.ids).toEqual(["c2", "c4"]);
    t.append(null, page([withReplies(comment(5)), withReplies(comment(1))], { total: 3 }) as never);
    expect(t.roots.ids).toEqual(["c1", "c9", "c5"]);
  });
});

test("a snapshot with events applied shows what a later snapshot would", () => {
  // Random lives of comments; the oracle is a plain list.
  let seed = 42;
  const random = (n: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % n;
  for (let round = 0; round < 200; round++) {
    const t = thread([]);
    const truth = new Map<string, { alive: boolean; revision: number; n: number }>();
    for (let step = 0; step < 30; step++) {
      const known = [...truth.keys()];
      const id = known[random(known.length || 1)];
      const state = id === undefined ? undefined : truth.get(id);
      const hold = random(3) === 0;
      if (!state || random(2) === 0) {
        const n = step + 1;
        truth.set(`c${n}`, { alive: true, revision: 1, n });
        feed(t, published(comment(n)), hold);
      } else if (state.alive) {
        state.alive = false;
        state.revision++;
        feed(t, removed(id as string), hold);
      } else {
        state.alive = true;
        state.revision++;
        feed(t, { __typename: "CommentRestored", comment: comment(state.n, null, { revision: state.revision }), commentCount: 0 }, hold);
      }
      if (random(10) === 0) t.reveal();
    }
    t.reveal();
    const visible = t.roots.ids.filter((id) => !t.entries.get(id)?.removed);
    const expected = [...truth.values()].filter(({ alive }) => alive).sort((a, b) => b.n - a.n).map(({ n }) => `c${n}`);
    expect(visible).toEqual(expected);
  }
});
