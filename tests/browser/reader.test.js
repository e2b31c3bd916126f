/** What one reader does on the story page and on a newsroom's own: links to comments, words, reports, a tab in the background. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { words } from "./support/api.js";
import { accessible, becomes, launch, live, openWindow } from "./support/browser.js";
import { Desk } from "./support/desk.js";
import { Host } from "./support/host.js";
import { Newsroom } from "./support/server.js";

const SECRET = "a secret that the newsroom's site and the service share";

suite("a reader", () => {
  let room, browser, host, editor, guest, folder;
  before(async () => {
    host = await Host.open();
    folder = await mkdtemp(join(tmpdir(), "talkback-secret-"));
    await writeFile(join(folder, "secret"), SECRET);
    const options = ["--allow-origin", host.url, "--sso-issuer", "https://news.example.org", "--sso-secret-file", join(folder, "secret")];
    [room, browser] = await Promise.all([Newsroom.open("SQLite", { demo: false, options }), launch()]);
    [editor, guest] = await Promise.all([room.person("EDITOR", "Edith"), room.guest("Gus")]);
  });
  after(async () => {
    await browser?.close();
    await room?.close();
    await host?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const region = (page) => page.getByRole("region", { name: "Reader comments" });
  const comment = (page, text) => region(page).getByRole("article").filter({ hasText: text });
  const story = async (slug, options) => {
    const page = await openWindow(browser, options);
    await page.goto(`${room.url}/articles/${slug}`);
    await live(page);
    return page;
  };
  /** Brings the tab to the background, or back. */
  const turn = (page, hidden) => page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  /** Whether the window shows the comment with these words, and it has the focus. */
  const shown = (page, text) => becomes(page, `“${text}” is shown`, (wanted) => {
    const place = document.querySelector("talkback-comments")?.shadowRoot?.activeElement;
    const top = place?.getBoundingClientRect().top ?? -1;
    return place?.matches(".comment") && place.querySelector(".comment-main.is-linked")?.textContent.includes(wanted) && top >= 0 && top < innerHeight;
  }, text);

  test("a link leads to a comment, also deep in a thread whose pages are not loaded", async () => {
    const article = await editor.publish("linked");
    const root = await guest.comment(article, words("The root"));
    for (let number = 1; number <= 5; number++) await guest.comment(article, words(`Reply ${number}`), root.id);
    let parent = await guest.comment(article, words("Level 1"), root.id);
    for (let level = 2; level <= 4; level++) parent = await guest.comment(article, words(`Level ${level}`), parent.id);
    for (let number = 1; number <= 25; number++) await guest.comment(article, words(`Later ${number}`));
    const page = await openWindow(browser);
    await page.goto(`${room.url}/articles/linked#comment-${encodeURIComponent(parent.id)}`);
    await shown(page, "Level 4:");
    await comment(page, "Later 20:").getByRole("link").first().click();
    await shown(page, "Later 20:");
    assert.match(page.url(), /#comment-/);
  });

  test("more replies are shown when asked for, by how many there are", async () => {
    const article = await editor.publish("many-replies");
    const root = await guest.comment(article, words("The root"));
    for (let number = 1; number <= 15; number++) await guest.comment(article, words(`Reply ${number}`), root.id);
    const page = await story("many-replies");
    await region(page).getByText("Reply 3:").waitFor();
    assert.equal(await region(page).getByText("Reply 4:").count(), 0);
    await region(page).getByRole("button", { name: "Show 12 more replies" }).click();
    await region(page).getByText("Reply 15:").waitFor();
    await region(page).getByRole("button", { name: "Hide replies" }).click();
    await region(page).getByText("Reply 15:").waitFor({ state: "detached" });
    await region(page).getByRole("button", { name: "Show 15 replies" }).click();
    await region(page).getByText("Reply 15:").waitFor();
  });

  test("a report goes to the desk, with its reason", async () => {
    const article = await editor.publish("reported");
    await guest.comment(article, words("A reported word"));
    const desk = await Desk.open(browser, room);
    await desk.page.goto(`${room.url}/moderate?queue=reported`);
    await desk.live();
    const page = await story("reported");
    await comment(page, "A reported word").getByRole("button", { name: "Report" }).click();
    const dialog = page.getByRole("dialog", { name: "Report this comment" });
    await dialog.getByRole("radio", { name: "It is not about the story" }).check();
    await dialog.getByLabel("Anything to add? (optional)").fill("See the second sentence");
    await dialog.getByLabel("Your name").fill("Rita");
    await dialog.getByRole("button", { name: "Send report" }).click();
    await region(page).getByText("Thank you. A moderator will look at it.").first().waitFor();
    await desk.card("A reported word").getByText("1 report").first().waitFor();
    await desk.page.getByText("See the second sentence").filter({ visible: true }).waitFor();
  });

  test("a tab in the background lets go of its connection, and catches up when it is back", async () => {
    const article = await editor.publish("hidden");
    const page = await openWindow(browser);
    await page.clock.install();
    await page.goto(`${room.url}/articles/hidden`);
    await live(page);
    const ended = page.waitForEvent("requestfailed", (request) => /subscription/.test(request.url()));
    await turn(page, true);
    await page.clock.runFor(31_000);
    await ended;
    await guest.comment(article, words("Said meanwhile"));
    assert.equal(await comment(page, "Said meanwhile").count(), 0);
    await turn(page, false);
    await comment(page, "Said meanwhile").waitFor();
    await live(page);
  });

  test("what is refused says why beside its field, and keeps the text", async () => {
    const article = await editor.publish("refusing");
    const page = await story("refusing");
    const box = page.getByRole("textbox", { name: "Your comment" });
    await box.fill(words("Before it closed"));
    await page.getByRole("button", { name: "Post comment" }).click();
    const name = page.getByRole("textbox", { name: "Your name" });
    await becomes(page, "the name is marked", () => document.querySelector("talkback-comments").shadowRoot.activeElement?.matches("input[aria-invalid=true]"));
    assert.match(await name.evaluate((input) => input.getRootNode().getElementById(input.getAttribute("aria-describedby")).textContent), /Please enter a name/);
    await name.fill("Nora");
    // The page does not hear of it.
    await page.route(/graphql/, async (route) => {
      if (/commentSubmit/.test(route.request().postData() ?? "")) await editor.run("mutation($i: CommentingSetInput!) { commentingSet(input: $i) { userErrors { message } } }", { i: { articleId: article, minLength: 500 } });
      await route.continue();
    });
    await page.getByRole("button", { name: "Post comment" }).click();
    await becomes(page, "the text is marked", () => document.querySelector("talkback-comments").shadowRoot.querySelector("textarea[aria-invalid=true]"));
    const told = await box.evaluate((area) => area.getRootNode().getElementById("body-error").textContent);
    assert.match(told, /500/);
    assert.equal(await box.inputValue(), words("Before it closed"));
  });

  test("a name may have sixty characters as a reader counts them; a longer one is refused beside its field", async () => {
    await editor.publish("named");
    const page = await story("named");
    const name = page.getByRole("textbox", { name: "Your name" });
    const box = page.getByRole("textbox", { name: "Your comment" });
    const flags = "🇫🇷".repeat(60);
    await box.fill(words("By many flags"));
    await name.focus();
    await page.keyboard.insertText(`${flags}!`);
    await page.getByRole("button", { name: "Post comment" }).click();
    await becomes(page, "the name is marked", () => document.querySelector("talkback-comments").shadowRoot.activeElement?.matches("input[aria-invalid=true]"));
    assert.match(await name.evaluate((input) => input.getRootNode().getElementById(input.getAttribute("aria-describedby")).textContent), /at most 60 characters/);
    assert.equal(await box.inputValue(), words("By many flags"));
    await page.keyboard.press("End");
    await page.keyboard.press("Backspace");
    await page.getByRole("button", { name: "Post comment" }).click();
    await region(page).getByRole("article", { name: `Comment by ${flags}`, exact: true }).getByText("By many flags").waitFor();
  });

  test("where another order can't be had, the thread goes on, says so, and tries again", async () => {
    const article = await editor.publish("reordered");
    await guest.comment(article, words("At first"));
    const page = await story("reordered");
    await live(page);
    let refused = 0;
    const refuse = (route) => (/"orderBy":"OLDEST"|OLDEST/.test(decodeURIComponent(route.request().url()) + (route.request().postData() ?? "")) && refused++ === 0 ? route.fulfill({ status: 503, body: "{}" }) : route.continue());
    await page.route(/graphql/, refuse);
    await page.getByRole("combobox").selectOption("OLDEST");
    await page.getByText("can’t be reached").or(page.getByText("could not be loaded")).first().waitFor();
    await guest.comment(article, words("Meanwhile"));
    await page.getByText("Meanwhile:").waitFor();
    await page.unroute(/graphql/, refuse);
    await live(page);
    assert.ok(refused >= 1, "it was refused once");
  });

  test("commenting closes while somebody writes: their text stays, and they are told", async () => {
    const article = await editor.publish("closing");
    const page = await story("closing");
    const box = page.getByRole("textbox", { name: "Your comment" });
    await box.fill(words("Not yet sent"));
    await editor.run("mutation($i: CommentingSetInput!) { commentingSet(input: $i) { userErrors { message } } }", { i: { articleId: article, state: "CLOSED" } });
    await region(page).getByRole("status").filter({ hasText: "Comments on this article are closed." }).waitFor();
    await region(page).locator("p.closed").waitFor();
    assert.equal(await box.inputValue(), words("Not yet sent"));
    assert.ok(await page.getByRole("button", { name: "Post comment" }).isDisabled());
  });

  const commenting = (articleId, policy) => editor.run("mutation($i: CommentingSetInput!) { commentingSet(input: $i) { userErrors { message } } }", { i: { articleId, ...policy } });
  const HOUR_MS = 3_600_000;
  const inHours = (hours) => new Date(Date.now() + hours * HOUR_MS).toISOString();

  test("commenting closes by itself on an open page, when its time comes: also when that has changed meanwhile", async () => {
    const article = await editor.publish("closing-by-itself", { policy: { closesAt: inHours(2) } });
    const page = await openWindow(browser);
    await page.clock.install();
    await page.goto(`${room.url}/articles/closing-by-itself`);
    await live(page);
    const box = page.getByRole("textbox", { name: "Your comment" });
    const post = page.getByRole("button", { name: "Post comment" });
    const closed = region(page).locator("p.closed");
    await page.getByRole("textbox", { name: "Your name" }).fill("Cleo");
    await box.fill(words("Not yet sent"));
    await page.clock.fastForward(HOUR_MS);
    assert.ok(await post.isEnabled());
    // An editor gives it more time.
    await commenting(article, { closesAt: inHours(4), guidelines: "Be brief." });
    await region(page).getByText("Be brief.").waitFor();
    await page.clock.fastForward(2 * HOUR_MS);
    assert.ok(await post.isEnabled());
    assert.equal(await closed.count(), 0);
    await page.clock.fastForward(2 * HOUR_MS);
    await closed.waitFor();
    await region(page).getByRole("status").filter({ hasText: "Comments on this article are closed." }).waitFor();
    assert.equal(await box.inputValue(), words("Not yet sent"), "the text can still be copied");
    assert.ok(await post.isDisabled());
    // And opens it again: without an end, it stays open.
    await commenting(article, { closesAt: null });
    await closed.waitFor({ state: "detached" });
    assert.equal(await box.inputValue(), words("Not yet sent"));
    await page.clock.fastForward(500 * HOUR_MS);
    assert.ok(await post.isEnabled());
    assert.equal(await closed.count(), 0);
  });

  test("commenting that closes in two months is open until then", async () => {
    await editor.publish("closing-later", { policy: { closesAt: inHours(60 * 24) } });
    const page = await openWindow(browser);
    await page.clock.install();
    await page.goto(`${room.url}/articles/closing-later`);
    await live(page);
    const closed = region(page).locator("p.closed");
    for (const days of [20, 20]) {
      await page.clock.fastForward(days * 24 * HOUR_MS);
      await page.getByRole("textbox", { name: "Your comment" }).waitFor();
      assert.equal(await closed.count(), 0);
    }
    await page.clock.fastForward(21 * 24 * HOUR_MS);
    await closed.waitFor();
  });

  test("after posting, the focus is on the comment; code in it is wrapped, not scrolled", async () => {
    await editor.publish("focused");
    const page = await story("focused");
    await page.getByRole("textbox", { name: "Your name" }).fill("Fay");
    await page.getByRole("textbox", { name: "Your comment" }).fill(`${words("With code")}\n\n    ${"wide ".repeat(100)}`);
    await page.getByRole("button", { name: "Post comment" }).click();
    await becomes(page, "the comment has the focus", () => document.querySelector("talkback-comments").shadowRoot.activeElement?.matches(".comment") && document.querySelector("talkback-comments").shadowRoot.activeElement.textContent.includes("With code"));
    await accessible(page, "a comment with code");
  });

  test("asked whether to delete, the focus is on Keep; Keep and Escape bring it back to Delete, and nothing is deleted", async () => {
    await editor.publish("kept");
    const page = await story("kept");
    await page.getByRole("textbox", { name: "Your name" }).fill("Kay");
    await page.getByRole("textbox", { name: "Your comment" }).fill(words("To be kept"));
    await page.getByRole("button", { name: "Post comment" }).click();
    const mine = comment(page, "To be kept");
    const focused = (name) => becomes(page, `“${name}” has the focus`, (wanted) => document.querySelector("talkback-comments").shadowRoot.activeElement?.matches("button") && document.querySelector("talkback-comments").shadowRoot.activeElement.textContent === wanted, name);
    await mine.getByRole("button", { name: "Delete" }).focus();
    for (const answer of ["Enter", "Escape"]) {
      await page.keyboard.press("Enter");
      await mine.getByRole("group", { name: "Delete this comment?" }).waitFor();
      await focused("Keep");
      await page.keyboard.press(answer);
      await mine.getByRole("group", { name: "Delete this comment?" }).waitFor({ state: "detached" });
      await focused("Delete");
    }
    await page.keyboard.press("Enter");
    await focused("Keep");
    await accessible(page, "a question whether to delete");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await region(page).getByText("Your comment is deleted.").first().waitFor();
  });

  /** Writes a comment on the page: with a name, as a guest who has none yet. */
  const post = async (page, name, text) => {
    if (name) await page.getByRole("textbox", { name: "Your name" }).fill(name);
    await page.getByRole("textbox", { name: "Your comment" }).fill(text);
    await page.getByRole("button", { name: "Post comment" }).click();
    const id = await comment(page, text).evaluate((article) => article.closest("[data-id]").dataset.id);
    return { id };
  };

  test("on an open page, the author of a refused comment is told within a minute, and keeps the text", async () => {
    await editor.publish("refused-open", { policy: { moderation: "PRE" } });
    const page = await openWindow(browser);
    let asked = 0;
    page.on("request", (request) => /query OwnComments/.test(request.postData() ?? "") && asked++);
    await page.clock.install();
    await page.goto(`${room.url}/articles/refused-open`);
    await live(page);
    await page.clock.fastForward(60_000);
    const mine = await post(page, "Fred", words("Not to be"));
    await comment(page, "Not to be").getByText("Awaiting moderation", { exact: true }).waitFor();
    // Still waiting: asked, and nothing to tell.
    const answer = page.waitForResponse((response) => /query OwnComments/.test(response.request().postData() ?? ""));
    await page.clock.fastForward(60_000);
    await answer;
    await comment(page, "Not to be").getByText("Awaiting moderation", { exact: true }).waitFor();
    assert.equal(asked, 1, "not before there was something to ask for");
    await editor.reject(mine);
    await page.clock.fastForward(60_000);
    await region(page).getByRole("status").filter({ hasText: "Your comment was not published." }).waitFor({ state: "attached" });
    await comment(page, "Not to be").getByText("Your comment was not published.").waitFor();
    await comment(page, "Not to be").getByText("Not published", { exact: true }).waitFor();
    await region(page).getByText("Awaiting moderation").waitFor({ state: "detached" });
    await accessible(page, "a comment that was refused");
    await page.clock.fastForward(60_000);
    await page.clock.fastForward(60_000);
    assert.equal(asked, 2, "once it is told, nothing is left to ask");
    assert.deepEqual(page.errors, []);
  });

  test("an edit that awaits moderation stays on its author's page, and is gone for others", async () => {
    await editor.publish("edit-held", { policy: { moderation: "PRE" } });
    const [page, other] = [await story("edit-held"), await story("edit-held")];
    const mine = await post(page, "Ella", words("At first"));
    await editor.approve({ ...mine, revision: 1 });
    await comment(other, "At first:").waitFor();
    await comment(page, "At first:").getByText("Awaiting moderation", { exact: true }).waitFor({ state: "detached" });
    await comment(page, "At first:").getByRole("button", { name: "Edit" }).click();
    await page.locator("form.in-place textarea").fill(words("Afterwards"));
    await page.getByRole("button", { name: "Save" }).click();
    await comment(page, "Afterwards:").getByText("Awaiting moderation", { exact: true }).waitFor();
    await region(other).getByText("This comment was removed.").waitFor();
    // The next event comes after the one that took it from the others.
    await editor.approve(await editor.comment(await editor.articleId("edit-held"), words("Next")));
    await comment(page, "Next:").waitFor();
    await comment(page, "Afterwards:").getByText("Awaiting moderation", { exact: true }).waitFor();
    assert.equal(await region(page).getByText("This comment was removed.").count(), 0);
  });

  test("in the background nothing is asked; the author of a refused comment is told when the page is looked at again", async () => {
    await editor.publish("refused-hidden", { policy: { moderation: "PRE" } });
    const page = await openWindow(browser);
    let asked = 0;
    page.on("request", (request) => /query OwnComments/.test(request.postData() ?? "") && asked++);
    await page.clock.install();
    await page.goto(`${room.url}/articles/refused-hidden`);
    await live(page);
    const mine = await post(page, "Hilda", words("Judged unseen"));
    await turn(page, true);
    await page.clock.fastForward(60_000);
    await page.clock.fastForward(60_000);
    await editor.reject(mine);
    assert.equal(asked, 0);
    await turn(page, false);
    await comment(page, "Judged unseen").getByText("Your comment was not published.").waitFor();
    assert.equal(asked, 1);
  });

  test("when they come back, the author of a refused comment finds it marked, and can take it away; others never saw it", async () => {
    await editor.publish("refused-later", { policy: { moderation: "PRE" } });
    const page = await story("refused-later");
    await editor.reject(await post(page, "Greta", words("Refused")));
    const spam = await post(page, null, words("Called spam"));
    const { commentMarkSpam } = await editor.run("mutation($i: CommentModerateInput!) { commentMarkSpam(input: $i) { comment { revision } userErrors { message } } }", { i: { id: spam.id, revision: 1 } });
    await page.reload();
    await live(page);
    for (const text of ["Refused", "Called spam"]) {
      await comment(page, `${text}:`).getByText("Not published", { exact: true }).waitFor();
      assert.equal(await comment(page, `${text}:`).getByRole("button", { name: "Edit" }).count(), 0);
    }
    const other = await story("refused-later");
    await region(other).getByText("No comments yet").waitFor();
    await comment(page, "Refused:").getByRole("button", { name: "Delete" }).click();
    await comment(page, "Refused:").getByRole("group").getByRole("button", { name: "Delete" }).click();
    await region(page).getByText("Your comment is deleted.").first().waitFor();
    // A moderator thinks again: it is published where it stands.
    await editor.approve({ ...spam, ...commentMarkSpam.comment });
    await comment(page, "Called spam:").getByText("Not published").waitFor({ state: "detached" });
    await region(other).getByText("Called spam:").waitFor();
    await page.reload();
    await live(page);
    await comment(page, "Called spam:").waitFor();
    assert.equal(await region(page).getByText("Refused:").count(), 0);
    // Removed after others saw it: its author sees what everybody does.
    await editor.reject(spam);
    await region(page).getByText("This comment was removed.").waitFor();
    await page.reload();
    await region(page).getByText("No comments yet").waitFor();
  });

  test("a link to a comment that is no more says so", async () => {
    const article = await editor.publish("dangling");
    const gone = await guest.comment(article, words("Soon gone"));
    await editor.reject(gone);
    await story(`dangling#comment-${encodeURIComponent(gone.id)}`).then((page) => region(page).locator(".notice").getByText("is not here any more").waitFor());
  });

  test("posted offline, the text is kept and the page says so", async () => {
    await editor.publish("offline");
    const page = await story("offline");
    await page.getByRole("textbox", { name: "Your name" }).fill("Olive");
    const box = page.getByRole("textbox", { name: "Your comment" });
    await box.fill(words("From the tunnel"));
    await page.context().setOffline(true);
    await page.getByRole("button", { name: "Post comment" }).click();
    await region(page).getByText("Your text is kept").waitFor();
    assert.equal(await box.inputValue(), words("From the tunnel"));
    await page.context().setOffline(false);
    await page.getByRole("button", { name: "Post comment" }).click();
    await comment(page, "From the tunnel").waitFor();
    assert.equal(await box.inputValue(), "");
  });

  test("the host's token signs its reader in; one that is not taken is told, and replaced at run time", async () => {
    const article = await editor.publish("signed-in");
    await guest.comment(article, words("There already"));
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const token = (name) => {
      const now = Math.floor(Date.now() / 1000);
      const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ iss: "https://news.example.org", sub: `reader-${name}`, name, iat: now, exp: now + 600 })}`;
      return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
    };
    const page = await openWindow(browser);
    const element = `<script type="module" src="${room.url}/embed.js"></script><talkback-comments article="signed-in" token="nobody.knows.this"></talkback-comments>`;
    await page.addInitScript(() => addEventListener("talkback-token-refused", ({ target, detail }) => (globalThis.refused ??= []).push(`${target.localName}: ${detail.message}`)));
    await page.goto(host.page("/sso", room.url, element));
    await region(page).getByText("There already").waitFor();
    const told = await page.evaluate(() => globalThis.refused);
    assert.equal(told.length, 1, "once for each token");
    assert.match(told[0], /^talkback-comments: .+/);
    await page.getByRole("textbox", { name: "Your name" }).waitFor();
    await page.locator("talkback-comments").evaluate((place, value) => place.setAttribute("token", value), token("Sofia"));
    await page.getByRole("textbox", { name: "Your name" }).waitFor({ state: "detached" });
    await page.getByRole("textbox", { name: "Your comment" }).fill(words("By single sign-on"));
    await page.getByRole("button", { name: "Post comment" }).click();
    await region(page).getByRole("article", { name: "Comment by Sofia" }).getByText("By single sign-on").waitFor();
  });

  test("removed, the element leaves no listener, timer or connection", async () => {
    await editor.publish("removed");
    const page = await openWindow(browser);
    await page.addInitScript(() => {
      globalThis.timers = new Set();
      for (const [set, clear] of [["setInterval", "clearInterval"], ["setTimeout", "clearTimeout"]]) {
        const [start, stop] = [globalThis[set], globalThis[clear]];
        globalThis[set] = (act, ...rest) => {
          const id = start(() => {
            if (set === "setTimeout") timers.delete(id);
            act();
          }, ...rest);
          timers.add(id);(globalThis.who ??= {})[id] = `${set} ${rest} ${String(act).slice(0, 200)}`;
          return id;
        };
        globalThis[clear] = (id) => {
          timers.delete(id);
          stop(id);
        };
      }
      // Chromium's driver listens as well, to events of its own.
      const concerned = ["hashchange", "storage", "online", "visibilitychange"];
      globalThis.heard = new Map();
      for (const target of [globalThis, document]) {
        const [add, remove] = [target.addEventListener.bind(target), target.removeEventListener.bind(target)];
        target.addEventListener = (type, listener, ...rest) => (concerned.includes(type) && heard.set(listener, type), add(type, listener, ...rest));
        target.removeEventListener = (type, listener, ...rest) => (heard.delete(listener), remove(type, listener, ...rest));
      }
    });
    await page.goto(host.page("/gone", room.url, `<script type="module" src="${room.url}/embed.js"></script><talkback-comments article="removed"></talkback-comments>`));
    await live(page);
    assert.ok(await page.evaluate(() => timers.size > 0 && heard.size === 5), "there is something to end");
    const ended = page.waitForEvent("requestfailed", (request) => /subscription/.test(request.url()));
    await page.locator("talkback-comments").evaluate((element) => element.remove());
    await ended;
    await becomes(page, "every timer and listener is gone", () => timers.size === 0 && heard.size === 0);
  });

  test("counts are one request, which a cache may answer", async () => {
    const two = await editor.publish("tallied-two");
    await editor.publish("tallied-none");
    for (const mark of ["One", "Two"]) await guest.comment(two, words(mark));
    const page = await openWindow(browser);
    const answers = [];
    page.on("response", (response) => response.url().includes("/graphql") && answers.push(response));
    await page.goto(host.page("/list", room.url, `<script type="module" src="${room.url}/count.js"></script><talkback-count article="tallied-two">–</talkback-count> <talkback-count article="tallied-none">–</talkback-count>`));
    await page.getByText("2 comments").waitFor();
    assert.equal(answers.length, 1);
    const headers = answers[0].headers();
    assert.match(headers["cache-control"], /^public, max-age=\d+, stale-while-revalidate/);
    // The next page of the site with the same list asks nobody.
    const network = await page.context().newCDPSession(page);
    await network.send("Network.enable");
    const kept = [];
    network.on("Network.responseReceived", ({ response: { url, fromDiskCache } }) => fromDiskCache && kept.push(url));
    await page.goto(host.page("/list-2", room.url, `<script type="module" src="${room.url}/count.js"></script><talkback-count article="tallied-none">–</talkback-count> <talkback-count article="tallied-two">–</talkback-count>`));
    await page.getByText("2 comments").waitFor();
    assert.ok(kept.includes(answers[0].url()), "its counts came from the browser's cache");
    const again = await fetch(answers[0].url(), { headers: { accept: "application/json", "if-none-match": headers.etag } });
    assert.equal(again.status, 304);
  });
});
