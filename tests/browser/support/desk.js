/** The moderator's window, as somebody who decides uses it. */
import { openWindow } from "./browser.js";

export class Desk {
  /** Signs in by a link that works once. */
  static async open(browser, room, node = room.url) {
    const desk = new Desk();
    desk.page = await openWindow(browser);
    desk.node = node;
    await desk.page.goto(await room.signInLink(node));
    await desk.page.getByRole("button", { name: "Sign in" }).click();
    await desk.page.waitForURL("**/moderate*");
    return desk;
  }

  card(text) {
    return this.page.getByRole("article").filter({ hasText: text });
  }

  async approve(text) {
    await this.card(text).getByRole("button", { name: "Approve" }).click();
    await this.card(text).waitFor({ state: "detached" });
  }

  /** Rejects a comment, in whatever queue it is, for the first reason that is offered. Cards of replies quote it: so its author, too. */
  async reject(author, text) {
    await this.page.goto(`${this.node}/moderate?queue=all`);
    await this.page.getByRole("article", { name: author }).filter({ hasText: text }).getByRole("button", { name: "Reject" }).click();
    await this.page.getByRole("group", { name: /^Reject/ }).getByRole("button").first().click();
  }
}
