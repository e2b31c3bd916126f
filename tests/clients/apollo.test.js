// Apollo Client: HTTP, automatic persisted queries by GET, and subscriptions on a WebSocket.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { APPROVED, ARTICLE, SUBMIT, body, collector, newsroom } from './server.js';

let room;
before(async () => {
  room = await newsroom();
});
after(() => room.stop());

const requests = [];
const recorded = async (url, options) => {
  const response = await fetch(url, options);
  requests.push({ url: String(url), method: options.method, status: response.status, body: options.body });
  return response;
};

test('queries and mutations over HTTP', async () => {
  const headers = { authorization: `Bearer ${room.tokens.reader}` };
  const client = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: room.url, headers }) });
  const read = await client.query({ query: gql(ARTICLE), variables: { slug: 'story' } });
  assert.equal(read.data.article.headline, 'A story');
  const input = { articleId: room.article, body };
  const written = await client.mutate({ mutation: gql(SUBMIT), variables: { input } });
  assert.deepEqual(written.data.commentSubmit.userErrors, []);
  await assert.rejects(client.query({ query: gql('{ viewer { nonsense } }') }));
  client.stop();
});

test('a persisted query is sent whole once, and by its digest after that', async () => {
  const sha256 = (text) => createHash('sha256').update(text).digest('hex');
  const link = () =>
    new PersistedQueryLink({ sha256, useGETForHashedQueries: true }).concat(new HttpLink({ uri: room.url, fetch: recorded }));
  const ask = async () => {
    const client = new ApolloClient({ cache: new InMemoryCache(), link: link() });
    const read = await client.query({ query: gql(ARTICLE), variables: { slug: 'story' } });
    assert.equal(read.data.article.slug, 'story');
    client.stop();
  };
  requests.length = 0;
  await ask();
  await ask();
  const shown = requests.map(({ method, url, body }) => [method, /[?&]query=/.test(url) || /"query"/.test(body ?? '')]);
  // Asked by digest, told that nobody knows it, sent whole; then by digest alone.
  assert.equal(shown.length, 3, JSON.stringify(shown));
  assert.deepEqual(shown.map(([, whole]) => whole), [false, true, false]);
  assert.equal(shown[2][0], 'GET');
});

test('subscriptions on a WebSocket', async () => {
  const socket = createClient({ url: room.socket, webSocketImpl: WebSocket });
  const client = new ApolloClient({ cache: new InMemoryCache(), link: new GraphQLWsLink(socket) });
  const events = collector();
  const variables = { articleId: room.article, after: await room.feedCursor() };
  const subscription = client.subscribe({ query: gql(APPROVED), variables }).subscribe({ next: events.push, error: (error) => events.push({ error }) });
  for (let number = 0; number < 3; number += 1) {
    const id = await room.comment();
    assert.equal((await events.next('an event')).data?.commentApproved.comment.id, id);
  }
  subscription.unsubscribe();
  client.stop();
  await socket.dispose();
});
