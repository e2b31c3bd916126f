/**
 * What a reader does beyond reading what came first: sending, editing, deleting, reacting, reporting, signing in on the way, going
 * on to further pages and to a linked comment, hearing what became of a comment that awaited a moderator. A file of its own, which comes with the first of them. It imports nothing of the element
 * but types, or it would bring that again.
 */
import {
  CommentDelete, CommentEdit, CommentInContext, CommentReact, CommentReport, Comments, CommentSubmit, OwnComments, Replies, SessionStartGuest, type ReactionKind,
} from "../../generated/operations";
import { waits } from "../../lib/waiting";
import type { Draft } from "../drafts";
import type { TalkbackComments } from "../element";
import type { Comment, Thread } from "../thread";
import type { Question } from "./dialog";
import styles from "./dialog.css?inline";

export { askDelete, deletionView } from "./deletion";
export { dialogView } from "./dialog";
export { english } from "./english";

const REPLIES_PAGE = 20;

/** Adds the next page of the top level (`null`) or of a comment's replies. */
export async function more(element: TalkbackComments, thread: Thread, parentId: string | null): Promise<void> {
  const { signal } = element.stay;
  if (parentId === null) {
    const { article } = await element.client.run(Comments, { ...element.page(thread.roots.after), orderBy: thread.order }, signal);
    if (article) thread.append(null, article.comments);
  } else {
    const after = thread.entries.get(parentId)?.replies.after ?? null;
    const { comment } = await element.client.run(Replies, { id: parentId, first: REPLIES_PAGE, after, signedIn: element.identified }, signal);
    if (comment) thread.append(parentId, comment.replies);
  }
}

/** Adds a comment that is not loaded, with the way down to it. Resolves to whether it belongs to the thread. */
export async function find(element: TalkbackComments, thread: Thread, id: string): Promise<boolean> {
  const asked = element.client.run(CommentInContext, { id, signedIn: element.identified }, element.stay.signal);
  // Refused is an id that is none; where nobody answers, nothing is known of it.
  const { comment } = await asked.catch((error: Error & { code?: string }) => {
    if (error.code === undefined) throw error;
    return { comment: null };
  });
  if (comment?.article.id === thread.articleId) {
    const { ancestors, article: _, ...linked } = comment;
    thread.graft([...ancestors, linked]);
    // Removed, it still has a place where replies to it are.
    if (thread.shown(id)) return true;
  }
  element.say(null, element.wording.text("noComment"));
  return false;
}

/** Gives the dialog its looks. */
export function dress(element: TalkbackComments): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  element.renderRoot.adoptedStyleSheets.push(sheet);
}

/** Sends a comment, or (`parentId`) a reply. Resolves to what is wrong with it, if something is. */
export async function submit(element: TalkbackComments, draft: Draft, parentId: string | null): Promise<Draft["error"]> {
  const { thread, client, wording } = element;
  if (!thread) return null;
  const refused = await signIn(element, draft.name);
  if (refused) return { field: "name", message: refused };
  const input = { articleId: thread.articleId, parentId, body: draft.body, idempotencyKey: draft.idempotencyKey };
  const { commentSubmit: sent } = await client.run(CommentSubmit, { input });
  const [refusal] = sent.userErrors;
  if (refusal || !sent.comment) return { field: "body", message: refusal ? wording.refusal(refusal) : wording.text("notAccepted") };
  element.writing.done(draft);
  own(thread, sent.comment);
  element.say(sent.comment.id, wording.text(sent.comment.status === "PENDING" ? "held" : "published"));
  focus(element, sent.comment.id);
  return null;
}

function own(thread: Thread, comment: Comment): void {
  thread.own(comment);
  if (comment.status === "PENDING") waits(comment.id);
}

/** Saves an edit, naming the revision that was on screen. */
export async function edit(element: TalkbackComments, draft: Draft, comment: Comment): Promise<Draft["error"]> {
  const { commentEdit: sent } = await element.client.run(CommentEdit, { input: { id: comment.id, body: draft.body, revision: comment.revision } });
  if (sent.comment && element.thread) own(element.thread, sent.comment);
  const [refusal] = sent.userErrors;
  if (refusal) return { field: "body", message: element.wording.refusal(refusal) };
  element.writing.done(draft);
  element.say(comment.id, element.wording.text(sent.comment?.status === "PENDING" ? "changeHeld" : "changed"));
  focus(element, comment.id);
  return null;
}

/** Tells the reader which of their comments a moderator has refused. What was approved comes with the feed. */
export async function look(element: TalkbackComments): Promise<void> {
  const { thread } = element;
  const ids = [...(thread?.entries.values() ?? [])].filter(({ comment }) => comment.status === "PENDING").map(({ comment }) => comment.id);
  if (!thread || ids.length === 0) return;
  const { nodes } = await element.client.run(OwnComments, { ids }, element.stay.signal);
  for (const node of nodes) {
    if (thread !== element.thread || !node || !("status" in node) || node.status === "APPROVED") continue;
    own(thread, node);
    if (!/REJECTED|SPAM/.test(node.status)) continue;
    element.say(node.id, element.wording.text("notPublished"));
  }
}

/** Takes one's own comment back. */
export async function remove(element: TalkbackComments, { id }: Comment): Promise<void> {
  const { wording } = element;
  try {
    const { commentDelete: sent } = await element.client.run(CommentDelete, { input: { id } });
    const [refusal] = sent.userErrors;
    if (!refusal) element.thread?.fell(id);
    element.say(id, refusal ? wording.refusal(refusal) : wording.text("deleted"));
  } catch (error) {
    element.say(id, element.explain(error, "notDeleted"));
  }
  element.requestUpdate();
  focus(element, id);
}

/** What was pressed is gone: the focus goes to the comment that it was about. */
function focus(element: TalkbackComments, id: string): void {
  void element.updateComplete.then(() => element.focusComment(id));
}

/** Sets a reaction on or off; asks for a name first where there is none. */
export async function react(element: TalkbackComments, comment: Comment, kind: ReactionKind, on: boolean): Promise<void> {
  const send = async (): Promise<void> => {
    const { commentReact: sent } = await element.client.run(CommentReact, { input: { id: comment.id, kind, on } });
    if (sent.comment) element.thread?.reacted(sent.comment);
    const [refusal] = sent.userErrors;
    if (refusal) element.say(comment.id, element.wording.refusal(refusal));
    element.requestUpdate();
  };
  if (!element.identified) return ask(element, comment, false, send);
  await send().catch((error: unknown) => {
    if (element.endSession(error)) return ask(element, comment, false, send);
    element.say(comment.id, element.explain(error, "notReacted"));
  });
}

/** Asks why, and tells the moderators. */
export function report(element: TalkbackComments, comment: Comment): void {
  ask(element, comment, true, async ({ reason, note }) => {
    const { commentReport: sent } = await element.client.run(CommentReport, { input: { id: comment.id, reason, note: note || null } });
    const [refusal] = sent.userErrors;
    element.say(comment.id, refusal ? element.wording.refusal(refusal) : element.wording.text("reported"));
  });
}

function ask(element: TalkbackComments, comment: Comment, report: boolean, send: (given: Parameters<Question["answer"]>[0]) => Promise<void>): void {
  const question: Question = {
    comment, report, error: null, busy: false,
    answer: async (given) => {
      question.busy = true;
      question.error = null;
      element.requestUpdate();
      try {
        const refused = await signIn(element, given.name);
        if (refused) question.error = { field: "name", message: refused };
        else await send(given);
      } catch (error) {
        if (element.endSession(error)) question.error = { field: "name", message: element.wording.text("sessionEnded") };
        else question.error = { field: null, message: element.explain(error, "notSent") };
      }
      question.busy = false;
      if (question.error === null && element.writing.question === question) {
        element.writing.question = null;
        element.focusComment(comment.id);
      }
      element.requestUpdate();
      return question.error === null;
    },
  };
  element.writing.ask(question);
}

/** Opens a guest's session where there is none. Resolves to what is wrong with the name, if something is. */
async function signIn(element: TalkbackComments, name: string): Promise<string | null> {
  if (element.identified) return null;
  const { sessionStartGuest: started } = await element.client.run(SessionStartGuest, { input: { displayName: name.trim() } });
  const [refusal] = started.userErrors;
  // A refused name is said in the server's words: they tell what a name must be.
  if (refusal || !started.token || !started.viewer) return refusal?.message ?? element.wording.text("nameRefused");
  element.session.current = { token: started.token, name: started.viewer.displayName, expiresAt: started.expiresAt };
  element.viewer = started.viewer;
  return null;
}
