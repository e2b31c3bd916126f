/** What a reader sees when the server does not answer, and that they miss nothing once it does. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { words } from "./support/api.js";
import { becomes, launch, live, openWindow } from "./support/browser.js";
import { Desk } from "./support/desk.js";
import { Host } from "./support/host.js";
import { Line } from "./support/line.js";
import { Newsroom } from "./support/server.js";

const OVERLOADED = { status: 503, contentType: "application/json", body: '{"errors":[{"message":"Busy","extensions":{"code":"OVERLOADED"}}]}' };

suite("a server that does not answer", () => {
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

  const region = (page) => page.getByRole("region", { name: "Reader comments" });
  const comment = (page, text) => region(page).getByRole("article").filter({ hasText: text });
  const order = (page) => region(page).getByRole("combobox", { name: "Sort" });
  const thread = (page) => page.locator("talkback-comments");
  const isThread = (request) => /query(\+|%20| )Comments\b/.test(request.url() + (request.postData() ?? ""));
  /** The thread is not answered, until `mend` is called; what else is asked is. */
  const fail = async (page, answer) => {
    const handle = (route) => (isThread(route.request()) ? answer(route) : route.fallback());
    await page.route(/graphql/, handle);
    return () => page.unroute(/graphql/, handle);
  };
  const open = async (slug, base = room.url) => {
    const article = await editor.publish(slug);
    await guest.comment(article, words("First"));
    const page = await openWindow(browser);
    await page.goto(`${base}/articles/${slug}`);
    await live(page);
    return { article, page };
  };

  test("another order that does not come leaves the thread live, says so, and comes by itself", async () => {
    const { article, page } = await open("sorted");
    const mend = await fail(page, (route) => route.fulfill(OVERLOADED));
    await order(page).selectOption({ label: "Oldest" });
    await region(page).getByText("The comments could not be loaded.").filter({ visible: true }).first().waitFor();
    await guest.comment(article, words("Second"));
    await comment(page, "Second:").waitFor();
    await live(page);
    await mend();
    await becomes(page, "the order is the one that was asked for", () => /First:.*Second:/s.test(document.querySelector("talkback-comments").shadowRoot.querySelector(".comment-list").textContent));
    await region(page).locator(".problem").waitFor({ state: "detached" });
    await guest.comment(article, words("Third"));
    await comment(page, "Third:").waitFor();
  });

  test("another order asked for offline comes when the network is back, and nothing is missed", async () => {
    const { article, page } = await open("sorted-offline");
    await page.context().setOffline(true);
    await order(page).selectOption({ label: "Oldest" });
    await region(page).getByText("can’t be reached just now").first().waitFor();
    await guest.comment(article, words("Second"));
    await page.context().setOffline(false);
    await comment(page, "Second:").waitFor();
    await live(page);
    await region(page).locator(".problem").waitFor({ state: "detached" });
  });

  test("somebody signs in in another tab while the server is busy: the thread goes on, and then knows them", async () => {
    const { article, page } = await open("another-tab");
    const other = await page.context().newPage();
    await other.goto(`${room.url}/articles/another-tab`);
    await live(other);
    const mend = await fail(page, (route) => route.fulfill(OVERLOADED));
    await other.getByRole("textbox", { name: "Your name" }).fill("Tabitha");
    await other.getByRole("textbox", { name: "Your comment" }).fill(words("From the other tab"));
    await other.getByRole("button", { name: "Post comment" }).click();
    await region(page).getByText("The comments could not be loaded.").filter({ visible: true }).first().waitFor();
    await comment(page, "From the other tab").waitFor();
    await guest.comment(article, words("Second"));
    await comment(page, "Second:").waitFor();
    await mend();
    await comment(page, "From the other tab").getByRole("button", { name: "Delete" }).waitFor();
    await live(page);
  });

  test("a new token that comes while the server is busy leaves the thread live", async () => {
    const article = await editor.publish("tokens");
    const page = await openWindow(browser);
    await page.goto(host.page("/tokens", room.url, `<script type="module" src="${room.url}/embed.js"></script><talkback-comments article="tokens"></talkback-comments>`));
    await live(page);
    const mend = await fail(page, (route) => route.fulfill({ ...OVERLOADED, headers: { "access-control-allow-origin": host.url } }));
    await thread(page).evaluate((place, token) => (place.token = token), await room.command("token", "--role", "READER", "--name", "Toni"));
    await region(page).getByText("The comments could not be loaded.").filter({ visible: true }).first().waitFor();
    await guest.comment(article, words("Second"));
    await comment(page, "Second:").waitFor();
    await mend();
    await region(page).getByText("Toni").waitFor();
    await live(page);
  });

  test("a feed that starts over is read anew, after a pause, until the server answers", async () => {
    const { article, page } = await open("reset");
    let [resets, asked] = [0, 0];
    // The server says twice that the history does not reach back; the thread itself does not come at first.
    await page.route(/subscription/, (route) => {
      if (++resets > 2) return route.continue();
      const data = { articleEvents: { cursor: "later", event: { __typename: "FeedReset", reason: "HISTORY_TRIMMED" } } };
      return route.fulfill({ status: 200, contentType: "text/event-stream", body: `event: next\ndata: ${JSON.stringify({ data })}\n\n` });
    });
    const mend = await fail(page, (route) => {
      asked++;
      return route.fulfill(OVERLOADED);
    });
    await page.context().setOffline(true);
    await page.context().setOffline(false);
    await region(page).getByText("Reconnecting…").waitFor();
    await becomes(page, "it says what is wrong", () => document.querySelector("talkback-comments").shadowRoot.querySelector(".problem"));
    assert.equal(await region(page).getByText("Live", { exact: true }).count(), 0, "it does not say that it is live while it follows nothing");
    assert.ok(asked >= 1 && resets === 1, `asked ${asked} times, reset ${resets} times`);
    await guest.comment(article, words("Meanwhile"));
    await mend();
    await comment(page, "Meanwhile").waitFor();
    await live(page);
    assert.equal(resets, 3);
  });

  test("a page that finds no server says so above what it has, and fills itself when there is one", async () => {
    const article = await editor.publish("late");
    for (const mark of ["First", "Second"]) await guest.comment(article, words(mark));
    const line = await Line.to(room.url);
    const page = await openWindow(browser);
    await page.goto(`${line.url}/articles/late`, { waitUntil: "commit" });
    await page.route(/graphql/, (route) => route.abort());
    await page.goto(`${line.url}/articles/late`);
    const problem = thread(page).locator(".problem").getByText("The comments can’t be reached just now.");
    await problem.waitFor();
    const [said, copy] = [await problem.boundingBox(), await page.getByText("First:").boundingBox()];
    assert.ok(said.y < copy.y, `it stands at ${said.y}, what the page has at ${copy.y}`);
    await page.unroute(/graphql/);
    await live(page);
    await problem.waitFor({ state: "detached" });
    await page.getByRole("textbox", { name: "Your comment" }).waitFor();
    await line.close();
  });
});

suite("a desk whose server does not answer", () => {
  let room, browser, article, ana;
  before(async () => {
    [room, browser] = await Promise.all([Newsroom.open("SQLite", { demo: false }), launch()]);
    article = await (await room.person("EDITOR", "Edith")).publish("the-lock", { policy: { moderation: "PRE" } });
    ana = await room.guest("Ana");
    for (const name of ["One", "Two", "Three"]) await ana.comment(article, words(name));
  });
  after(async () => {
    await browser?.close();
    await room?.close();
  });

  const asks = (name) => (route) => new RegExp(`(query|mutation) ${name}\\b`).test(route.request().postData() ?? "");
  const alert = (page) => page.locator(".desk-problem");

  test("a queue that can't be read is not called empty, and comes by itself", async () => {
    const { page } = await Desk.open(browser, room);
    await page.goto(`${room.url}/moderate?view=figures`);
    await page.locator(".chart").first().waitFor();
    const refuse = (route) => (asks("DeskQueue")(route) ? route.fulfill(OVERLOADED) : route.fallback());
    await page.route(/graphql/, refuse);
    await page.getByRole("link", { name: "Queues" }).click();
    await alert(page).getByText("Busy").waitFor();
    assert.equal(await page.getByText("Nothing is waiting").count(), 0);
    await page.unroute(/graphql/, refuse);
    await page.getByRole("article", { name: "Comment by Ana" }).first().waitFor();
    await alert(page).waitFor({ state: "detached" });
    await page.getByRole("heading", { name: "Waiting 3" }).waitFor();
  });

  test("charts that can't be read come by themselves", async () => {
    const { page } = await Desk.open(browser, room);
    let refused = 0;
    const refuse = (route) => (asks("DeskStatistics")(route) && ++refused ? route.fulfill(OVERLOADED) : route.fallback());
    await page.route(/graphql/, refuse);
    await page.getByRole("link", { name: "Figures" }).click();
    await alert(page).getByText("Busy").waitFor();
    await page.unroute(/graphql/, refuse);
    await page.locator(".chart").first().waitFor();
    await alert(page).waitFor({ state: "detached" });
    assert.ok(refused >= 1);
  });

  test("a decision that was taken, but whose answer is lost, is told as not known, and then as it is", async () => {
    const desk = await Desk.open(browser, room);
    const { page } = desk;
    await desk.card("One:").waitFor();
    // The server hears it; nobody hears the server, neither to this nor to what the queue holds.
    const lose = async (route) => {
      if (asks("DeskModerate")(route)) await route.fetch();
      else if (!asks("DeskQueue")(route)) return route.fallback();
      return route.abort();
    };
    await page.route(/graphql/, lose);
    await desk.card("One:").getByRole("button", { name: "Approve" }).click();
    await desk.card("One:").getByRole("alert").getByText("It is not known whether it was decided").waitFor();
    await alert(page).getByText("What you see may be out of date.").waitFor();
    await page.unroute(/graphql/, lose);
    await alert(page).waitFor({ state: "detached" });
    await page.getByRole("heading", { name: "Waiting 2" }).waitFor();
    await becomes(page, "the card says that it has been decided, or has left", () => {
      const card = [...document.querySelectorAll("article.card")].find(({ textContent }) => textContent.includes("One:"));
      return !card || /has been decided meanwhile/.test(card.textContent);
    });
    assert.equal(await page.getByText("It is not known").filter({ visible: true }).count(), 0);
  });

  test("a server that is gone as the desk opens: it is there once the server is", async () => {
    const line = await Line.to(room.url);
    const { page } = await Desk.open(browser, room, line.url);
    await page.route(/graphql/, (route) => route.abort());
    await page.reload();
    await alert(page).getByText("The server can’t be reached.").waitFor();
    await page.unroute(/graphql/);
    await page.getByRole("article", { name: "Comment by Ana" }).first().waitFor();
    await alert(page).waitFor({ state: "detached" });
    await line.close();
  });
});
