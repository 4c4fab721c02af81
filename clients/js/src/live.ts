/**
 * Subscriptions over graphql-ws: a socket that comes back with a new token, and lists that miss no change.
 */
import type { Client, ClientOptions } from 'graphql-ws';
import { type Session, SessionEnded } from './session.js';

const TOKEN_EXPIRED = 4403;
const NO_PONG = 4408;
const PING_EVERY_MS = 15_000;
const PONG_WITHIN_MS = 8_000;
const LONGEST_WAIT_MS = 30_000;

/** The options for `createClient` of graphql-ws, except `url`. The socket always reconnects while the session exists. */
export function socketOptions(session: Session): Omit<ClientOptions, 'url'> {
  let used: string | null = null;
  let isExpired = false;
  let pongTimer: ReturnType<typeof setTimeout> | undefined;
  let socket: { close(code: number, reason: string): void } | undefined;
  return {
    connectionParams: async () => {
      // Close code 4403 says that the token was refused; before the first sign-in of a page there is none.
      if (isExpired || session.accessToken === null) await session.renew(isExpired ? used : null);
      isExpired = false;
      used = session.accessToken;
      return { Authorization: `Bearer ${used}` };
    },
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: (error) => !(error instanceof SessionEnded),
    retryWait: async (retries) => {
      const longest = Math.min(LONGEST_WAIT_MS, 500 * 2 ** retries);
      await untilOnlineOr(longest * (0.5 + Math.random() / 2));
    },
    keepAlive: PING_EVERY_MS,
    on: {
      opened: (opened) => { socket = opened as typeof socket; },
      // A network that fails silently does not close the socket. A ping without a pong closes it.
      ping: (received) => {
        if (!received) pongTimer = setTimeout(() => socket?.close(NO_PONG, 'No pong'), PONG_WITHIN_MS);
      },
      pong: (received) => { if (received) clearTimeout(pongTimer); },
      closed: (event) => {
        clearTimeout(pongTimer);
        isExpired ||= (event as { code?: number }).code === TOKEN_EXPIRED;
      },
    },
  };
}

/** Waits for this time, or until the browser says that the network is back. */
function untilOnlineOr(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const target = globalThis as { addEventListener?: typeof addEventListener; removeEventListener?: typeof removeEventListener };
    const done = () => {
      clearTimeout(timer);
      target.removeEventListener?.('online', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    target.addEventListener?.('online', done);
  });
}

export interface Followed<Data> {
  /** A subscription with the variable `$since: DateTime`. */
  query: string;
  /** The object of an event. */
  select: (data: Data) => { updatedAt: string };
  onData: (data: Data) => void;
  /**
   * Queries the list again, because more changed than the server sends one by one. Returns the greatest `updatedAt` in
   * it, or null when it is empty.
   */
  onGap: () => Promise<string | null>;
  onError: (error: unknown) => void;
}

/** Before the first change of a list. */
export const EARLY = '2020-01-01T00:00:00Z';

/**
 * Follows `transactionUpdated` or `moneyRequestUpdated`. After each reconnection it subscribes with the greatest
 * `updatedAt` so far, so that no change is missed. Returns a function that ends it.
 */
export function follow<Data extends Record<string, unknown>>(
  client: Pick<Client, 'subscribe'>,
  since: string | null,
  { query, select, onData, onGap, onError }: Followed<Data>,
): () => void {
  let newest = since ?? EARLY;
  let isClosed = false;
  let unsubscribe = () => {};

  const start = () => {
    unsubscribe = client.subscribe<Data>(
      // graphql-ws serialises the variables on each connection.
      { query, variables: { get since() { return newest; } } },
      {
        next: ({ data, errors }) => {
          if (errors?.length) return stopped(errors);
          if (!data) return;
          const { updatedAt } = select(data);
          if (updatedAt > newest) newest = updatedAt;
          onData(data);
        },
        error: stopped,
        complete: () => {},
      },
    );
  };

  function stopped(error: unknown): void {
    if (isClosed) return;
    if (!hasCode(error, 'TOO_MANY_CHANGES')) return onError(error);
    onGap().then((greatest) => {
      if (greatest !== null && greatest > newest) newest = greatest;
      if (!isClosed) start();
    }, onError);
  }

  start();
  return () => {
    isClosed = true;
    unsubscribe();
  };
}

function hasCode(errors: unknown, code: string): boolean {
  const isOne = (error: unknown) => (error as { extensions?: { code?: unknown } } | null)?.extensions?.code === code;
  return Array.isArray(errors) && errors.some(isOne);
}
