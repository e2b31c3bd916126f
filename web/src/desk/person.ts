import { DeskPerson, type DeskPersonData } from "../generated/operations";
import type { Desk } from "./desk";

export type Record = Extract<DeskPersonData["node"], { readonly __typename: "User" }>;

/** The record of one person: what they wrote, and what was decided about it and about them. */
export class Person {
  record: Record | null = null;
  /** What they wrote last, the latest first. */
  written: DeskPersonData["written"]["nodes"] = [];
  missing = false;
  #id: string | null = null;

  constructor(private readonly desk: Desk) {}

  async open(id: string): Promise<void> {
    if (this.#id !== id) this.record = null;
    this.#id = id;
    const [{ node, written }] = await Promise.all([this.desk.client.run(DeskPerson, { id }), this.desk.inspector.readRecord(id)]);
    if (this.#id !== id) return;
    this.written = [...written.nodes].reverse();
    this.record = node?.__typename === "User" ? node : null;
    this.missing = this.record === null;
  }

  /** Something was decided that the record tells of. */
  stale(): void {
    const { route } = this.desk;
    if (route.view === "person") void this.open(route.id).then(() => this.desk.requestUpdate(), (error: unknown) => this.desk.fail(error));
  }
}
