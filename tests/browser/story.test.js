/** Two readers and a moderator in three windows: what the service is for, as people see it. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { words } from "./support/api.js";
import { becomes, fits, launch, live, openWindow } from "./support/browser.js";
import { Desk } from "./support/desk.js";
import { Line } from "./support/line.js";
import { BACKENDS, Newsroom } from "./support/server.js";

const SLUG = "the-bridge";

for (const backend of BACKENDS) {
  suite(`three windows over ${backend}`, () => {
    let room, browser, line, ana, ben, desk;
    before(async () => {
      [room, browser] = await Promise.all([Newsroom.open(backend, { demo: false }), launch()]);
      await (await room.person("EDITOR", "Edith")).publish(SLUG, { policy: { moderation: "PRE" } });
      // Ana and the moderator are at one node, Ben at the other, at the end of a line that can be cut.
      line = await Line.to(room.nodes[1]);
      [ana, ben, desk] = await Promise.all([openWindow(browser), openWindow(browser, { viewport: { width: 375, height: 700 }, colorScheme: "dark" }), Desk.open(browser, room)]);
      await Promise.all([ana.goto(`${room.nodes[0]}/articles/${SLUG}`), ben.goto(`${line.url}/articles/${SLUG}`)]);
      await Promise.all([live(ana), live(ben)]);
    });
    after(async () => {
      await browser?.close();
      await line?.close();
      await room?.close();
    });

    const comment = (page, text) => page.getByRole("region", { name: "Reader comments" }).getByRole("article").filter({ hasText: text });

    test("a comment is posted, and held for everybody but its author", async () => {
      await ana.getByRole("textbox", { name: "Your name" }).fill("Ana");
      const post = ana.getByRole("button", { name: "Post comment" });
      const box = ana.getByRole("textbox", { name: "Your comment" });
      await box.fill("Too short");
      await ana.getByText("9/50").waitFor();
      assert.ok(await post.isDisabled(), "nine characters are not enough");
      await box.fill(words("The first word"));
      await post.click();
      await comment(ana, "The first word").getByRole("status").getByText("Awaiting moderation", { exact: true }).waitFor();
      await desk.card("The first word").waitFor();
      assert.equal(await comment(ben, "The first word").count(), 0);
      await ana.reload();
      await comment(ana, "The first word").getByText("Awaiting moderation", { exact: true }).waitFor();
    });

    test("approved, it is there for both without a reload", async () => {
      await live(ana);
      await desk.approve("The first word");
      await comment(ben, "The first word").waitFor();
      await comment(ana, "The first word").getByText("Awaiting moderation", { exact: true }).waitFor({ state: "detached" });
      await Promise.all([ana, ben].map((page) => page.getByRole("heading", { name: "Reader comments 1" }).waitFor()));
      await fits(ben, "a phone");
    });

    test("a reply is written in its place, and arrives with the count", async () => {
      const first = comment(ben, "The first word");
      await first.getByRole("button", { name: "Reply" }).click();
      await ben.getByRole("textbox", { name: "Your name" }).fill("Ben");
      await ben.getByRole("textbox", { name: "Your comment" }).fill(words("An answer"));
      await ben.getByRole("button", { name: "Post comment" }).click();
      await desk.approve("An answer");
      await comment(ana, "An answer").waitFor();
      await ana.getByRole("heading", { name: "Reader comments 2" }).waitFor();
    });

    test("a reaction moves the count in the other window", async () => {
      await comment(ben, "The first word").getByRole("button", { name: "Recommend" }).click();
      await comment(ana, "The first word").getByRole("button", { name: "Recommend, 1" }).waitFor();
      await ben.reload();
      await becomes(ben, "a reaction is remembered", () => {
        const thread = document.querySelector("talkback-comments").shadowRoot;
        return thread?.querySelector(".reaction[aria-pressed=true]")?.getAttribute("aria-label") === "Recommend, 1";
      });
      await live(ben);
    });

    test("who loses the network is told, keeps their text, and misses nothing", async () => {
      line.cut();
      await ben.getByText("Reconnecting…").waitFor();
      await ben.getByRole("textbox", { name: "Your comment" }).fill(words("Written in a tunnel"));
      await ben.getByRole("button", { name: "Post comment" }).click();
      await ben.getByText("Your text is kept").waitFor();
      await ana.getByRole("textbox", { name: "Your comment" }).fill(words("Said meanwhile"));
      await ana.getByRole("button", { name: "Post comment" }).click();
      await desk.approve("Said meanwhile");
      await desk.reject("Ben", "An answer");
      line.mend();
      await comment(ben, "Said meanwhile").waitFor();
      await comment(ben, "An answer").waitFor({ state: "detached" });
      await live(ben);
      assert.equal(await ben.getByRole("textbox", { name: "Your comment" }).inputValue(), words("Written in a tunnel"));
      await ben.getByRole("button", { name: "Post comment" }).click();
      await comment(ben, "Written in a tunnel").getByText("Awaiting moderation", { exact: true }).waitFor();
    });

    test("rejected, a comment with a reply leaves a tombstone, at once", async () => {
      await desk.page.goto(`${room.nodes[0]}/moderate`);
      await desk.approve("Written in a tunnel");
      await comment(ana, "Written in a tunnel").getByRole("button", { name: "Reply" }).click();
      await ana.locator("form.in-place").getByRole("textbox", { name: "Your comment" }).fill(words("Underground"));
      await ana.locator("form.in-place").getByRole("button", { name: "Post comment" }).click();
      await desk.approve("Underground");
      await comment(ben, "Underground").waitFor();
      await desk.reject("Ben", "Written in a tunnel");
      for (const page of [ana, ben]) {
        await comment(page, "Written in a tunnel").waitFor({ state: "detached" });
        await page.getByText("This comment was removed.").first().waitFor();
        assert.ok(await comment(page, "Underground").isVisible(), "the reply stays");
      }
    });

    test("what they see is what a reload shows", async () => {
      const seen = async (page) => (await comment(page, "").locator(".comment-body").allTextContents()).map((text) => text.trim()).sort();
      const before = await Promise.all([seen(ana), seen(ben)]);
      await Promise.all([ana.reload(), ben.reload()]);
      await Promise.all([live(ana), live(ben)]);
      assert.deepEqual(before, await Promise.all([seen(ana), seen(ben)]));
      assert.deepEqual(before[0], before[1]);
      for (const page of [ana, desk.page]) assert.deepEqual(page.errors, []);
    });
  });
}
