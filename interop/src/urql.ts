// urql: graphcache with the schema, authExchange for the tokens, and subscriptions over graphql-ws.
import { Client as UrqlClient, fetchExchange, subscriptionExchange, type OperationResult } from '@urql/core';
import { authExchange } from '@urql/exchange-auth';
import { cacheExchange } from '@urql/exchange-graphcache';
import { pipe, subscribe } from 'wonka';
import type { Client } from './client';
import { BALANCE_CHANGED, CONFIRM, PAY, SIGN_IN, WALLET } from './operations';
import { introspection, VALUES } from './schema';
import { Session } from './session';

export function urql(url: string): Client {
  const session = new Session(url);
  const socket = session.socket();
  const client = new UrqlClient({
    url,
    exchanges: [
      // Types without an id are values of the object that contains them: see "Caching" in docs/clients.md.
      cacheExchange({ schema: introspection, keys: Object.fromEntries(VALUES.map((type) => [type, () => null])) }),
      authExchange(async (utils) => ({
        addAuthToOperation: (operation) => utils.appendHeaders(operation, session.headers),
        didAuthError: ({ graphQLErrors }) =>
          session.tokens !== null && graphQLErrors.some(({ extensions }) => extensions['code'] === 'UNAUTHENTICATED'),
        refreshAuth: async () => { await session.refresh(); },
      })),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe({ query: query!, variables: variables ?? {} }, sink as never),
          }),
        }),
      }),
    ],
  });

  return {
    session,
    async signIn(login, password) {
      session.tokens = of(await client.mutation(SIGN_IN, { input: { login, password } })).signIn.tokens;
    },
    async cachedWallet() {
      return of(await client.query(WALLET, {}, { requestPolicy: 'cache-only' })).wallet!;
    },
    async wallet() {
      return of(await client.query(WALLET, {}, { requestPolicy: 'network-only' })).wallet!;
    },
    async pay(input) {
      return of(await client.mutation(PAY, { input })).transfer;
    },
    async confirm(id) {
      return of(await client.mutation(CONFIRM, { id })).confirmTransfer.transaction!.status;
    },
    watch(onWallet, onError) {
      const watching = pipe(
        client.subscription(BALANCE_CHANGED, {}),
        subscribe(({ data, error }) => data ? onWallet(data.balanceChanged) : onError(error)),
      );
      return watching.unsubscribe;
    },
    async close() {
      await socket.dispose();
    },
  };
}

function of<Data>({ data, error }: OperationResult<Data>): Data {
  if (error || !data) throw error ?? new Error('No data.');
  return data;
}
