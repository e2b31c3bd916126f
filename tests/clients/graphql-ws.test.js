// The reference client of graphql-transport-ws.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClient, CloseCode } from 'graphql-ws';
import WebSocket from 'ws';
import { APPROVED, ARTICLE, SUBMIT, body, collector, newsroom, soon } from './server.js';

let room;
before(async () => {
  room = await newsroom();
});
after(() => room.stop());

function client(options = {}) {
  return createClient({ url: room.socket, webSocketImpl: WebSocket, retryAttempts: 0, ...options });
}

/** The one answer of a query or a mutation. */
function once(client, payload) {
  return soon(
    'an answer',
    new Promise((done, failed) => {
      let result;
      client.subscribe(payload, { next: (value) => (result = value), error: failed, complete: () => done(result) });
    }),
  );
}

function follow(client, variables) {
  const events = collector();
  const stop = client.subscribe(
    { query: APPROVED, variables },
    { next: events.push, error: (error) => events.push({ error }), complete: () => events.push({ complete: true }) },
  );
  return { ...events, stop };
}

test('queries and mutations run on a socket', async () => {
  const ana = client({ connectionParams: { Authorization: `Bearer ${room.tokens.reader}` } });
  const read = await once(ana, { query: ARTICLE, variables: { slug: 'story' } });
  assert.equal(read.data.article.headline, 'A story');
  const written = await once(ana, { query: SUBMIT, variables: { input: { articleId: room.article, body } } });
  assert.deepEqual(written.data.commentSubmit.userErrors, []);
  await ana.dispose();
});

test('a subscription gives each event once and in order, and ends when asked', async () => {
  const anyone = client();
  const after = await room.feedCursor();
  const events = follow(anyone, { articleId: room.article, after });
  for (let number = 0; number < 3; number += 1) {
    const id = await room.comment();
    const event = await events.next('an event');
    assert.equal(event.data.commentApproved.comment.id, id);
  }
  events.stop();
  assert.deepEqual(await events.next('the end'), { complete: true });
  await anyone.dispose();
});

test('a request that can not start is an error, not a result', async () => {
  const anyone = client();
  await assert.rejects(once(anyone, { query: '{ nonsense }' }), (errors) => {
    assert.equal(errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
    return true;
  });
  await assert.rejects(once(anyone, { query: '{ broken' }), (errors) => errors[0].extensions.code === 'GRAPHQL_PARSE_FAILED');
  await anyone.dispose();
});

test('pings and pongs go both ways', async () => {
  const pongs = collector();
  const pinging = client({ keepAlive: 20, lazy: false, on: { pong: (received) => received && pongs.push('pong') } });
  await pongs.next('a pong');
  await pongs.next('another pong');
  await pinging.dispose();
});

test('bad credentials and a second initialisation are told by their codes', async () => {
  const closed = collector();
  const wrong = client({
    connectionParams: { Authorization: 'Bearer nonsense' },
    lazy: false,
    onNonLazyError: () => {},
    on: { closed: (event) => closed.push(event) },
  });
  assert.equal((await closed.next('a close')).code, CloseCode.Forbidden);
  await wrong.dispose();
  const twice = client({
    lazy: false,
    onNonLazyError: () => {},
    on: {
      connected: (socket) => socket.send(JSON.stringify({ type: 'connection_init' })),
      closed: (event) => closed.push(event),
    },
  });
  assert.equal((await closed.next('a close')).code, CloseCode.TooManyInitialisationRequests);
  await twice.dispose();
});

test('a socket that is told to come back goes on where it was', async () => {
  const own = await newsroom();
  const events = collector();
  const closed = collector();
  const short = createClient({
    url: own.socket,
    webSocketImpl: WebSocket,
    retryAttempts: 3,
    retryWait: async () => {},
    connectionParams: async () => ({ Authorization: `Bearer ${await own.token('READER', '2s')}` }),
    on: { closed: (event) => closed.push(event) },
  });
  const stop = short.subscribe(
    { query: APPROVED, variables: { articleId: own.article, after: await own.feedCursor() } },
    { next: events.push, error: (error) => events.push({ error }), complete: () => {} },
  );
  const first = await own.comment();
  assert.equal((await events.next('an event')).data.commentApproved.comment.id, first);
  // The token's time is over: the code says so, and the client comes back with the next one.
  const close = await closed.next('the token to expire');
  assert.deepEqual([close.code, close.reason], [4403, 'Token expired']);
  const again = await events.next('the first event, since `after` is the same');
  assert.equal(again.data.commentApproved.comment.id, first);
  stop();
  await short.dispose();
  await own.stop();
});
