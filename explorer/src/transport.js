/**
 * Sends operations to /graphql: queries and mutations by POST, subscriptions over a websocket. Each is sent with the
 * token of the signed-in user, unless the tab's headers contain an Authorization.
 */
import { getOperationAST } from 'graphql';
import { createClient } from 'graphql-ws';
import refreshSession from './documents/refresh-session.graphql?raw';
import * as session from './session.js';

const URL_HTTP = '/graphql';
const URL_SOCKET = `${location.origin.replace(/^http/, 'ws')}/graphql`;
const SESSION_REVOKED = 4401;

const namesItsOwn = (headers) => Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');

const refresh = async (refreshToken) => {
  const answer = await post({ query: refreshSession, variables: { refreshToken } }, {});
  return answer.data?.refreshSession;
};

async function authorized(headers = {}) {
  if (namesItsOwn(headers)) return headers;
  const token = await session.accessToken(refresh);
  return token ? { ...headers, Authorization: `Bearer ${token}` } : headers;
}

async function post(operation, headers) {
  const response = await fetch(URL_HTTP, {
    method: 'POST',
    headers: {
      Accept: 'application/graphql-response+json, application/json',
      'Content-Type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(operation),
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`HTTP ${response.status}: ${text.slice(0, 300) || 'an empty answer'}`);
  }
}

/** Updates the session from a response: new tokens, a sign-out, or a token that is no longer valid. */
function learn(answer, sent, headers) {
  for (const payload of Object.values(answer.data ?? {})) {
    if (payload?.tokens?.accessToken) session.adopt(payload);
  }
  const ours = !namesItsOwn(headers) && sent.Authorization === `Bearer ${session.current().accessToken}`;
  if (!ours) return;
  if (answer.data?.signOut && !answer.data.signOut.errors?.length) session.forget();
  if (answer.errors?.some((error) => error.extensions?.code === 'UNAUTHENTICATED')) {
    session.forget('The server no longer knows this session.');
  }
}

/** Sends one query or mutation. Resolves to `{data, errors}` for every HTTP status whose body is JSON. */
export async function send(operation, headers = {}) {
  const sent = await authorized(headers);
  const answer = await post(operation, sent);
  learn(answer, sent, headers);
  if (IS_MUTATION.test(operation.query)) for (const listener of mutationListeners) listener();
  return answer;
}

const IS_MUTATION = /^\s*mutation\b/m;
const mutationListeners = new Set();

/** Calls `listener` after each mutation that this window sends. Returns a function that stops this. */
export function onMutation(listener) {
  mutationListeners.add(listener);
  return () => mutationListeners.delete(listener);
}

/**
 * Returns an observable of one subscription's results, on its own socket. A socket sends its token once, when it
 * connects, so the socket reconnects when another user signs in.
 */
export const watch = (operation, headers = {}) => ({
  subscribe(sink) {
    const client = createClient({
      url: URL_SOCKET,
      connectionParams: () => authorized(headers),
      // The retries take about 30 seconds in all. A restarting server is back by then.
      retryAttempts: 8,
      retryWait: (attempt) => new Promise((done) => setTimeout(done, Math.min(5_000, 200 * 2 ** attempt))),
    });
    const leave = namesItsOwn(headers) ? () => {} : onPersonChange(() => client.terminate());
    let wanted = true;
    const stop = client.subscribe(operation, {
      next: (answer) => sink.next(answer),
      error: (cause) => {
        leave();
        if (Array.isArray(cause)) {
          sink.next({ errors: cause });
          sink.complete();
          return;
        }
        if (cause.code === SESSION_REVOKED && !namesItsOwn(headers)) session.forget('The session was revoked.');
        sink.error(readable(cause));
      },
      complete: () => {
        leave();
        // A caller that has unsubscribed gets no `complete`.
        if (wanted) sink.complete();
      },
    });
    return {
      unsubscribe() {
        wanted = false;
        leave();
        stop();
      },
    };
  },
});

function onPersonChange(listener) {
  let person = session.current().user?.username;
  return session.subscribe(() => {
    const now = session.current().user?.username;
    if (now !== person) listener();
    person = now;
  });
}

const readable = (cause) =>
  cause instanceof Error ? cause : new Error(`The socket closed: ${cause.code ?? ''} ${cause.reason ?? ''}`.trim());

/** Returns GraphiQL's fetcher. `openTab()` returns the tab that is open now. */
export const fetcherFor = (openTab) =>
  function fetcher(operation, { headers, documentAST } = {}) {
    const kind = documentAST && getOperationAST(documentAST, operation.operationName)?.operation;
    if (kind === 'subscription') return watch(operation, headers);
    // GraphiQL's introspection request has no document.
    return documentAST ? whileOpen(openTab, send(operation, headers)) : send(operation, headers);
  };

/** Passes the response on while its tab is open. Otherwise GraphiQL would show it in another tab. */
async function whileOpen(openTab, answering) {
  const asking = openTab();
  const outcome = await answering.catch((error) => ({ error }));
  if (openTab() !== asking) return new Promise(() => {});
  if (outcome.error) throw outcome.error;
  return outcome;
}
