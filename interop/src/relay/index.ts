// Relay's runtime without React: its store, its network layer, and subscriptions over graphql-ws.
import {
  commitMutation, createOperationDescriptor, Environment, fetchQuery, getRequest, getSelector, Network, Observable,
  RecordSource, requestSubscription, Store, type GraphQLResponse, type GraphQLTaggedNode, type MutationParameters,
  type RequestParameters, type Variables,
} from 'relay-runtime';
import type { Client } from '../client';
import { Session } from '../session';
import BALANCE_CHANGED, {
  type documentsBalanceChangedSubscription,
} from './__generated__/documentsBalanceChangedSubscription.graphql';
import CONFIRM, { type documentsConfirmMutation } from './__generated__/documentsConfirmMutation.graphql';
import NEXT_TRANSACTIONS, {
  type documentsNextTransactionsQuery,
} from './__generated__/documentsNextTransactionsQuery.graphql';
import PAY, { type documentsPayMutation } from './__generated__/documentsPayMutation.graphql';
import SIGN_IN, { type documentsSignInMutation } from './__generated__/documentsSignInMutation.graphql';
import FIRST_TRANSACTIONS, {
  type documentsTransactionsQuery,
} from './__generated__/documentsTransactionsQuery.graphql';
import TRANSACTIONS, { type documentsTransactions_wallet$data } from './__generated__/documentsTransactions_wallet.graphql';
import WALLET, { type documentsWalletQuery } from './__generated__/documentsWalletQuery.graphql';

export interface RelayClient extends Client {
  // Loads the transactions one at a time, and returns how many the store has then, and how many different ids.
  pages(count: number): Promise<{ edges: number; ids: number }>;
}

export function relay(url: string): RelayClient {
  const session = new Session(url);
  const socket = session.socket();

  async function post({ text }: RequestParameters, variables: Variables, again = true): Promise<GraphQLResponse> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...session.headers },
      body: JSON.stringify({ query: text, variables }),
    });
    const result = await response.json();
    const expired = result.errors?.some((error: { extensions: { code: string } }) => error.extensions.code === 'UNAUTHENTICATED');
    if (!expired || !again || !session.tokens) return result;
    await session.refresh();
    return post({ text } as RequestParameters, variables, false);
  }

  const environment = new Environment({
    network: Network.create(
      (request, variables) => post(request, variables),
      (request, variables) => Observable.create((sink) =>
        socket.subscribe<Record<string, unknown>>({ query: request.text!, variables }, sink as never)),
    ),
    store: new Store(new RecordSource()),
  });

  function mutate<Mutation extends MutationParameters>(mutation: GraphQLTaggedNode, variables: Mutation['variables']) {
    return new Promise<Mutation['response']>((resolve, reject) => {
      commitMutation<Mutation>(environment, { mutation, variables, onCompleted: resolve, onError: reject });
    });
  }

  const stored = <Data>(node: GraphQLTaggedNode) =>
    environment.lookup(createOperationDescriptor(getRequest(node), {}).fragment).data as Data;

  return {
    session,
    async signIn(login, password) {
      session.tokens = (await mutate<documentsSignInMutation>(SIGN_IN, { input: { login, password } })).signIn.tokens ?? null;
    },
    async cachedWallet() {
      return stored<documentsWalletQuery['response']>(WALLET).wallet!;
    },
    async wallet() {
      return (await fetchQuery<documentsWalletQuery>(environment, WALLET, {}).toPromise())!.wallet!;
    },
    async pay(input) {
      const { transaction = null, errors } = (await mutate<documentsPayMutation>(PAY, { input })).transfer;
      return { transaction, errors };
    },
    async confirm(id) {
      return (await mutate<documentsConfirmMutation>(CONFIRM, { id })).confirmTransfer.transaction!.status;
    },
    watch(onWallet, onError) {
      const watching = requestSubscription<documentsBalanceChangedSubscription>(environment, {
        subscription: BALANCE_CHANGED,
        variables: {},
        onNext: (data) => { if (data) onWallet(data.balanceChanged); },
        onError,
      });
      return () => watching.dispose();
    },
    async close() {
      await socket.dispose();
    },
    async pages(count) {
      const { wallet } = (await fetchQuery<documentsTransactionsQuery>(environment, FIRST_TRANSACTIONS, {}).toPromise())!;
      const transactions = () => {
        const selector = getSelector(TRANSACTIONS, stored<documentsTransactionsQuery['response']>(FIRST_TRANSACTIONS).wallet!);
        if (selector?.kind !== 'SingularReaderSelector') throw new Error('One wallet was expected.');
        return (environment.lookup(selector).data as unknown as documentsTransactions_wallet$data).transactions;
      };
      environment.retain(createOperationDescriptor(getRequest(FIRST_TRANSACTIONS), {}));
      for (let page = 1; page < count; page++) {
        const { pageInfo } = transactions() as unknown as { pageInfo: { endCursor: string | null } };
        await fetchQuery<documentsNextTransactionsQuery>(
          environment, NEXT_TRANSACTIONS, { id: wallet!.id, count: 1, cursor: pageInfo.endCursor },
        ).toPromise();
      }
      const { edges } = transactions();
      return { edges: edges.length, ids: new Set(edges.map(({ node }) => node.id)).size };
    },
  };
}
