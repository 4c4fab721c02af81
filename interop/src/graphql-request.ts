// graphql-request: no cache, one refresh when the token has expired, and graphql-ws for subscriptions.
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { ClientError, GraphQLClient, type Variables } from 'graphql-request';
import type { Client } from './client';
import type { BalanceChangedSubscription } from './gql/graphql';
import { BALANCE_CHANGED, CONFIRM, PAY, SIGN_IN, WALLET } from './operations';
import { Session } from './session';

export function graphqlRequest(url: string): Client {
  const session = new Session(url);
  const socket = session.socket();
  const client = new GraphQLClient(url, { headers: () => session.headers });

  async function ask<Data, Given extends Variables>(document: TypedDocumentNode<Data, Given>, variables: Given): Promise<Data> {
    const send = () => client.request<Data>({ document, variables });
    try {
      return await send();
    } catch (error) {
      if (!session.tokens || !(error instanceof ClientError)) throw error;
      if (!error.response.errors?.some(({ extensions }) => extensions['code'] === 'UNAUTHENTICATED')) throw error;
      await session.refresh();
      return send();
    }
  }

  return {
    session,
    async signIn(login, password) {
      session.tokens = (await ask(SIGN_IN, { input: { login, password } })).signIn.tokens;
    },
    cachedWallet: () => undefined,
    async wallet() {
      return (await ask(WALLET, {})).wallet!;
    },
    async pay(input) {
      return (await ask(PAY, { input })).transfer;
    },
    async confirm(id) {
      return (await ask(CONFIRM, { id })).confirmTransfer.transaction!.status;
    },
    watch(onWallet, onError) {
      return socket.subscribe<BalanceChangedSubscription>({ query: print(BALANCE_CHANGED) }, {
        next: ({ data, errors }) => data ? onWallet(data.balanceChanged) : onError(errors),
        error: onError,
        complete: () => {},
      });
    },
    async close() {
      await socket.dispose();
    },
  };
}
