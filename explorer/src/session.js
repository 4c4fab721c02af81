/**
 * The session of this window's user.
 *
 * The access token is in sessionStorage, so a reloaded window stays signed in. The refresh token is only in memory: it
 * works once, and a duplicated window must not use it a second time.
 */
const STORED = 'pocketpay:session';
// A token is refreshed this long before it expires, so that it does not expire on the way to the server.
const REFRESH_EARLY_MS = 30_000;

const NOBODY = { accessToken: null, expiresAt: null, user: null, notice: null };

const listeners = new Set();
let refreshToken = null;
let session = stored();

function stored() {
  const found = JSON.parse(sessionStorage.getItem(STORED) ?? 'null');
  return found && !isStale(found) ? found : NOBODY;
}

function isStale({ expiresAt }) {
  return expiresAt !== null && Date.now() > Date.parse(expiresAt) - REFRESH_EARLY_MS;
}

function replace(next) {
  session = next;
  if (next.accessToken) sessionStorage.setItem(STORED, JSON.stringify(next));
  else sessionStorage.removeItem(STORED);
  for (const listener of listeners) listener();
}

export const current = () => session;

export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Stores the tokens of a SessionPayload. `user` is null if the response has no user. */
export function adopt({ tokens, user = null }) {
  refreshToken = tokens.refreshToken ?? null;
  const { accessToken, accessTokenExpiresAt: expiresAt = null } = tokens;
  replace({ accessToken, expiresAt, user, notice: null });
}

/** Signs out this window. `notice` gives the reason, if the user did not do it. */
export function forget(notice = null) {
  refreshToken = null;
  replace({ ...NOBODY, notice });
}

export function name(user) {
  if (session.accessToken && session.user?.username !== user.username) replace({ ...session, user });
}

let refreshing = null;

/** Returns a valid access token, or null if nobody is signed in. `refresh(token)` returns a new SessionPayload. */
export async function accessToken(refresh) {
  if (session.accessToken && isStale(session)) {
    // One refresh at a time, because a refresh token that is used twice ends the session.
    refreshing ??= renew(refresh).finally(() => {
      refreshing = null;
    });
    await refreshing;
  }
  return session.accessToken;
}

async function renew(refresh) {
  const { user } = session;
  const renewed = refreshToken ? await refresh(refreshToken) : null;
  if (renewed?.tokens) adopt({ tokens: renewed.tokens, user });
  else forget('The session has expired.');
}
