// GraphQL over HTTP by the letter: every audit of graphql-http.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serverAudits } from 'graphql-http';
import { start } from './server.js';

let server;
before(async () => {
  server = await start();
});
after(() => server.stop());

const audits = serverAudits({ url: () => server.url, fetchFn: fetch });

test('there are as many audits as ever', () => {
  assert.ok(audits.length >= 61, `${audits.length}`);
});

for (const audit of audits) {
  test(`${audit.id} ${audit.name}`, async () => {
    const result = await audit.fn();
    assert.equal(result.status, 'ok', result.reason);
  });
}
