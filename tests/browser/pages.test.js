/** The pages as they are: without JavaScript, on a phone, in the dark, by keyboard, for screen readers, and in bytes. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { words } from "./support/api.js";
import { accessible, fits, launch, live, openWindow } from "./support/browser.js";
import { Desk } from "./support/desk.js";
import { Newsroom } from "./support/server.js";

/** What the story page with twenty comments may cost before the live connection. */
const BYTES = 60 * 1024;
const REQUESTS = 5;

suite("pages", () => {
  let room, browser;
  before(async () => {
    [room, browser] = await Promise.all([Newsroom.open(), launch()]);
  });
  after(async () => {
    await browser?.close();
    await room?.close();
  });

  test("a story and its comments can be read without JavaScript", async () => {
    const page = await openWindow(browser, { javaScriptEnabled: false });
    await page.goto(`${room.url}/articles/night-ferry`);
    await page.getByRole("heading", { name: /The 11:40 Stays/ }).waitFor();
    await page.getByRole("heading", { name: "Key points" }).waitFor();
    const comments = page.getByRole("region", { name: "Reader comments" });
    await comments.getByText("I was number 31 on a wet Tuesday").waitFor();
    await comments.getByText("Talk to each other as you would on the quay").waitFor();
    // Text in a `noscript` is none to `getByText`.
    assert.match(await comments.locator(".comments-noscript").innerText(), /need JavaScript/);
    await page.goto(room.url);
    await page.getByRole("link", { name: /^\d+ comments$/ }).first().click();
    await page.waitForURL("**/articles/*#comments");
  });

  test("an address that there is not has a page that says so", async () => {
    const page = await openWindow(browser);
    for (const path of ["/articles/no-such-story", "/nowhere"]) {
      const response = await page.goto(room.url + path);
      assert.equal(response.status(), 404);
      await page.getByRole("heading", { name: "There is no story here" }).waitFor();
      await page.getByRole("link", { name: "See the latest stories" }).waitFor();
    }
    await accessible(page, "the page for what there is not");
  });

  test("a page is for everybody, in both themes and on a phone", async () => {
    for (const [colorScheme, width] of [["light", 1280], ["dark", 375]]) {
      const what = `${colorScheme}, ${width} px`;
      const page = await openWindow(browser, { colorScheme, viewport: { width, height: 800 } });
      for (const path of ["/", "/articles/geigenwerkstatt", "/articles/night-ferry"]) {
        await page.goto(room.url + path);
        if (path !== "/") await live(page);
        await fits(page, `${path}, ${what}`);
        await accessible(page, `${path}, ${what}`);
      }
      const comments = page.getByRole("region", { name: "Reader comments" });
      await comments.getByRole("button", { name: "Reply" }).first().click();
      await comments.getByRole("button", { name: "Report" }).first().click();
      await page.getByRole("dialog", { name: "Report this comment" }).waitFor();
      await fits(page, `the report, ${what}`);
      await accessible(page, `the report, ${what}`);
      assert.deepEqual(page.errors, []);
      await page.context().close();
    }
  });

  test("the moderator's pages are for everybody too", async () => {
    const guest = await openWindow(browser);
    await guest.goto(`${room.url}/moderate`);
    await accessible(guest, "the sign-in page");
    const desk = await Desk.open(browser, room);
    await desk.page.getByRole("button", { name: "Approve" }).first().waitFor();
    await accessible(desk.page, "the desk");
    await desk.page.goto(`${room.url}/graphiql`);
    await desk.page.getByRole("button", { name: /Execute query/ }).waitFor();
    await accessible(desk.page, "GraphiQL");
  });

  test("the story page with twenty comments keeps its budget", async () => {
    const articleId = await (await room.person("EDITOR", "Edith")).publish("twenty-comments", { story: { body: "A line of the story, and then another one. ".repeat(150) } });
    const guest = await room.guest("Many Words");
    for (let number = 1; number <= 20; number++) await guest.comment(articleId, `${words(`Number ${number}`)} ${"It is a long comment, as they often are. ".repeat(5)}`);
    const page = await openWindow(browser);
    const network = await page.context().newCDPSession(page);
    await network.send("Network.enable");
    const requests = new Map();
    const loaded = [];
    network.on("Network.requestWillBeSent", ({ requestId, request }) => requests.set(requestId, request));
    network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => loaded.push([requests.get(requestId)?.url, encodedDataLength]));
    await page.goto(`${room.url}/articles/twenty-comments`);
    await live(page);
    const live_connection = [...requests.values()].filter(({ url }) => /subscription/.test(url));
    assert.equal(live_connection.length, 1, "one live connection");
    const bytes = loaded.reduce((sum, [, length]) => sum + length, 0);
    const told = loaded.map(([url, length]) => `${length} ${url.slice(0, 90)}`).join("\n");
    console.log(`the story page with 20 comments: ${loaded.length} requests, ${bytes} bytes as sent`);
    assert.ok(loaded.length <= REQUESTS, `${loaded.length} requests, not ${REQUESTS}:\n${told}`);
    assert.ok(bytes <= BYTES, `${bytes} bytes, not ${BYTES}:\n${told}`);
  });

  test("a German story's comments are in German, within the same number of requests", async () => {
    const page = await openWindow(browser);
    const requests = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(`${room.url}/articles/geigenwerkstatt`);
    await live(page);
    await page.getByRole("region", { name: "Kommentare", exact: true }).getByRole("button", { name: "Antworten", exact: true }).first().waitFor();
    // The last one is the live connection.
    assert.ok(requests.length <= REQUESTS + 1, `${requests.length} requests`);
    assert.deepEqual(page.errors, []);
  });

  test("a comment is written, sent and edited by keyboard alone", async () => {
    await (await room.person("EDITOR", "Edith")).publish("by-keyboard");
    const page = await openWindow(browser);
    await page.goto(`${room.url}/articles/by-keyboard`);
    await live(page);
    const focused = () => page.evaluate(() => {
      let at = document.activeElement;
      while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
      return at?.labels?.[0]?.querySelector("span")?.textContent?.trim() ?? at?.getAttribute("aria-label") ?? at?.textContent?.trim();
    });
    const tabTo = async (name) => {
      for (let step = 0; step < 60; step++) {
        if ((await focused()) === name) return;
        await page.keyboard.press("Tab");
      }
      assert.fail(`the Tab key does not lead to ${name}`);
    };
    await tabTo("Your name");
    await page.keyboard.type("Kim");
    await tabTo("Your comment");
    await page.keyboard.type(words("Typed"));
    await tabTo("Post comment");
    await page.keyboard.press("Enter");
    const comment = page.getByRole("article", { name: "Comment by Kim" });
    await comment.getByText("Typed: fifty").waitFor();
    await tabTo("Edit");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Control+End");
    await page.keyboard.type(" And more.");
    await page.keyboard.press("Control+Enter");
    await comment.getByText("And more.").waitFor();
    await comment.getByText("(edited)").waitFor();
    await tabTo("Delete");
    await page.keyboard.press("Enter");
    await tabTo("Delete");
    await page.keyboard.press("Enter");
    await page.getByText("Your comment is deleted.").first().waitFor();
    assert.equal(await page.getByText("Typed: fifty").count(), 0);
  });
});
