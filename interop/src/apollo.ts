// Apollo Client: a normalised cache, a refresh when the token has expired, and subscriptions over graphql-ws.
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { ErrorLink } from '@apollo/client/link/error';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { from, switchMap } from 'rxjs';
import type { Client } from './client';
import { BALANCE_CHANGED, CONFIRM, PAY, SIGN_IN, WALLET } from './operations';
import { possibleTypes } from './schema';
import { Session } from './session';

export function apollo(url: string): Client {
  const session = new Session(url);
  const socket = session.socket();
  const refreshes = new ErrorLink(({ error, operation, forward }) => {
    if (!CombinedGraphQLErrors.is(error) || !session.tokens || operation.getContext()['refreshed']) return;
    if (!error.errors.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED')) return;
    operation.setContext({ refreshed: true });
    return from(session.refresh()).pipe(switchMap(() => forward(operation)));
  });
  const authorizes = new SetContextLink(({ headers }) => ({ headers: { ...headers, ...session.headers } }));
  const client = new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      ApolloLink.from([refreshes, authorizes, new HttpLink({ uri: url })]),
    ),
    cache: new InMemoryCache({ possibleTypes }),
  });

  return {
    session,
    async signIn(login, password) {
      const { data } = await client.mutate({ mutation: SIGN_IN, variables: { input: { login, password } } });
      session.tokens = data!.signIn.tokens;
    },
    async cachedWallet() {
      const { data } = await client.query({ query: WALLET, fetchPolicy: 'cache-only' });
      return data!.wallet!;
    },
    async wallet() {
      const { data } = await client.query({ query: WALLET, fetchPolicy: 'network-only' });
      return data!.wallet!;
    },
    async pay(input) {
      const { data } = await client.mutate({ mutation: PAY, variables: { input } });
      return data!.transfer;
    },
    async confirm(id) {
      const { data } = await client.mutate({ mutation: CONFIRM, variables: { id } });
      return data!.confirmTransfer.transaction!.status;
    },
    watch(onWallet, onError) {
      const watching = client.subscribe({ query: BALANCE_CHANGED }).subscribe({
        next: ({ data, error }) => data ? onWallet(data.balanceChanged) : onError(error),
        error: onError,
      });
      return () => watching.unsubscribe();
    },
    async close() {
      client.stop();
      await socket.dispose();
    },
  };
}
