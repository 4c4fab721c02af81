import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildSchema } from 'graphql';
import { readFileSync } from 'node:fs';
import { follow, socketOptions } from './live.js';
import { Newest } from './newest.js';
import { possibleTypes, valueTypes } from './schema.js';
import { Session, SessionEnded } from './session.js';
import { storage } from './test-storage.js';
import { keys } from './urql.js';

type Event = { changed: { updatedAt: string } };

test('each connection subscribes with the newest time, and a gap is queried', async () => {
  const sent: string[] = [];
  type Sink = { next(result: unknown): void; error(error: unknown): void };
  let payload: unknown;
  let sink: Sink | undefined;
  const client = { subscribe: (given: unknown, to: unknown) => { payload = given; sink = to as Sink; return () => {}; } };
  const connect = () => sent.push((JSON.parse(JSON.stringify(payload)) as { variables: { since: string } }).variables.since);
  const errors: unknown[] = [];
  const close = follow<Event>(client as never, '2026-01-01T00:00:00Z', {
    query: '', select: ({ changed }) => changed, onData: () => {}, onError: (error) => errors.push(error),
    onGap: async () => '2026-03-01T00:00:00Z',
  });
  connect();
  sink?.next({ data: { changed: { updatedAt: '2026-02-02T00:00:00Z' } } });
  sink?.next({ data: { changed: { updatedAt: '2026-02-01T00:00:00Z' } } });
  connect();
  sink?.error([{ extensions: { code: 'TOO_MANY_CHANGES' } }]);
  await new Promise((resolve) => setImmediate(resolve));
  connect();
  assert.deepEqual(sent, ['2026-01-01T00:00:00Z', '2026-02-02T00:00:00Z', '2026-03-01T00:00:00Z']);
  sink?.error([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  assert.equal(errors.length, 1);
  close();
  sink?.error([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  assert.equal(errors.length, 1, 'what is closed says nothing');
});

test('a socket that was closed with 4403 connects with a new token, any other with the same', async () => {
  let renewed = 0;
  const answer = () => {
    renewed += 1;
    return Response.json({ data: { refreshSession: { tokens: { accessToken: `a${renewed + 1}`, refreshToken: 'r' }, errors: [] } } });
  };
  const session = new Session({ url: '', storage: storage(), fetch: async () => answer() });
  session.begin({ accessToken: 'a1', refreshToken: 'r1' });
  const options = socketOptions(session);
  const connect = options.connectionParams as () => Promise<{ Authorization: string }>;
  assert.deepEqual(await connect(), { Authorization: 'Bearer a1' });
  options.on?.closed?.({ code: 1012 });
  assert.deepEqual(await connect(), { Authorization: 'Bearer a1' });
  options.on?.closed?.({ code: 4403 });
  assert.deepEqual(await connect(), { Authorization: 'Bearer a2' });
  assert.ok(!options.shouldRetry?.(new SessionEnded()) && options.shouldRetry?.(new Error('network')));
});

test('an answer that arrives late does not bring an old balance back', () => {
  const newest = new Newest();
  const wallet = (version: number, amount: string) => ({ wallet: { __typename: 'Wallet', id: 'wallet_1', version, available: { amount } } });
  assert.deepEqual(newest.of(wallet(7, '70.00')), wallet(7, '70.00'));
  assert.deepEqual(newest.of(wallet(6, '60.00')), wallet(7, '70.00'));
  assert.deepEqual(newest.of(wallet(8, '80.00')), wallet(8, '80.00'));
  const payment = (updatedAt: string, status: string) => [{ __typename: 'Transaction', id: 'transaction_1', updatedAt, status }];
  newest.of(payment('2026-11-28T10:00:02.000000Z', 'COMPLETED'));
  const late = newest.of(payment('2026-11-28T10:00:01.000000Z', 'PENDING_CONFIRMATION'));
  assert.deepEqual(late, payment('2026-11-28T10:00:02.000000Z', 'COMPLETED'));
  newest.clear();
  assert.deepEqual(newest.of(wallet(6, '60.00')), wallet(6, '60.00'));
});

test('the types of the cache are those of the schema', () => {
  const schema = buildSchema(readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'));
  assert.deepEqual(Object.keys(possibleTypes).sort(), ['Node', 'UserError']);
  assert.ok(possibleTypes['Node']?.includes('Wallet') && possibleTypes['UserError']?.includes('WrongState'));
  for (const type of ['Money', 'Limit', 'Tokens', 'AuditFinding', 'TransactionPayload', 'PageInfo']) {
    assert.ok(valueTypes.includes(type), type);
    assert.equal(keys[type]?.(), null);
  }
  for (const type of ['Wallet', 'Customer', 'Query', 'Node']) assert.ok(!valueTypes.includes(type), type);
  assert.ok(valueTypes.every((type) => schema.getType(type)));
});
