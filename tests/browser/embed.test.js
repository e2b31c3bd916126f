/** The comments on a newsroom's own page, on another origin, under its strict policy; and what people write to break it. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { words } from "./support/api.js";
import { becomes, fits, launch, live, openWindow } from "./support/browser.js";
import { Host } from "./support/host.js";
import { Newsroom } from "./support/server.js";

suite("another site's page", () => {
  let room, browser, host, editor, guest;
  before(async () => {
    host = await Host.open();
    [room, browser] = await Promise.all([Newsroom.open("SQLite", { demo: false, options: ["--allow-origin", host.url] }), launch()]);
    [editor, guest] = await Promise.all([room.person("EDITOR", "Edith"), room.guest("Gus")]);
  });
  after(async () => {
    await browser?.close();
    await room?.close();
    await host?.close();
  });

  const script = () => `<script type="module" src="${room.url}/embed.js"></script>`;
  const region = (page) => page.getByRole("region", { name: "Reader comments" });

  test("two lines bring the comments, by slug or by the page's canonical address", async () => {
    const address = "https://news.example.org/2026/harbour";
    const article = await editor.publish("harbour", { story: { url: address } });
    await guest.comment(article, words("On two pages"));
    for (const [path, element, head] of [
      ["/by-slug", '<talkback-comments article="harbour">Soon.</talkback-comments>', ""],
      ["/by-address", "<talkback-comments>Soon.</talkback-comments>", `<link rel="canonical" href="${address}/">`],
    ]) {
      const page = await openWindow(browser);
      await page.goto(host.page(path, room.url, script() + element, head));
      await region(page).getByText("On two pages").waitFor();
      await live(page);
      await page.getByRole("textbox", { name: "Your name" }).fill("Hana");
      await page.getByRole("textbox", { name: "Your comment" }).fill(words(`From ${path}`));
      await page.getByRole("button", { name: "Post comment" }).click();
      await region(page).getByText(`From ${path}:`).waitFor();
      assert.deepEqual(page.errors, []);
    }
  });

  test("attributes change at run time, and removed it leaves no connection", async () => {
    const [one, two] = [await editor.publish("one"), await editor.publish("two")];
    await Promise.all([guest.comment(one, words("Under one")), guest.comment(two, words("Under two"))]);
    const page = await openWindow(browser);
    const streams = new Set();
    const follows = (request) => /subscription/.test(request.url());
    page.on("request", (request) => follows(request) && streams.add(request));
    for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => streams.delete(request));
    await page.goto(host.page("/moving", room.url, `${script()}<talkback-comments article="one"></talkback-comments>`));
    await region(page).getByText("Under one").waitFor();
    await live(page);
    await page.locator("talkback-comments").evaluate((element) => element.setAttribute("article", "two"));
    await region(page).getByText("Under two").waitFor();
    assert.equal(await region(page).getByText("Under one").count(), 0);
    await live(page);
    await page.locator("talkback-comments").evaluate((element) => element.setAttribute("theme", "dark"));
    assert.equal(await page.locator("talkback-comments").evaluate((element) => getComputedStyle(element).colorScheme), "dark");
    assert.equal(streams.size, 1, "one connection at a time");
    const ended = page.waitForEvent("requestfailed", follows);
    await page.locator("talkback-comments").evaluate((element) => element.remove());
    await ended;
    assert.equal(streams.size, 0, "nothing follows any more");
  });

  test("counts for a list are one request", async () => {
    const article = await editor.publish("counted");
    await guest.comment(article, words("Counted"));
    const page = await openWindow(browser);
    const asked = [];
    page.on("request", (request) => request.url().includes("/graphql") && asked.push(request.url()));
    const counts = ["counted", "counted", "unknown"].map((slug) => `<talkback-count article="${slug}">–</talkback-count>`).join(" ");
    await page.goto(host.page("/list", room.url, `<script type="module" src="${room.url}/count.js"></script>${counts}`));
    await becomes(page, "the counts are there", () => [...document.querySelectorAll("talkback-count")].map((count) => count.textContent).join() === "1 comment,1 comment,–");
    assert.equal(asked.length, 1);
    assert.ok((await (await fetch(`${room.url}/count.js`)).arrayBuffer()).byteLength <= 1024, "the script has at most 1 KB");
  });

  test("an origin that is not allowed is told what to do", async () => {
    const stranger = await Host.open();
    const page = await openWindow(browser);
    await page.goto(stranger.page("/", room.url, `${script()}<talkback-comments article="harbour">Until then.</talkback-comments>`));
    await page.getByText("can’t be reached just now").waitFor();
    await page.getByText("Until then.").waitFor();
    assert.ok(page.errors.some((error) => error.includes(`--allow-origin ${stranger.url}`)), page.errors.join("\n"));
    await stranger.close();
  });

  test("what is written to break a page neither runs nor breaks it", async () => {
    const article = await editor.publish("hostile");
    for (const text of [
      `<script>globalThis.hacked = 1</script><img src=x onerror="globalThis.hacked = 1"> ${words("Script")}`,
      `[press me](javascript:globalThis.hacked=1) <a href="javascript:globalThis.hacked=1">me too</a> ${words("Link")}`,
      `\u202Eneddih\u202D \u2067 ${words("Bidi")}`,
      "w".repeat(5000),
    ]) await guest.comment(article, text);
    const page = await openWindow(browser, { viewport: { width: 375, height: 700 } });
    await page.goto(`${room.url}/articles/hostile`);
    await live(page);
    await fits(page, "a word of 5,000 characters");
    for (const link of await region(page).getByText(/press me|me too/).all()) await link.click({ force: true });
    assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
    const links = await page.locator("talkback-comments").evaluate((element) => [...element.shadowRoot.querySelectorAll(".comment-body a")].map((link) => link.getAttribute("href")));
    assert.deepEqual(links.filter((href) => href && !/^https?:/.test(href)), []);
  });

  test("new comments wait behind a button for who is reading, and nothing moves", async () => {
    const article = await editor.publish("reading");
    for (let number = 1; number <= 12; number++) await guest.comment(article, words(`Number ${number}`));
    const page = await openWindow(browser);
    await page.goto(`${room.url}/articles/reading`);
    await live(page);
    const read = page.getByRole("article").filter({ hasText: "Number 6:" });
    await read.evaluate((place) => place.scrollIntoView({ block: "center" }));
    const before = (await read.boundingBox()).y;
    for (const mark of ["New A", "New B", "New C"]) await guest.comment(article, words(mark));
    const pill = page.getByRole("button", { name: "3 new comments" });
    await pill.waitFor();
    assert.equal((await read.boundingBox()).y, before, "what is being read stays where it is");
    await pill.click();
    await region(page).getByText("New C:").waitFor();
  });
});
