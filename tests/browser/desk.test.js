/** A moderator's day, by keyboard; two of them at once; what was decided, in charts. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { words } from "./support/api.js";
import { accessible, becomes, fits, launch } from "./support/browser.js";
import { Desk } from "./support/desk.js";
import { Line } from "./support/line.js";
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
      await desk.card("One:").waitFor();
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
      // While the words have just changed under the moderator's eyes, no key decides.
      await page.locator(".card.is-selected[aria-busy=false]").waitFor();
      await page.keyboard.press("a");
      await status("Approved: Ana").waitFor();
      await focused("Five");
    });

    test("what another moderator decided meanwhile is said, and not done again", async () => {
      const other = await room.person("MODERATOR", "Mia");
      await desk.card("Five").focus();
      const id = await desk.card("Five").getAttribute("data-id");
      await other.reject({ id });
      await desk.card("Five").getByText("Mia has decided this one meanwhile.").waitFor();
      await page.keyboard.press("a");
      const { comment } = await other.run("query($id: ID!) { comment(id: $id) { status } }", { id });
      assert.equal(comment.status, "REJECTED");
    });

    test("many are selected and decided on together, and those that were not are named", async () => {
      for (const name of ["Seven", "Eight", "Nine"]) await ana.comment(article, words(name));
      // Deaf to events, it decides on what it has read.
      await page.route(/subscription/, (route) => route.abort());
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
      await page.unroute(/subscription/);
      page.errors.length = 0;
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

    test("a record tells what became of what they wrote, and what was done about them", async () => {
      await page.goto(`${room.nodes[0]}/moderate?queue=all`);
      await desk.card("One:").first().focus();
      const mo = await room.person("MODERATOR", "Mo");
      const { comments } = await mo.run("{ comments: moderationQueue(queue: ALL, first: 1) { nodes { author { record { commentCounts { total deleted approved rejected spam } } } } } }");
      const { total, deleted, approved, rejected, spam } = comments.nodes[0].author.record.commentCounts;
      assert.ok(approved > 0 || rejected > 1, "there is something to tell");
      const record = page.getByRole("list", { name: "Their record" }).filter({ visible: true });
      for (const figure of [`${total - deleted} in all`, `${approved} approved`, `${rejected} rejected`, `${spam} spam`]) await record.getByText(figure, { exact: true }).waitFor();
      await page.locator(".author").filter({ visible: true }).getByRole("link", { name: "Ana" }).click();
      const done = page.getByRole("list", { name: "What was done about them" });
      await done.getByText("Suspended").waitFor();
      await done.getByText("Insults").waitFor();
      await accessible(page, "a person's record");
    });

    test("what was decided is in the charts, and in their tables", async () => {
      await page.getByRole("link", { name: "Figures" }).click();
      await page.getByRole("img", { name: /^Decisions\. \d+ decisions: / }).waitFor();
      await page.getByText("As a table: Decisions").click();
      await page.getByRole("region", { name: "Decisions, as a table" }).getByRole("row").last().waitFor();
      await page.getByRole("rowheader", { name: "Pre-moderation" }).waitFor();
      await accessible(page, "the charts");
    });

    test("the charts' figures are those of moderationStatistics", async () => {
      const asked = page.waitForRequest((request) => /moderationStatistics/.test(request.postData() ?? ""));
      await page.goto(`${room.nodes[0]}/moderate?view=figures&span=week`);
      const { variables } = (await asked).postDataJSON();
      const { moderationStatistics: told } = await (await room.person("MODERATOR", "Mo")).run(`query($from: DateTime!, $to: DateTime!, $bucket: StatisticsBucket!) { moderationStatistics(from: $from, to: $to, bucket: $bucket) {
        total { submitted held decisions approved rejected spam } slices { tally { submitted held approved rejected spam } }
        heldBy { rule approved refused waiting } decidedBy { moderator { displayName } approved rejected spam } } }`, variables);
      assert.ok(told.total.decisions > 5 && told.heldBy.length > 0 && told.decidedBy.length > 1, "there is something to compare");
      const rows = async (name) => {
        const table = page.getByRole("region", { name, exact: true }).getByRole("table");
        return table.evaluate((it) => [...it.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("td:not([aria-hidden])")].map((cell) => Number(cell.textContent))));
      };
      await page.locator(".chart").first().waitFor();
      const tiles = await page.locator(".tile b").allTextContents();
      assert.deepEqual(tiles.slice(0, 2).map(Number), [told.total.submitted, told.total.decisions]);
      for (const details of await page.getByText(/^As a table/).all()) await details.click();
      assert.deepEqual(await rows("Comments sent in, as a table"), told.slices.map(({ tally }) => [tally.held, tally.submitted - tally.held]));
      assert.deepEqual(await rows("Decisions, as a table"), told.slices.map(({ tally }) => [tally.approved, tally.rejected, tally.spam]));
      assert.deepEqual(await rows("Rules that held most"), told.heldBy.map(({ approved, refused, waiting }) => [approved, refused, waiting, approved + refused + waiting]));
      assert.deepEqual(await rows("Who decided"), told.decidedBy.map(({ approved, rejected, spam }) => [approved, rejected, spam, approved + rejected + spam]));
    });

    test("the history of a comment tells everything that was done to it, the latest first", async () => {
      const mo = await room.person("MODERATOR", "Mo");
      const { queue } = await mo.run("{ queue: moderationQueue(queue: ALL, first: 20) { nodes { id history { action from to reason by { displayName } } } } }");
      const { id, history } = queue.nodes.find(({ history: lines }) => lines.some(({ action }) => action === "EDITED"));
      await page.goto(`${room.nodes[0]}/moderate?view=comment&id=${encodeURIComponent(id)}`);
      const lines = page.locator("section.part", { has: page.getByRole("heading", { name: "History", exact: true }) }).getByRole("listitem");
      await lines.first().waitFor();
      const spoken = (name) => name.toLowerCase().replaceAll("_", " ");
      const seen = (await lines.allTextContents()).map((text) => text.replace(/\s+/g, " ").trim().toLowerCase());
      assert.equal(seen.length, history.length);
      for (const [at, { action, by }] of [...history].reverse().entries()) {
        assert.ok(seen[at].startsWith(spoken(action)), `${seen[at]} is ${action}`);
        if (by) assert.ok(seen[at].includes(`by ${by.displayName.toLowerCase()}`), seen[at]);
      }
      await accessible(page, "a comment's history");
    });

    test("an editor sets a story's rules", async () => {
      await page.getByRole("link", { name: "Stories", exact: true }).click();
      await page.getByRole("button", { name: /^Change/ }).click();
      await page.getByLabel("Shortest, in characters").fill("20");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Saved. Readers see it now.").waitFor();
      const { article: stored } = await ana.run('{ article(slug: "the-bridge") { commentPolicy { minLength } } }');
      assert.equal(stored.commentPolicy.minLength, 20);
      await accessible(page, "a story's rules");
    });

    test("a key that is held decides on one comment, and on no other unread", async () => {
      const hal = await room.guest("Hal");
      for (const name of ["Held down", "Held too"]) await hal.comment(article, words(name));
      await page.goto(`${room.nodes[0]}/moderate`);
      await desk.card("Held too").waitFor();
      await desk.card("Held down").focus();
      // A key that is down repeats as long as nobody lets go of it.
      for (let time = 0; time < 6; time += 1) await page.keyboard.down("a");
      await desk.card("Held down").waitFor({ state: "detached" });
      for (let time = 0; time < 6; time += 1) await page.keyboard.down("a");
      await page.keyboard.up("a");
      await page.reload();
      await desk.card("Held too").waitFor();
    });

    test("no page of it logged an error", () => assert.deepEqual(page.errors, []));
  });
}

for (const backend of BACKENDS) {
  suite(`two moderators over ${backend}`, () => {
    let room, browser, line, article, ana, here, there;
    before(async () => {
      [room, browser] = await Promise.all([Newsroom.open(backend, { demo: false }), launch()]);
      article = await (await room.person("EDITOR", "Edith")).publish("the-weir", { policy: { moderation: "PRE" } });
      ana = await room.guest("Ana");
      for (const name of ["One", "Two", "Three", "Four"]) await ana.comment(article, words(name));
      line = await Line.to(room.nodes[1]);
      [here, there] = [await Desk.open(browser, room, room.nodes[0], "Mia"), await Desk.open(browser, room, line.url, "Theo")];
      await Promise.all([here, there].map((desk) => desk.live()));
    });
    after(async () => {
      await browser?.close();
      await line?.close();
      await room?.close();
    });
    const heading = (desk, name) => desk.page.getByRole("heading", { level: 1, name, exact: true });

    test("the counts move, and what the other one decided leaves with their name", async () => {
      await heading(there, "Waiting 4").waitFor();
      await here.card("Two").getByRole("button", { name: "Approve" }).click();
      await there.card("Two").getByText("Mia has decided this one meanwhile.").waitFor();
      await heading(there, "Waiting 3").waitFor();
      await there.card("Two").waitFor({ state: "detached" });
      await there.page.getByRole("link", { name: "All comments 4" }).waitFor();
    });

    test("the card that somebody looks at stays until they move on", async () => {
      await there.card("One:").focus();
      await here.card("One:").getByRole("button", { name: "Spam" }).click();
      await there.card("One:").getByText("Mia has decided this one meanwhile.").waitFor();
      await there.card("One:").getByRole("button", { name: "Go on" }).click();
      await there.card("One:").waitFor({ state: "detached" });
      await there.page.getByRole("link", { name: "Spam 1" }).waitFor();
    });

    test("who has a comment open is seen at the other desk", async () => {
      await there.card("Four").focus();
      await here.card("Four").getByText("Theo has this open").waitFor();
      await there.card("Three").focus();
      await here.card("Four").getByText("Theo has this open").waitFor({ state: "detached" });
    });

    test("what comes in is announced together, and a button leads there", async () => {
      for (const name of ["Five", "Six", "Seven"]) await ana.comment(article, words(name));
      const news = there.page.getByRole("button", { name: "3 new" });
      await news.waitFor();
      await there.page.getByRole("status").filter({ hasText: /new comments?$/ }).waitFor();
      await news.click();
      await becomes(there.page, "the first new one has the focus", () => document.activeElement?.matches("article.card") && document.activeElement.textContent.includes("Five"));
      await there.page.getByRole("button", { name: "2 new" }).waitFor();
    });

    test("a desk that was cut off says so, and knows everything when it is back", async () => {
      await there.card("Seven").focus();
      line.cut();
      await there.page.getByText("Reconnecting…").waitFor();
      await there.page.keyboard.press("a");
      const unknown = there.card("Seven").getByRole("alert").filter({ hasText: "It is not known whether it was decided" });
      const outOfDate = there.page.getByRole("alert").filter({ hasText: "What you see may be out of date." });
      for (const said of [unknown, outOfDate]) await said.waitFor();
      for (const name of ["Three", "Four"]) await here.approve(name);
      await ana.comment(article, words("Eight"));
      await heading(here, "Waiting 4").waitFor();
      line.mend();
      await there.card("Eight").waitFor();
      await heading(there, "Waiting 4").waitFor();
      for (const name of ["Three", "Four"]) await there.card(name).waitFor({ state: "detached" });
      await there.live();
      for (const said of [unknown, outOfDate]) await said.waitFor({ state: "detached" });
      await there.page.getByRole("status").filter({ hasText: "The server can be reached again." }).waitFor();
      await there.card("Seven").getByRole("button", { name: "Approve" }).waitFor();
    });

    test("a search finds words and people, live, and its address can be sent to a colleague", async () => {
      const ben = await room.guest("Ben");
      await ben.comment(article, words("The sluice at six"));
      const box = here.page.getByRole("searchbox", { name: "Search the comments" });
      await here.page.keyboard.press("/");
      await box.fill("SLUICE");
      await here.page.keyboard.press("Enter");
      await heading(here, "Waiting 1").waitFor();
      await here.card("sluice").waitFor();
      await ben.comment(article, words("Another sluice"));
      await here.card("Another sluice").waitFor();
      assert.equal(await here.page.getByRole("article").count(), 2);
      const address = new URL(here.page.url());
      await there.page.goto(`${line.url}${address.pathname}${address.search}`);
      await there.card("Another sluice").waitFor();
      assert.equal(await there.page.getByRole("article").count(), 2);
      await here.page.getByRole("button", { name: "“SLUICE”" }).click();
      await here.card("Five").waitFor();
      await here.card("Another sluice").focus();
      await here.page.getByRole("link", { name: "All by this person" }).filter({ visible: true }).click();
      await here.page.getByRole("button", { name: "By Ben" }).waitFor();
      await heading(here, "All comments 2").waitFor();
      // The record on the card: both wait, none is spam.
      const record = here.page.getByRole("list", { name: "Their record" }).filter({ visible: true });
      await record.getByRole("link", { name: "2 waiting" }).waitFor();
      await record.getByRole("link", { name: "0 spam" }).waitFor();
      await accessible(here.page, "a search");
      await here.page.goBack();
      await here.card("Five").waitFor();
    });

    test("what everybody decided lately is listed, and grows by itself", async () => {
      await here.page.getByRole("link", { name: "Activity" }).click();
      const lately = here.page.getByRole("list", { name: "By everybody, lately" });
      await lately.getByText(/^Mia marked spam/).or(lately.getByText(/Mia/).filter({ hasText: "marked spam" })).first().waitFor();
      await there.page.goto(`${line.url}/moderate`);
      await there.approve("Five");
      await lately.getByRole("listitem").filter({ hasText: "Theo" }).first().waitFor();
      await accessible(here.page, "what everybody decided");
    });

    test("neither page logged an error of its own", () => {
      for (const { page } of [here, there]) assert.deepEqual(page.errors.filter((error) => !/ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET|ERR_INCOMPLETE/.test(error)), []);
    });
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
