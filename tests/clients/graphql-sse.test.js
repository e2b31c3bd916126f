// The reference client of GraphQL over SSE, in distinct connections mode.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClient } from 'graphql-sse';
import { APPROVED, ARTICLE, collector, newsroom, soon } from './server.js';

let room;
before(async () => {
  room = await newsroom();
});
after(() => room.stop());

function once(client, payload) {
  return soon(
    'an answer',
    new Promise((done, failed) => {
      let result;
      client.subscribe(payload, { next: (value) => (result = value), error: failed, complete: () => done(result) });
    }),
  );
}

for (const method of ['POST', 'GET']) {
  const client = () => createClient({ url: (payload) => address(payload, method), singleConnection: false, retryAttempts: 0, fetchFn: fetchBy(method) });

  test(`a query by ${method} is one result and the end`, async () => {
    const result = await once(client(), { query: ARTICLE, variables: { slug: 'story' } });
    assert.equal(result.data.article.slug, 'story');
  });

  test(`a subscription by ${method} gives each event once and in order`, async () => {
    const events = collector();
    const following = client();
    const variables = { articleId: room.article, after: await room.feedCursor() };
    const stop = following.subscribe({ query: APPROVED, variables }, { next: events.push, error: (error) => events.push({ error }), complete: () => {} });
    for (let number = 0; number < 3; number += 1) {
      const id = await room.comment();
      assert.equal((await events.next('an event')).data?.commentApproved.comment.id, id);
    }
    stop();
    following.dispose();
  });

  test(`an invalid operation by ${method} is told`, async () => {
    const result = await once(client(), { query: '{ nonsense }' });
    assert.equal(result.errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
  });
}

function address(payload, method) {
  if (method === 'POST') return room.url;
  const url = new URL(room.url);
  url.searchParams.set('query', payload.query);
  if (payload.variables) url.searchParams.set('variables', JSON.stringify(payload.variables));
  return url.toString();
}

/** The client posts: this sends the same request as an EventSource would. */
function fetchBy(method) {
  if (method === 'POST') return fetch;
  return (url, options) => {
    const payload = JSON.parse(options.body);
    return fetch(address(payload, 'GET'), { ...options, method: 'GET', body: undefined });
  };
}
