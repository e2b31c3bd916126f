// Relay's network layer and store, with an environment as its documentation sets one up.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClient } from 'graphql-ws';
import relay from 'relay-runtime';
import WebSocket from 'ws';
import { APPROVED, ARTICLE, SUBMIT, body, collector, newsroom, soon } from './server.js';

const { Environment, Network, Observable, RecordSource, Store } = relay;

let room;
let socket;
let network;
before(async () => {
  room = await newsroom();
  socket = createClient({ url: room.socket, webSocketImpl: WebSocket });
  const send = async (params, variables) => {
    const response = await fetch(room.url, {
      method: 'POST',
      headers: {
        accept: 'application/graphql-response+json, application/json;q=0.9',
        authorization: `Bearer ${room.tokens.reader}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ query: params.text, operationName: params.name, variables }),
    });
    return response.json();
  };
  const follow = (params, variables) =>
    Observable.create((sink) => socket.subscribe({ query: params.text, operationName: params.name, variables }, sink));
  network = Network.create(send, follow);
});
after(async () => {
  await socket.dispose();
  await room.stop();
});

const params = (name, operationKind, text) => ({ name, operationKind, text, id: null, cacheID: name, metadata: {} });

test('queries, mutations and errors', async () => {
  const read = await network.execute(params('Article', 'query', ARTICLE), { slug: 'story' }, {}).toPromise();
  assert.equal(read.data.article.slug, 'story');
  const input = { articleId: room.article, body };
  const written = await network.execute(params('Submit', 'mutation', SUBMIT), { input }, {}).toPromise();
  assert.deepEqual(written.data.commentSubmit.userErrors, []);
  const wrong = await network.execute(params('Wrong', 'query', 'query Wrong { nonsense }'), {}, {}).toPromise();
  assert.equal(wrong.errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
});

test('the store normalises what the network brings', async () => {
  const environment = new Environment({ network, store: new Store(new RecordSource()) });
  const field = (name) => ({ kind: 'ScalarField', name, alias: null, args: null, storageKey: null });
  const article = {
    kind: 'LinkedField', name: 'article', alias: null, plural: false, concreteType: 'Article', storageKey: null,
    args: [{ kind: 'Variable', name: 'slug', variableName: 'slug' }],
    selections: [field('__typename'), field('id'), field('slug'), field('headline'), field('commentCount')],
  };
  const argumentDefinitions = [{ kind: 'LocalArgument', name: 'slug', defaultValue: null }];
  const request = {
    kind: 'Request',
    fragment: { kind: 'Fragment', name: 'Article', type: 'Query', metadata: null, argumentDefinitions, selections: [article] },
    operation: { kind: 'Operation', name: 'Article', argumentDefinitions, selections: [article] },
    params: params('Article', 'query', ARTICLE),
  };
  const read = await soon('the query', relay.fetchQuery(environment, request, { slug: 'story' }).toPromise());
  assert.equal(read.article.headline, 'A story');
  assert.equal(environment.getStore().getSource().get(read.article.id)?.__typename, 'Article');
});

test('subscriptions', async () => {
  const events = collector();
  const variables = { articleId: room.article, after: await room.feedCursor() };
  const subscription = network.execute(params('Approved', 'subscription', APPROVED), variables, {}).subscribe({ next: events.push, error: (error) => events.push({ error }) });
  for (let number = 0; number < 3; number += 1) {
    const id = await room.comment();
    assert.equal((await events.next('an event')).data?.commentApproved.comment.id, id);
  }
  subscription.unsubscribe();
});
