import { DeskSanction, type DeskSanctionData, type UserSanctionInput } from "../generated/operations";
import { Unreachable } from "../lib/client";
import { plural } from "../lib/text";
import type { Desk } from "./desk";

export type SanctionKind = UserSanctionInput["kind"];
export type Sanction = NonNullable<DeskSanctionData["userSanction"]["user"]>["sanction"];

export interface Sanctioned {
  readonly id: string;
  readonly displayName: string;
  readonly sanction: Sanction;
}

const DAY_MS = 86_400_000;

/** What is being done about a person: the dialog's state, and the request. */
export class Sanctions {
  person: Sanctioned | null = null;
  kind: SanctionKind = "SUSPEND";
  problem: string | null = null;
  busy = false;

  constructor(private readonly desk: Desk) {}

  start(person: Sanctioned): void {
    this.person = person;
    this.kind = person.sanction?.kind ?? "SUSPEND";
    this.problem = null;
    this.desk.requestUpdate();
    void this.desk.updateComplete.then(() => this.#dialog()?.showModal());
  }

  choose(kind: SanctionKind): void {
    this.kind = kind;
    this.desk.requestUpdate();
  }

  close(): void {
    this.#dialog()?.close();
  }

  async impose(form: FormData): Promise<void> {
    const { person, kind } = this;
    if (!person || this.busy) return;
    this.busy = true;
    this.problem = null;
    this.desk.requestUpdate();
    const days = Number(form.get("days") ?? 7);
    const input = {
      userId: person.id,
      kind,
      until: kind === "SUSPEND" ? new Date(Date.now() + days * DAY_MS).toISOString() : null,
      reason: String(form.get("reason") ?? "").trim() || null,
      rejectAllComments: kind !== "NONE" && form.get("all") === "on",
    };
    try {
      const { user, userErrors, actionId, rejectedCount } = (await this.desk.client.run(DeskSanction, { input })).userSanction;
      const [refusal] = userErrors;
      if (refusal || !user) this.problem = refusal?.message ?? "Nothing was done.";
      else this.#imposed(user, actionId, rejectedCount);
    } catch (error) {
      this.problem = error instanceof Unreachable ? "The server can’t be reached. It is not known whether it was done: impose it again." : (error as Error).message;
    }
    this.busy = false;
    this.desk.requestUpdate();
  }

  #imposed(user: Sanctioned, actionId: string | null, rejected: number): void {
    for (const item of this.desk.queue.items) {
      if (item.comment.author?.id === user.id) item.comment = { ...item.comment, author: { ...item.comment.author, sanction: user.sanction } };
    }
    this.close();
    const text = sanctionWords(user.displayName, user.sanction);
    if (actionId && rejected > 0) {
      const all = `${text}; rejected: ${plural(rejected, "comment")}`;
      this.desk.toasts.show(all, this.desk.decisions.remember([actionId], all, rejected));
      // What was left as it is comes back when the queue is read anew.
      this.desk.queue.takeOut(this.desk.queue.items.filter((item) => item.comment.author?.id === user.id));
    } else this.desk.toasts.show(text);
    void this.desk.refresh().then(() => this.desk.route.view === "queue" && this.desk.focusCard());
    this.desk.person.stale();
  }

  #dialog(): HTMLDialogElement | null {
    return this.desk.querySelector<HTMLDialogElement>("dialog.sanction-dialog");
  }
}

/** "Ana is suspended until 3 May 2026". */
export function sanctionWords(name: string, sanction: Sanction): string {
  switch (sanction?.kind) {
    case "BAN":
      return `${name} is banned`;
    case "SUSPEND":
      return `${name} is suspended${sanction.until ? ` until ${new Date(sanction.until).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}` : ""}`;
    case "PREMODERATE":
      return `What ${name} writes is read first`;
    default:
      return `${name} is under no sanction`;
  }
}
