/**
 * Who is signed in, in this window.
 *
 * The access token is kept in sessionStorage (a reload stays signed in), the refresh token in memory
 * alone: it works once, and a duplicated window must not spend it a second time.
 */
const STORED = 'pocketpay:session';
// Refreshed this long before it expires, so that no request leaves with a token about to die.
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

/** Takes a SessionPayload's tokens; `user` is null when the answer did not name one. */
export function adopt({ tokens, user = null }) {
  refreshToken = tokens.refreshToken ?? null;
  const { accessToken, accessTokenExpiresAt: expiresAt = null } = tokens;
  replace({ accessToken, expiresAt, user, notice: null });
}

/** Signs this window out; `notice` says why, when the person did not ask for it. */
export function forget(notice = null) {
  refreshToken = null;
  replace({ ...NOBODY, notice });
}

export function name(user) {
  if (session.accessToken && session.user?.username !== user.username) replace({ ...session, user });
}

let refreshing = null;

/** The access token, fresh; null when nobody is signed in. `refresh(token)` asks the server for a SessionPayload. */
export async function accessToken(refresh) {
  if (session.accessToken && isStale(session)) {
    // One at a time: a refresh token used twice ends the session.
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
