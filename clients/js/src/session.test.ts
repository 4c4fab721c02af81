import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApolloClient, ApolloLink, gql, InMemoryCache } from '@apollo/client';
import { Observable } from 'rxjs';
import { refreshLink } from './apollo.js';
import { storage } from './test-storage.js';
import { refreshAuth } from './urql.js';
import { RefreshFailed, Session, SessionEnded } from './session.js';

type Answer = { tokens?: { accessToken: string; refreshToken: string }; code?: string; topCode?: string; lost?: boolean };

/** A session whose refreshes get these answers in turn, and the refresh tokens that it sent. */
function sessionWith(answers: Answer[], locks?: Pick<LockManager, 'request'>) {
  const sent: string[] = [];
  const kept = storage();
  const fetching = async (_url: unknown, init?: RequestInit) => {
    const { variables } = JSON.parse(String(init?.body)) as { variables: { refreshToken: string } };
    sent.push(variables.refreshToken);
    const { tokens = null, code, topCode, lost } = answers.shift() ?? assert.fail('One refresh too many.');
    if (lost) throw new TypeError('Failed to fetch');
    if (topCode) return Response.json({ data: null, errors: [{ extensions: { code: topCode } }] });
    return Response.json({ data: { refreshSession: { tokens, errors: code ? [{ code }] : [] } } });
  };
  const session = new Session({ url: 'http://localhost/graphql', storage: kept, cookie: true, fetch: fetching as typeof fetch, locks });
  return { session, sent, kept };
}

test('many requests wait for one refresh, and each new one sends the newest token', async () => {
  const { session, sent } = sessionWith([
    { tokens: { accessToken: 'a2', refreshToken: 'r2' } },
    { tokens: { accessToken: 'a3', refreshToken: 'r3' } },
  ]);
  session.begin({ accessToken: 'a1', refreshToken: 'r1' });
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => session.renew('a1'))), ['a2', 'a2', 'a2']);
  assert.equal(await session.renew('a1'), 'a2', 'a late request takes the token that is already new');
  assert.equal(await session.renew('a2'), 'a3');
  assert.deepEqual(sent, ['r1', 'r2']);
});

test('in a browser with cookies the page never has the refresh token', async () => {
  const { session, sent, kept } = sessionWith([{ tokens: { accessToken: 'a2', refreshToken: '' } }]);
  session.begin({ accessToken: 'a1', refreshToken: '' });
  assert.equal(kept.getItem('pocketpay.session'), 'cookie');
  await session.renew('a1');
  assert.deepEqual(sent, ['']);
});

test('the token of another tab is read inside the lock', async () => {
  const locks = { request: async (_name: string, run: () => unknown) => { kept.setItem('pocketpay.session', 'r-other'); return run(); } };
  const { session, sent, kept } = sessionWith([{ tokens: { accessToken: 'a2', refreshToken: 'r2' } }], locks as never);
  session.begin({ accessToken: 'a1', refreshToken: 'r1' });
  await session.renew('a1');
  assert.deepEqual(sent, ['r-other']);
});

test('a lost response of a refresh is repeated immediately with the same token', async () => {
  const { session, sent } = sessionWith([{ lost: true }, { tokens: { accessToken: 'a2', refreshToken: 'r2' } }]);
  session.begin({ accessToken: 'a1', refreshToken: 'r1' });
  assert.equal(await session.renew('a1'), 'a2');
  assert.deepEqual(sent, ['r1', 'r1']);
});

test('an invalid token ends the session, anything else keeps it', async () => {
  const { session } = sessionWith([{ code: 'WALLET_FROZEN' }, { topCode: 'RATE_LIMITED' }, { lost: true }, { lost: true }, { code: 'INVALID_TOKEN' }]);
  const ended: Session[] = [];
  session.onEnd(() => ended.push(session));
  session.begin({ accessToken: 'a1', refreshToken: 'r1' });
  await assert.rejects(session.renew('a1'), (error) => error instanceof RefreshFailed && error.code === 'WALLET_FROZEN');
  await assert.rejects(session.renew('a1'), (error) => error instanceof RefreshFailed && error.code === 'RATE_LIMITED');
  await assert.rejects(session.renew('a1'), TypeError);
  assert.deepEqual([session.exists, ended], [true, []]);
  await assert.rejects(session.renew('a1'), SessionEnded);
  assert.deepEqual([session.exists, ended], [false, [session]]);
});

/** An Apollo Client whose server accepts only this token, and the tokens that it was sent. */
function apollo(session: Session, accepted: string) {
  const sent: (string | undefined)[] = [];
  const server = new ApolloLink((operation) => {
    const { headers } = operation.getContext() as { headers: Record<string, string> };
    sent.push(headers['authorization']);
    const isAccepted = headers['authorization'] === `Bearer ${accepted}`;
    return new Observable((observer) => {
      observer.next(isAccepted ? { data: { ok: true } } : { data: null, errors: [{ message: '', extensions: { code: 'UNAUTHENTICATED' } }] });
      observer.complete();
    });
  });
  const client = new ApolloClient({ link: ApolloLink.from([refreshLink(session), server]), cache: new InMemoryCache() });
  const pay = () => client.mutate({ mutation: gql`mutation { ok }` });
  return { pay, sent };
}

test('the link refreshes once for all operations and repeats each once', async () => {
  const { session } = sessionWith([{ tokens: { accessToken: 'a2', refreshToken: 'r2' } }]);
  session.begin({ accessToken: 'a1', refreshToken: 'r1' });
  const { pay, sent } = apollo(session, 'a2');
  await Promise.all([pay(), pay()]);
  assert.deepEqual(sent, ['Bearer a1', 'Bearer a1', 'Bearer a2', 'Bearer a2']);
});

test('an operation that is refused again is not repeated again', async () => {
  const { session } = sessionWith([{ tokens: { accessToken: 'a2', refreshToken: 'r2' } }]);
  session.begin({ accessToken: 'a1', refreshToken: 'r1' });
  const { pay, sent } = apollo(session, 'never');
  await assert.rejects(pay());
  assert.deepEqual(sent, ['Bearer a1', 'Bearer a2']);
});

test('after a reload the first operation waits for a token', async () => {
  const { session, kept } = sessionWith([{ tokens: { accessToken: 'a2', refreshToken: '' } }]);
  kept.setItem('pocketpay.session', 'cookie');
  const { pay, sent } = apollo(session, 'a2');
  await pay();
  assert.deepEqual(sent, ['Bearer a2']);
});

test('nobody signed in: nothing is refreshed', async () => {
  const { session } = sessionWith([]);
  const { pay, sent } = apollo(session, 'a1');
  await assert.rejects(pay());
  assert.deepEqual(sent, [undefined]);
});

test('the options for urql refresh only what was refused with a token', async () => {
  const { session } = sessionWith([{ tokens: { accessToken: 'a2', refreshToken: 'r2' } }]);
  session.begin({ accessToken: 'a1', refreshToken: 'r1' });
  const auth = await refreshAuth(session)({ appendHeaders: (operation: object, headers) => ({ ...operation, headers }) });
  const refusal = { graphQLErrors: [{ extensions: { code: 'UNAUTHENTICATED' } }] };
  assert.ok(!auth.didAuthError(refusal));
  assert.deepEqual(auth.addAuthToOperation({}), { headers: { 'X-Refresh-Cookie': '1', authorization: 'Bearer a1' } });
  assert.ok(auth.didAuthError(refusal));
  await auth.refreshAuth();
  assert.equal(session.accessToken, 'a2');
});
