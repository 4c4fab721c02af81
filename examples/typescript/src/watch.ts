// Yields the wallet's balance: the current one first, then each change.
import { createClient } from 'graphql-ws';
import type { BalanceChangedSubscription } from './gql/graphql.js';
import { BALANCE_CHANGED } from './operations.js';
import type { Session } from './session.js';

const TOKEN_EXPIRED = 4403;

export async function* balances(session: Session) {
  let used: string | undefined, stale: string | undefined, version = -1;
  const client = createClient({
    url: session.url.replace(/^http/, 'ws'),
    retryAttempts: Infinity, // it does not retry where that cannot help: see docs/clients.md
    connectionParams: async () => {
      used = await session.accessToken(stale);
      return { Authorization: `Bearer ${used}` };
    },
    on: { closed: (event) => { if ((event as CloseEvent).code === TOKEN_EXPIRED) stale = used; } },
  });
  try {
    const query = BALANCE_CHANGED.toString();
    for await (const { data } of client.iterate<BalanceChangedSubscription>({ query })) {
      if (!data || data.balanceChanged.version <= version) continue; // after a reconnect the first event may be the same again
      version = data.balanceChanged.version;
      yield data.balanceChanged.available;
    }
  } finally {
    await client.dispose();
  }
}
