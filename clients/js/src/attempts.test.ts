import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Attempts, isKeyUsed, UnansweredAttempt } from './attempts.js';
import { storage } from './test-storage.js';

const INPUT = { to: 'bob', amount: '5.00' };
const PAID = { transaction: { id: 'transaction_1' }, errors: [] };
const refused = (code: string) => ({ transaction: null, errors: [{ code }] });
const lost = async (): Promise<never> => { throw new TypeError('Failed to fetch'); };

test('a lost answer keeps the key over a reload, and the next attempt sends it again', async () => {
  const kept = storage();
  const keys: string[] = [];
  await assert.rejects(new Attempts(kept, 'alice').send('pay', INPUT, (key) => { keys.push(key); return lost(); }));
  const reloaded = new Attempts(kept, 'alice');
  assert.deepEqual(reloaded.unanswered('pay')?.input, INPUT);
  await reloaded.send('pay', INPUT, async (key) => { keys.push(key); return PAID; });
  assert.equal(keys[0], keys[1]);
  assert.equal(reloaded.unanswered('pay'), null);
  await reloaded.send('pay', INPUT, async (key) => { keys.push(key); return PAID; });
  assert.notEqual(keys[2], keys[1]);
});

test('while an answer is lost, another input is not sent', async () => {
  const attempts = new Attempts(storage(), 'alice');
  await assert.rejects(attempts.send('pay', INPUT, lost));
  const other = attempts.send('pay', { ...INPUT, amount: '6.00' }, async () => assert.fail('It was sent.'));
  await assert.rejects(other, UnansweredAttempt);
});

test('a refusal that used no key keeps it for a corrected input', async () => {
  const attempts = new Attempts(storage(), 'alice');
  const keys: string[] = [];
  const answer = (payload: unknown) => async (key: string) => { keys.push(key); return payload; };
  await attempts.send('pay', INPUT, answer(refused('LIMIT_EXCEEDED')));
  assert.equal(attempts.unanswered('pay'), null);
  await attempts.send('pay', { ...INPUT, amount: '1.00' }, answer(refused('IDEMPOTENCY_KEY_REUSED')));
  await attempts.send('pay', INPUT, answer(PAID));
  assert.equal(keys[0], keys[1]);
  assert.notEqual(keys[1], keys[2]);
});

test('only an error that certainly did nothing lets the input change', async () => {
  for (const [code, isUnanswered] of [['SERVICE_BUSY', true], ['INTERNAL', true], ['RATE_LIMITED', false], ['BAD_USER_INPUT', false]] as const) {
    const attempts = new Attempts(storage(), 'alice');
    await assert.rejects(attempts.send('pay', INPUT, lost, () => [code]));
    assert.equal(attempts.unanswered('pay') !== null, isUnanswered, code);
  }
});

test('keys of one user are never those of another', async () => {
  const kept = storage();
  await assert.rejects(new Attempts(kept, 'alice').send('pay', INPUT, lost));
  assert.equal(new Attempts(kept, 'bob').unanswered('pay'), null);
});

test('a payload says whether the key is used', () => {
  assert.ok(isKeyUsed({ moneyRequest: {}, errors: [] }));
  assert.ok(isKeyUsed({ moneyRequests: [{}], errors: [] }));
  assert.ok(isKeyUsed({ card: {}, number: null, errors: [] }));
  assert.ok(isKeyUsed({ transaction: {}, errors: [{ code: 'INSUFFICIENT_FUNDS' }] }));
  assert.ok(isKeyUsed({ results: [{ transaction: null, errors: [] }, { transaction: {}, errors: [] }], errors: [] }));
  assert.ok(!isKeyUsed({ moneyRequests: [], errors: [{ code: 'RATE_LIMITED' }] }));
  assert.ok(!isKeyUsed({ results: [{ transaction: null, errors: [{ code: 'RISK_BLOCKED' }] }], errors: [] }));
  assert.ok(!isKeyUsed(null));
});
