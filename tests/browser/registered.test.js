/** Where only registered operations run, the pages that come with Talkback do, and nobody else's. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { words } from "./support/api.js";
import { launch, live, openWindow } from "./support/browser.js";
import { Desk } from "./support/desk.js";
import { Host } from "./support/host.js";
import { Newsroom } from "./support/server.js";

const SLUG = "classroom-air";

suite("only registered operations", () => {
  let room, browser, host, folder;
  const refused = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "talkback-operations-"));
    await writeFile(join(folder, "newsroom.graphql"), "query Headlines { articles(first: 2) { nodes { headline } } }");
    host = await Host.open();
    const options = ["--operations", folder, "--operations-only", "--allow-origin", host.url];
    [room, browser] = await Promise.all([Newsroom.open("SQLite", { options }), launch()]);
  });
  after(async () => {
    await browser?.close();
    await Promise.all([room?.close(), host?.close(), rm(folder, { recursive: true, force: true })]);
  });

  const ask = async (body) =>
    (await fetch(`${room.url}/graphql`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })).json();
  /** Keeps what a page asks and is not answered. */
  const watch = (page) =>
    page.on("response", async (response) => {
      if (!response.url().includes("/graphql")) return;
      if (!response.headers()["content-type"]?.includes("json")) return;
      const text = await response.text().catch(() => "");
      if (text.includes("OPERATION_NOT_REGISTERED")) refused.push(`${response.url()} ${response.request().postData()}`);
    });
  const comment = (page, text) => page.getByRole("region", { name: "Reader comments" }).getByRole("article").filter({ hasText: text });

  test("others are refused", async () => {
    assert.equal((await ask({ query: "{ articles(first: 1) { totalCount } }" })).errors[0].extensions.code, "OPERATION_NOT_REGISTERED");
    assert.equal((await ask({ documentId: "Headlines" })).data.articles.nodes.length, 2);
  });

  test("a comment goes from a story to the desk and back", async () => {
    const page = await openWindow(browser);
    watch(page);
    await page.goto(`${room.url}/articles/${SLUG}`);
    await live(page);
    await page.getByRole("textbox", { name: "Your name" }).fill("Ana");
    await page.getByRole("textbox", { name: "Your comment" }).fill(words("Registered"));
    await page.getByRole("button", { name: "Post comment" }).click();
    await comment(page, "Registered").getByText("Awaiting moderation", { exact: true }).waitFor();

    const desk = await Desk.open(browser, room);
    watch(desk.page);
    await desk.page.reload();
    await desk.live();
    await desk.approve("Registered");
    await comment(page, "Registered").getByText("Awaiting moderation", { exact: true }).waitFor({ state: "detached" });
    for (const view of ["activity", "stories", "figures"]) {
      await desk.page.goto(`${room.url}/moderate?view=${view}`);
      await desk.page.getByRole("heading", { level: 1 }).first().waitFor();
      await desk.live();
    }
    assert.deepEqual([...page.errors, ...desk.page.errors], []);
  });

  test("counts are there on the newsroom's own page", async () => {
    const page = await openWindow(browser);
    watch(page);
    await page.goto(host.page("/list", room.url, `<script type="module" src="${room.url}/count.js"></script><talkback-count article="${SLUG}">–</talkback-count>`));
    await page.getByText(/^\d+ comments$/).waitFor();
    assert.deepEqual(page.errors, []);
  });

  test("nothing that they asked was refused", () => assert.deepEqual(refused, []));
});
