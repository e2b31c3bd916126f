// urql: HTTP, persisted queries, and subscriptions over server-sent events and WebSockets.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { APPROVED, ARTICLE, SUBMIT, body, collector, newsroom } from './server.js';

let room;
before(async () => {
  room = await newsroom();
});
after(() => room.stop());

const plain = (options = {}) =>
  new Client({ url: room.url, preferGetMethod: false, exchanges: [fetchExchange], ...options });

test('queries and mutations over HTTP', async () => {
  const headers = { authorization: `Bearer ${room.tokens.reader}` };
  const client = plain({ fetchOptions: { headers } });
  const read = await client.query(ARTICLE, { slug: 'story' }).toPromise();
  assert.equal(read.error, undefined);
  assert.equal(read.data.article.headline, 'A story');
  const written = await client.mutation(SUBMIT, { input: { articleId: room.article, body } }).toPromise();
  assert.deepEqual(written.data.commentSubmit.userErrors, []);
  const wrong = await client.query('{ nonsense }', {}).toPromise();
  assert.equal(wrong.error.graphQLErrors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
});

test('queries by GET, and persisted ones', async () => {
  const byGet = await plain({ preferGetMethod: 'force' }).query(ARTICLE, { slug: 'story' }).toPromise();
  assert.equal(byGet.data?.article.slug, 'story', String(byGet.error));
  const persisted = () =>
    plain({ preferGetMethod: true, exchanges: [persistedExchange({ preferGetForPersistedQueries: true }), fetchExchange] });
  for (let round = 0; round < 2; round += 1) {
    const read = await persisted().query(ARTICLE, { slug: 'story' }).toPromise();
    assert.equal(read.data?.article.slug, 'story', String(read.error));
  }
});

async function follows(client) {
  const events = collector();
  const variables = { articleId: room.article, after: await room.feedCursor() };
  const { unsubscribe } = client.subscription(APPROVED, variables).subscribe(events.push);
  for (let number = 0; number < 3; number += 1) {
    const id = await room.comment();
    const event = await events.next('an event');
    assert.equal(event.data?.commentApproved.comment.id, id, String(event.error));
  }
  unsubscribe();
}

test('subscriptions over server-sent events', async () => {
  await follows(plain({ exchanges: [fetchExchange], fetchSubscriptions: true }));
});

test('subscriptions on a WebSocket', async () => {
  const socket = createClient({ url: room.socket, webSocketImpl: WebSocket });
  const forward = (request) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe({ ...request, query: request.query ?? '' }, sink) }),
  });
  await follows(plain({ exchanges: [fetchExchange, subscriptionExchange({ forwardSubscription: forward })] }));
  await socket.dispose();
});
