// Apollo Client: HTTP, and subscriptions on a WebSocket.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { APPROVED, ARTICLE, SUBMIT, body, collector, newsroom } from './server.js';

let room;
before(async () => {
  room = await newsroom();
});
after(() => room.stop());

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
