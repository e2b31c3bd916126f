/** A moderator's day, by keyboard; two of them at once; what was decided, in charts. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { words } from "./support/api.js";
import { accessible, becomes, fits, launch } from "./support/browser.js";
import { Desk } from "./support/desk.js";
import { BACKENDS, Newsroom } from "./support/server.js";

for (const backend of BACKENDS) {
  suite(`the desk over ${backend}`, () => {
    let room, browser, desk, page, article, ana;
    before(async () => {
      [room, browser] = await Promise.all([Newsroom.open(backend, { demo: false }), launch()]);
      article = await (await room.person("EDITOR", "Edith")).publish("the-bridge", { policy: { moderation: "PRE" } });
      ana = await room.guest("Ana");
      for (const name of ["One", "Two", "Three", "Four", "Five", "Six"]) await ana.comment(article, words(name));
      desk = await Desk.open(browser, room, room.nodes[0]);
      page = desk.page;
      await desk.card("One").waitFor();
    });
    after(async () => {
      await browser?.close();
      await room?.close();
    });

    /** The card that has the focus is the one with these words. */
    const focused = (text) => becomes(page, `the focus is on the card “${text}”`, (wanted) => document.activeElement?.matches("article.card") && document.activeElement.textContent.includes(wanted), `${text}: fifty`);
    const status = (text) => page.getByRole("status").filter({ hasText: text });

    test("decisions by keyboard, each followed by the next comment", async () => {
      await focused("One");
      await page.keyboard.press("a");
      await status("Approved: Ana").waitFor();
      await focused("Two");
      await page.keyboard.press("r");
      await becomes(page, "the first reason has the focus", () => document.activeElement?.closest(".reasons"));
      await page.keyboard.press("3");
      await status("Rejected: Ana").waitFor();
      await focused("Three");
      await page.keyboard.press("s");
      await status("Marked as spam: Ana").waitFor();
      await focused("Four");
      await page.getByRole("heading", { name: "Waiting 3" }).waitFor();
      const { comment } = await (await room.person("MODERATOR", "Mo")).run("{ comment: moderationQueue(queue: ALL, first: 10) { nodes { status history { reason } } } }");
      assert.deepEqual(comment.nodes.map((node) => node.status), ["APPROVED", "REJECTED", "SPAM", "PENDING", "PENDING", "PENDING"]);
      assert.equal(comment.nodes[1].history.at(-1).reason, "OFF_TOPIC");
    });

    test("the keys are listed, and can be turned off", async () => {
      await page.keyboard.press("?");
      const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
      await dialog.getByText("Mark as spam").waitFor();
      await accessible(page, "the list of keys");
      await dialog.getByRole("checkbox", { name: "Use these keys" }).uncheck();
      await page.keyboard.press("Escape");
      await page.keyboard.press("j");
      await focused("Four");
      await page.keyboard.press("?");
      assert.equal(await dialog.count(), 0);
      await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
      await dialog.getByRole("checkbox").check();
      await page.keyboard.press("Escape");
    });

    test("words that changed since they were read are shown beside those that were", async () => {
      await desk.card("Four").focus();
      const id = await desk.card("Four").getAttribute("data-id");
      await ana.run("mutation($i: CommentEditInput!) { commentEdit(input: $i) { userErrors { message } } }", { i: { id, revision: 1, body: words("Four, on second thoughts") } });
      await page.keyboard.press("a");
      const conflict = page.getByRole("alert", { name: "Conflict" });
      await conflict.getByText("Ana has changed the text since you read it.").waitFor();
      await conflict.getByText("Nothing was overwritten").waitFor();
      await conflict.getByRole("heading", { name: /As you read it/ }).waitFor();
      assert.equal((await conflict.locator("ins").first().innerText()).trim(), "Four, on second thoughts:");
      await accessible(page, "a conflict");
      await page.keyboard.press("a");
      await status("Approved: Ana").waitFor();
      await focused("Five");
    });

    test("what another moderator decided meanwhile is said, and not done again", async () => {
      const other = await room.person("MODERATOR", "Mia");
      await desk.card("Five").focus();
      const id = await desk.card("Five").getAttribute("data-id");
      await other.reject({ id });
      await page.keyboard.press("a");
      await page.getByRole("alert", { name: "Conflict" }).getByText(/Mia has decided this one since you read it: rejected/).waitFor();
      const { comment } = await other.run("query($id: ID!) { comment(id: $id) { status } }", { id });
      assert.equal(comment.status, "REJECTED");
    });

    test("many are selected and decided on together, and those that were not are named", async () => {
      for (const name of ["Seven", "Eight", "Nine"]) await ana.comment(article, words(name));
      await page.goto(`${room.nodes[0]}/moderate`);
      await desk.card("Nine").waitFor();
      await page.keyboard.press("*");
      await page.getByText("4 selected").waitFor();
      const id = await desk.card("Eight").getAttribute("data-id");
      await (await room.person("MODERATOR", "Mia")).reject({ id });
      await page.getByRole("button", { name: "Approve 4" }).click();
      const report = page.getByRole("region", { name: "What was done" });
      await report.getByText("1 comment left as it is").waitFor();
      await report.getByRole("heading", { name: "Approved: 3 of 4" }).waitFor();
      await accessible(page, "a decision on many");
    });

    test("a decision is undone: by its button, by key, and later from the list", async () => {
      for (const name of ["Ten", "Eleven"]) await ana.comment(article, words(name));
      await page.goto(`${room.nodes[0]}/moderate`);
      await desk.card("Eleven").waitFor();
      await desk.card("Ten").getByRole("button", { name: "Approve" }).click();
      await desk.card("Ten").waitFor({ state: "detached" });
      await page.getByRole("button", { name: "Undo" }).click();
      await desk.card("Ten").waitFor();
      await page.keyboard.press("*");
      await page.keyboard.press("s");
      await desk.card("Eleven").waitFor({ state: "detached" });
      await page.keyboard.press("u");
      await status(/^Undone: /).waitFor();
      await desk.card("Eleven").waitFor();
      await desk.card("Ten").focus();
      await page.keyboard.press("a");
      await desk.card("Ten").waitFor({ state: "detached" });
      await page.reload();
      await page.getByRole("link", { name: "Activity" }).click();
      await page.getByRole("main").getByRole("button", { name: "Undo" }).first().click();
      await status(/^Undone: 1 comment/).waitFor();
      await accessible(page, "the activity page");
      await page.getByRole("link", { name: "Queues" }).click();
      await desk.card("Ten").waitFor();
    });

    test("a person is suspended, with all that they wrote, and can no longer write", async () => {
      await desk.card("Ten").focus();
      await page.keyboard.press("b");
      const dialog = page.getByRole("dialog", { name: "Sanction Ana" });
      await dialog.getByRole("radio", { name: /^Suspend/ }).check();
      await dialog.getByLabel("Reason, which they are told").fill("Insults");
      await dialog.getByRole("checkbox", { name: /^Reject all their comments/ }).check();
      await accessible(page, "the dialog for sanctions");
      await dialog.getByRole("button", { name: "Impose it" }).click();
      await status(/^Ana is suspended until .*; rejected: \d+ comments$/).waitFor();
      await page.getByText("Nothing is waiting").waitFor();
      await assert.rejects(ana.comment(article, words("Twelve")), /SUSPENDED|Insults/);
    });

    test("what was decided is in the charts, and in their tables", async () => {
      await page.getByRole("link", { name: "Figures" }).click();
      await page.getByRole("img", { name: /^Decisions\. \d+ decisions: / }).waitFor();
      await page.getByText("As a table: Decisions").click();
      await page.getByRole("region", { name: "Decisions, as a table" }).getByRole("row").last().waitFor();
      await page.getByRole("rowheader", { name: "Pre-moderation" }).waitFor();
      await accessible(page, "the charts");
    });

    test("an editor sets a story's rules", async () => {
      await page.getByRole("link", { name: "Stories" }).click();
      await page.getByRole("button", { name: /^Change/ }).click();
      await page.getByLabel("Shortest, in characters").fill("20");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Saved. Readers see it now.").waitFor();
      const { article: stored } = await ana.run('{ article(slug: "the-bridge") { commentPolicy { minLength } } }');
      assert.equal(stored.commentPolicy.minLength, 20);
      await accessible(page, "a story's rules");
    });

    test("no page of it logged an error", () => assert.deepEqual(page.errors, []));
  });
}

suite("the desk as it looks", () => {
  let room, browser;
  before(async () => {
    [room, browser] = await Promise.all([Newsroom.open(), launch()]);
  });
  after(async () => {
    await browser?.close();
    await room?.close();
  });

  test("on a phone and in the dark, nothing is cut off, and axe finds nothing serious", async () => {
    const { page } = await Desk.open(browser, room);
    await page.setViewportSize({ width: 375, height: 800 });
    await page.emulateMedia({ colorScheme: "dark" });
    for (const [path, there] of [["?queue=pending", ".card"], ["?queue=reported", ".is-report"], ["?queue=all", ".card"], ["?view=stories", ".story"], ["?view=figures&span=month", ".chart"]]) {
      await page.goto(`${room.url}/moderate${path}`);
      await page.locator(there).first().waitFor();
      await fits(page, path);
      await accessible(page, path);
    }
  });

  test("GraphiQL runs from the binary alone", async () => {
    const { page } = await Desk.open(browser, room);
    const elsewhere = [];
    page.on("request", (request) => /^https?:/.test(request.url()) && !request.url().startsWith(room.url) && elsewhere.push(request.url()));
    await page.goto(`${room.url}/graphiql`);
    await page.getByRole("button", { name: /Execute query/ }).click();
    await page.locator(".result-window").getByText("night-ferry").waitFor();
    assert.deepEqual(elsewhere, []);
    await accessible(page, "GraphiQL");
  });
});
