/** The moderator's window, as somebody who decides uses it. */
import { openWindow } from "./browser.js";

export class Desk {
  /** Signs in by a link that works once; with a name, as a moderator with an account of that name. */
  static async open(browser, room, node = room.url, name = null) {
    const desk = new Desk();
    desk.page = await openWindow(browser);
    desk.node = node;
    if (name) {
      await desk.page.goto(`${node}/sign-in`);
      await desk.page.getByLabel("Name", { exact: true }).fill(name);
      await desk.page.getByLabel("Password").fill(await room.account("MODERATOR", name));
    } else {
      await desk.page.goto(await room.signInLink(node));
    }
    await desk.page.getByRole("button", { name: "Sign in" }).first().click();
    await desk.page.waitForURL("**/moderate*");
    return desk;
  }

  /** Waits until the desk follows what happens. */
  async live() {
    await this.page.getByRole("status").getByText("Live", { exact: true }).waitFor({ state: "attached" });
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
