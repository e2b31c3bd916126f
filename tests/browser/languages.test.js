/** What the element says, in the language of the page that it stands in. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { words } from "./support/api.js";
import { accessible, becomes, fits, launch, live, openWindow } from "./support/browser.js";
import { Host } from "./support/host.js";
import { Newsroom } from "./support/server.js";

suite("languages", () => {
  let room, browser, host, editor, guest;
  before(async () => {
    host = await Host.open();
    [room, browser] = await Promise.all([Newsroom.open("SQLite", { demo: false, options: ["--allow-origin", host.url] }), launch()]);
    [editor, guest] = await Promise.all([room.person("EDITOR", "Edith"), room.guest("Gus")]);
    const article = await editor.publish("worldly");
    const root = await guest.comment(article, words("The root"));
    for (let number = 1; number <= 4; number++) await guest.comment(article, words(`Reply ${number}`), root.id);
  });
  after(async () => {
    await browser?.close();
    await room?.close();
    await host?.close();
  });

  const script = () => `<script type="module" src="${room.url}/embed.js"></script>`;
  const element = (attributes = "") => `<talkback-comments article="worldly" ${attributes}>Soon.</talkback-comments>`;
  const region = (page, name) => page.getByRole("region", { name, exact: true });
  /** A page of the newsroom, and the parts of the element that it has asked for. */
  const visit = async (path, body, options) => {
    const page = await openWindow(browser, options);
    const parts = [];
    page.on("request", (request) => request.url().startsWith(`${room.url}/assets/`) && parts.push(request.url().replace(/.*\/assets\/|-[\w-]{8}\.js.*/g, "")));
    await page.goto(host.page(path, room.url, script() + body));
    return { page, parts };
  };

  test("in English every name is there at once, and nothing more is loaded until somebody writes", async () => {
    const { page, parts } = await visit("/en", element());
    const here = region(page, "Reader comments");
    await here.getByRole("button", { name: "Show 1 more reply" }).waitFor();
    await live(page);
    for (const name of ["Your name", "Your comment"]) await here.getByRole("textbox", { name, exact: true }).waitFor();
    await here.getByRole("button", { name: "Reply", exact: true }).first().waitFor();
    assert.deepEqual(parts, []);
    await here.getByRole("textbox", { name: "Your comment" }).focus();
    await becomes(page, "what sends a comment is fetched", () => performance.getEntriesByType("resource").some(({ name }) => /assets\/later-/.test(name)));
    assert.deepEqual(parts, ["later"]);
    assert.deepEqual(page.errors, []);
  });

  for (const [lang, title, send, more, month, dialog, reason] of [
    ["de", "Kommentare", "Kommentar senden", "1 weitere Antwort anzeigen", "de", "Kommentar melden", "Er ist Werbung"],
    ["fr-CA", "Commentaires", "Publier le commentaire", "Afficher 1 autre réponse", "fr-CA", "Signaler ce commentaire", "Il est hors sujet"],
    ["es", "Comentarios", "Publicar comentario", "Mostrar 1 respuesta más", "es", "Denunciar este comentario", "Es publicidad"],
  ]) {
    test(`in ${lang} words, dates and plurals are its own`, async () => {
      const { page, parts } = await visit(`/${lang}`, element(`lang="${lang}"`), { viewport: { width: 375, height: 800 } });
      const here = region(page, title);
      await here.getByRole("button", { name: more, exact: true }).waitFor();
      assert.deepEqual(parts, [`words-${lang.slice(0, 2)}`]);
      assert.match(await here.locator("time").first().getAttribute("title"), new RegExp(new Intl.DateTimeFormat(month, { month: "long" }).format(new Date())));
      await here.locator(".report").first().click();
      const asking = page.getByRole("dialog", { name: dialog, exact: true });
      await asking.getByRole("radio", { name: reason, exact: true }).waitFor();
      await accessible(page, `the report in ${lang}`);
      await page.keyboard.press("Escape");
      await here.locator("textarea").fill(words(`Written in ${lang}`));
      await here.locator("input[name=name]").fill("Lea");
      await here.getByRole("button", { name: send, exact: true }).click();
      await here.getByRole("article").filter({ hasText: `Written in ${lang}` }).waitFor();
      await fits(page, `the thread in ${lang}`);
      const said = await page.locator("talkback-comments").evaluate((place) => [...place.shadowRoot.querySelectorAll("button, select, label, .comment-head, .counter, .notice, [aria-label]")].map((part) => (part.matches("article, section") ? part.ariaLabel : part.textContent).trim()).join("\n"));
      assert.equal(/\b(Reply|Report|Sort|Recommend|Newest|by|characters|Your|Show|Hide|ago)\b/.exec(said)?.[0], undefined, `nothing is left in English:\n${said}`);
      assert.deepEqual(page.errors, []);
    });
  }

  test("a refusal is told in the language of the element", async () => {
    const article = await editor.publish("geschlossen");
    const page = await openWindow(browser);
    await page.goto(host.page("/closed", room.url, `${script()}<talkback-comments article="geschlossen" lang="de"></talkback-comments>`));
    const here = region(page, "Kommentare");
    await here.locator("textarea").fill(words("Davor"));
    await here.locator("input[name=name]").fill("Lea");
    // The page does not hear of it.
    await page.route(/graphql/, async (route) => {
      if (/commentSubmit/.test(route.request().postData() ?? "")) await editor.run("mutation($i: CommentingSetInput!) { commentingSet(input: $i) { userErrors { message } } }", { i: { articleId: article, minLength: 500 } });
      await route.continue();
    });
    await here.getByRole("button", { name: "Kommentar senden" }).click();
    await here.getByText("Ihr Kommentar ist zu kurz.").waitFor();
  });

  test("the language changes at run time, and one that there is not is English", async () => {
    const { page, parts } = await visit("/changing", `<div lang="es">${element()}</div>`);
    await region(page, "Comentarios").getByText("The root").waitFor();
    const place = page.locator("talkback-comments");
    await place.evaluate((it) => it.setAttribute("lang", "de"));
    await region(page, "Kommentare").waitFor();
    await place.evaluate((it) => (it.lang = "tlh"));
    await region(page, "Reader comments").waitFor();
    assert.equal(await region(page, "Reader comments").getAttribute("lang"), "en");
    await place.evaluate((it) => it.removeAttribute("lang"));
    await region(page, "Comentarios").waitFor();
    assert.equal(await page.getByRole("region").count(), 1);
    assert.deepEqual([...new Set(parts)], ["words-es", "words-de"]);
    assert.deepEqual(page.errors, []);
  });

  test("a host says it in words of its own, as an attribute or as a property", async () => {
    const { page } = await visit("/own-words", element(`words='{"title": "Talk of the town", "moreReplies": {"one": "One more", "other": "{n} more"}}'`));
    const here = region(page, "Talk of the town");
    await here.getByRole("button", { name: "One more", exact: true }).waitFor();
    await here.getByRole("button", { name: "Post comment" }).waitFor();
    await page.locator("talkback-comments").evaluate((place) => (place.words = { post: "Have your say" }));
    await region(page, "Reader comments").getByRole("button", { name: "Have your say" }).waitFor();
  });

  test("counts in a list are in the language of what they stand in", async () => {
    await editor.publish("untold");
    const page = await openWindow(browser);
    const lists = ["en", "de", "fr", "es", "no_tag", "nl"].map((lang) => `<ul lang="${lang}"><li><talkback-count article="worldly">–</talkback-count></li><li><talkback-count article="untold">–</talkback-count></li></ul>`).join("");
    await page.goto(host.page("/lists", room.url, `<script type="module" src="${room.url}/count.js"></script>${lists}`));
    await becomes(page, "all are told", () => [...document.querySelectorAll("talkback-count")].every(({ textContent }) => textContent !== "–"));
    const told = await page.locator("talkback-count").allTextContents();
    const count = (await guest.run('{ article(slug: "worldly") { commentCount } }')).article.commentCount;
    assert.ok(count > 1);
    assert.deepEqual(told, [`${count} comments`, "0 comments", `${count} Kommentare`, "0 Kommentare", `${count} commentaires`, "0 commentaire", `${count} comentarios`, "0 comentarios", `${count} comments`, "0 comments", `${count} comments`, "0 comments"]);
    assert.deepEqual(page.errors, []);
  });

  test("where a language does not come, the comments are there in English", async () => {
    const page = await openWindow(browser);
    await page.route(/words-de/, (route) => route.abort());
    await page.goto(host.page("/cut-off", room.url, script() + element('lang="de"')));
    await region(page, "Reader comments").getByText("The root").waitFor();
    await page.unroute(/words-de/);
    await page.locator("talkback-comments").evaluate((place) => place.reload());
    await region(page, "Kommentare").waitFor();
  });

  test("where what sends a comment does not come, the text is kept, and the next attempt fetches it", async () => {
    const page = await openWindow(browser);
    await page.route(/assets\/later/, (route) => route.abort());
    await page.goto(host.page("/tunnel", room.url, script() + element()));
    const here = region(page, "Reader comments");
    await here.getByRole("textbox", { name: "Your name" }).fill("Tess");
    await here.getByRole("textbox", { name: "Your comment" }).fill(words("From the tunnel"));
    await here.getByRole("button", { name: "Post comment" }).click();
    await here.getByText("Your text is kept").waitFor();
    await page.unroute(/assets\/later/);
    await here.getByRole("button", { name: "Post comment" }).click();
    await here.getByRole("article", { name: "Comment by Tess" }).waitFor();
  });
});
