// A node of Talkback for the tests of one file: the real binary, on a free port and a directory of its own.
import { spawn, execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const binary = process.env.TALKBACK_TEST_BINARY ?? join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'debug/talkback');
/** What a test waits for anything, in milliseconds. */
export const deadline = Number(process.env.TALKBACK_TEST_DEADLINE ?? 10) * 1000;

function environment() {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('TALKBACK_'));
  return Object.fromEntries(kept);
}

/** Starts a node and waits until it listens. */
export async function start(...flags) {
  const directory = await mkdtemp(join(tmpdir(), 'talkback-clients-'));
  const data = ['--data-dir', join(directory, 'data')];
  const options = ['--listen', '127.0.0.1:0', '--rate-limits', 'off', '--demo', 'off', ...data, ...flags];
  const child = spawn(binary, ['serve', ...options], {
    cwd: directory,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // The last of its log, for when it does not start.
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (log = (log + text).slice(-4000)));
  const ended = new Promise((done) => child.once('exit', done));
  const address = await new Promise((found, failed) => {
    child.once('error', failed);
    child.once('exit', (code) => failed(new Error(`the server ended with ${code}:\n${log}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const match = /listening on http:\/\/(\S+)/.exec(line);
      if (match) found(match[1]);
    });
  });
  const token = async (role, ttl = '1h') => {
    const flags = ['token', '--role', role, '--name', `A ${role}`, '--ttl', ttl, ...data];
    const { stdout } = await run(binary, flags, { cwd: directory, env: environment() });
    return stdout.trim();
  };
  return {
    url: `http://${address}/graphql`,
    socket: `ws://${address}/graphql`,
    token,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A newsroom with one article whose comments show at once, and people in it. */
export async function newsroom(...flags) {
  const server = await start(...flags);
  const tokens = { editor: await server.token('EDITOR'), moderator: await server.token('MODERATOR') };
  const ask = async (query, variables, token) => {
    const headers = { 'content-type': 'application/json' };
    if (token) headers.authorization = `Bearer ${token}`;
    const response = await fetch(server.url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
    const answer = await response.json();
    if (answer.errors) throw new Error(JSON.stringify(answer.errors));
    return answer.data;
  };
  const input = { slug: 'story', headline: 'A story', body: 'Nobody has locked that door since.', tags: [], keyPoints: [] };
  const published = await ask(
    'mutation ($input: ArticlePublishInput!) { articlePublish(input: $input) { article { id } userErrors { message } } }',
    { input },
    tokens.editor,
  );
  const article = published.articlePublish.article.id;
  await ask(
    'mutation ($input: CommentingSetInput!) { commentingSet(input: $input) { userErrors { message } } }',
    { input: { articleId: article, moderation: 'POST' } },
    tokens.editor,
  );
  const guest = await ask(
    'mutation { sessionStartGuest(input: { displayName: "Ana" }) { token } }',
  );
  tokens.reader = guest.sessionStartGuest.token;
  let count = 0;
  /** Writes a comment, which shows at once; answers with its id. */
  const comment = async () => {
    count += 1;
    const body = `Comment ${count}: fifty characters are quickly said when there is something to say.`;
    const written = await ask(
      'mutation ($input: CommentSubmitInput!) { commentSubmit(input: $input) { comment { id } userErrors { message } } }',
      { input: { articleId: article, body } },
      tokens.reader,
    );
    return written.commentSubmit.comment.id;
  };
  const feedCursor = async () => (await ask('{ article(slug: "story") { feedCursor } }')).article.feedCursor;
  return { ...server, article, tokens, ask, comment, feedCursor };
}

/** What the clients send. */
export const ARTICLE = 'query Article($slug: String!) { article(slug: $slug) { __typename id slug headline commentCount } }';
export const APPROVED = `subscription Approved($articleId: ID!, $after: String) {
  commentApproved(articleId: $articleId, after: $after) { __typename cursor commentCount comment { __typename id } }
}`;
export const SUBMIT = `mutation Submit($input: CommentSubmitInput!) {
  commentSubmit(input: $input) { __typename comment { __typename id } userErrors { __typename code message } }
}`;
export const body = 'Fifty characters are quickly said when there is something to say.';

/** Fails when something does not happen in time. */
export function soon(what, promise) {
  let timer;
  const late = new Promise((_, failed) => {
    timer = setTimeout(() => failed(new Error(`waited in vain for ${what}`)), deadline);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Collects what a subscription gives: `next()` waits for one. */
export function collector() {
  const ready = [];
  const waiting = [];
  return {
    push: (value) => (waiting.length ? waiting.shift()(value) : ready.push(value)),
    next: (what) => soon(what, ready.length ? Promise.resolve(ready.shift()) : new Promise((got) => waiting.push(got))),
  };
}
