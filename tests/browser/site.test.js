/** What a story page offers beside reading: sharing, sorting, what machines read of it, feeds; and GraphiQL. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { words } from "./support/api.js";
import { accessible, becomes, launch, live, openWindow } from "./support/browser.js";
import { Newsroom } from "./support/server.js";

suite("the site", () => {
  let room, browser, editor, guest;
  before(async () => {
    [room, browser] = await Promise.all([Newsroom.open("SQLite", { demo: false }), launch()]);
    [editor, guest] = await Promise.all([room.person("EDITOR", "Edith"), room.guest("Gus")]);
  });
  after(async () => {
    await browser?.close();
    await room?.close();
  });

  const region = (page) => page.getByRole("region", { name: "Reader comments" });
  const story = async (slug, prepare = () => {}) => {
    const page = await openWindow(browser);
    await prepare(page);
    await page.goto(`${room.url}/articles/${slug}`);
    await live(page);
    return page;
  };

  test("a story's link is copied, and said to be", async () => {
    await editor.publish("copied");
    const page = await story("copied", async (it) => {
      await it.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: room.url });
      // Where a browser has no share sheet, there is no button for it.
      await it.addInitScript(() => delete Navigator.prototype.share);
    });
    assert.equal(await page.getByRole("button", { name: "Share…" }).count(), 0);
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByRole("status").getByText("Link copied").waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${room.url}/articles/copied`);
  });

  test("where there is no clipboard, the address itself is shown", async () => {
    await editor.publish("uncopied");
    const page = await story("uncopied", (it) => it.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined })));
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByRole("status").getByText(`${room.url}/articles/uncopied`).waitFor();
  });

  test("where there is a share sheet, it gets the headline and the address; to close it is no failure", async () => {
    await editor.publish("shared");
    const page = await story("shared", (it) => it.addInitScript(() => {
      navigator.share = (what) => {
        (globalThis.shared ??= []).push(what);
        return Promise.reject(new DOMException("closed", globalThis.shared.length === 1 ? "AbortError" : "NotAllowedError"));
      };
    }));
    const button = page.getByRole("button", { name: "Share…" });
    await button.click();
    assert.deepEqual(await page.evaluate(() => globalThis.shared), [{ title: "The story of shared", url: `${room.url}/articles/shared` }]);
    assert.equal((await page.locator("[data-share-status]").innerText()).trim(), "");
    await button.click();
    await page.getByRole("status").getByText("Sharing did not work here").waitFor();
  });

  test("comments are sorted as a reader likes them", async () => {
    const article = await editor.publish("sorted");
    const [one, two] = [await guest.comment(article, words("One")), await guest.comment(article, words("Two"))];
    await guest.comment(article, words("Three"));
    await guest.comment(article, words("To two"), two.id);
    await (await room.guest("Rita")).react(one, "LIKE");
    const page = await story("sorted");
    const order = () => page.locator("talkback-comments").evaluate((it) => [...it.shadowRoot.querySelectorAll(".comment-list > li > article .comment-body")].map((body) => body.textContent.trim().split(":")[0]).join());
    assert.equal(await order(), "Three,Two,One");
    for (const [name, wanted] of [["Oldest", "One,Two,Three"], ["Most replies", "Two,Three,One"], ["Most reactions", "One,Three,Two"], ["Newest", "Three,Two,One"]]) {
      await region(page).getByLabel("Sort").selectOption(name);
      await becomes(page, `the order is ${wanted}`, (expected) => [...document.querySelector("talkback-comments").shadowRoot.querySelectorAll(".comment-list > li > article .comment-body")].map((body) => body.textContent.trim().split(":")[0]).join() === expected, wanted);
      await live(page);
    }
    // Sorted by age, what is new goes to the end.
    await region(page).getByLabel("Sort").selectOption("Oldest");
    await becomes(page, "the oldest is first", () => /^\s*One/.test(document.querySelector("talkback-comments").shadowRoot.querySelector(".comment-list .comment-body").textContent));
    await live(page);
    await guest.comment(article, words("Four"));
    await region(page).getByRole("button", { name: "1 new comment" }).or(region(page).getByText("Four:")).first().waitFor();
    const pill = region(page).getByRole("button", { name: "1 new comment" });
    if (await pill.isVisible()) await pill.click();
    await region(page).getByText("Four:").waitFor();
    assert.equal(await order(), "One,Two,Three,Four");
  });

  test("search engines read the story and its comments as structured data", async () => {
    const article = await editor.publish("structured", { story: { headline: 'A <b>"bold"</b> </script> story', summary: "In short.", byline: "Ana Reyes", tags: ["harbour"] } });
    const root = await guest.comment(article, words("The root"));
    await guest.comment(article, words("A reply"), root.id);
    const page = await openWindow(browser, { javaScriptEnabled: false });
    await page.goto(`${room.url}/articles/structured`);
    const blocks = await page.locator('script[type="application/ld+json"]').allTextContents();
    assert.equal(blocks.length, 1);
    const data = JSON.parse(blocks[0]);
    assert.deepEqual([data["@context"], data["@type"], data.headline, data.description, data.author.name, data.commentCount], ["https://schema.org", "NewsArticle", 'A <b>"bold"</b> </script> story', "In short.", "Ana Reyes", 2]);
    assert.ok(!Number.isNaN(Date.parse(data.datePublished)) && /^PT\d+M$/.test(data.timeRequired));
    const [comment] = data.comment;
    assert.deepEqual([comment["@type"], comment.author.name, comment.text], ["Comment", "Gus", words("The root")]);
    assert.equal(comment.comment[0].text, words("A reply"));
    const canonical = await page.locator("link[rel=canonical]").getAttribute("href");
    assert.deepEqual([data.url, await page.locator('meta[property="og:url"]').getAttribute("content")], [canonical, canonical]);
    assert.equal(await page.locator('meta[property="og:title"]').getAttribute("content"), data.headline);
  });

  test("the feeds of the site and of a story are Atom that a browser parses", async () => {
    const article = await editor.publish("fed", { story: { headline: "Fed & watered" } });
    await guest.comment(article, `${words("In the feed")} <b>&amp;</b>`);
    const page = await story("fed");
    const site = await openWindow(browser);
    await site.goto(room.url);
    const addressOf = (from) => from.locator('link[type="application/atom+xml"]').first().evaluate((link) => link.href);
    // Our own pages let no script parse text: another one does.
    const reader = await openWindow(browser);
    const read = async (response) => reader.evaluate(async ([text, type, base]) => {
      const feed = new DOMParser().parseFromString(text, "application/xml");
      const of = (place, name) => [...place.children].filter((child) => child.localName === name);
      return {
        type, broken: feed.querySelector("parsererror")?.textContent ?? null,
        namespace: feed.documentElement.namespaceURI, root: feed.documentElement.localName,
        required: ["id", "title", "updated"].every((name) => of(feed.documentElement, name).length === 1),
        entries: of(feed.documentElement, "entry").map((entry) => ({
          complete: ["id", "title", "updated"].every((name) => of(entry, name).length === 1),
          title: of(entry, "title")[0].textContent, updated: of(entry, "updated")[0].textContent, text: entry.textContent, link: new URL(of(entry, "link")[0].getAttribute("href"), base).href,
        })),
      };
    }, [await response.text(), response.headers.get("content-type"), response.url]);
    for (const [address, wanted] of [[await addressOf(page), "In the feed"], [await addressOf(site), "Fed & watered"]]) {
      const feed = await read(await fetch(address));
      assert.match(feed.type, /^application\/atom\+xml/);
      assert.deepEqual([feed.broken, feed.namespace, feed.root, feed.required], [null, "http://www.w3.org/2005/Atom", "feed", true]);
      assert.ok(feed.entries.length > 0 && feed.entries.every(({ complete, updated, link }) => complete && !Number.isNaN(Date.parse(updated)) && link.startsWith(room.url)));
      assert.ok(feed.entries.some(({ text }) => text.includes(wanted)), `${wanted} is in ${address}`);
    }
  });

  suite("GraphiQL", () => {
    const open = async () => {
      const page = await openWindow(browser);
      await page.goto(`${room.url}/graphiql`);
      await page.getByRole("button", { name: /Execute query/ }).waitFor();
      return page;
    };
    const result = (page) => page.locator(".result-window");
    /** Puts a text into the editor of variables or of the query, as somebody who types it. */
    const write = async (page, editor, text) => {
      await page.locator(editor).click();
      await page.keyboard.press("Control+a");
      await page.keyboard.insertText(text);
    };

    test("the explorer lists the schema, and a query runs", async () => {
      const page = await open();
      await page.getByRole("button", { name: /GraphiQL Explorer/ }).click();
      const explorer = page.locator(".docExplorerWrap, .graphiql-explorer-root").first();
      await explorer.waitFor();
      await explorer.getByText("moderationStatistics").first().waitFor();
      await accessible(page, "GraphiQL with its explorer");
      await page.getByRole("button", { name: /Execute query/ }).click();
      await result(page).getByText(/totalCount/).first().waitFor();
      assert.deepEqual(page.errors, []);
    });

    for (const [name, transport] of [["WebSocket", "websocket"], ["server-sent events", "sse"]]) {
      test(`a subscription runs over ${name}`, async () => {
        const article = await editor.publish(`followed-by-${transport}`);
        const page = await open();
        const sockets = [];
        const streams = [];
        page.on("websocket", (socket) => sockets.push(socket.url()));
        page.on("request", (request) => request.headers().accept?.includes("text/event-stream") && streams.push(request));
        await page.getByLabel("Subscriptions over").selectOption(transport);
        await page.getByRole("tab", { name: "Follow" }).or(page.getByRole("button", { name: "Follow", exact: true })).first().click();
        // From before anything is said: nothing is missed while the line is put up.
        const { article: before } = await guest.run("query($slug: String) { article(slug: $slug) { feedCursor } }", { slug: `followed-by-${transport}` });
        await write(page, ".graphiql-editor-tool .graphiql-editor:not(.hidden) .CodeMirror", JSON.stringify({ articleId: article, after: before.feedCursor }));
        await page.getByRole("button", { name: /Execute query/ }).click();
        await page.getByRole("button", { name: /Stop query/ }).waitFor();
        for (const mark of ["One", "Two"]) {
          await guest.comment(article, words(mark));
          await result(page).getByText(words(mark)).first().waitFor();
        }
        assert.deepEqual([sockets.length, streams.length], transport === "sse" ? [0, 1] : [1, 0]);
        await page.getByRole("button", { name: /Stop query/ }).click();
        await page.getByRole("button", { name: /Execute query/ }).waitFor();
        assert.deepEqual(page.errors, []);
      });
    }
  });
});
