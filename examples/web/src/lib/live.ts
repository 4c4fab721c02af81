/**
 * The websocket of the signed-in user. It keeps the balance, the transactions and the money requests of the cache current,
 * and comes back after each loss of the network without missing a change. Decision 69 says why it does not use Apollo's link.
 */
import type { TypedDocumentNode } from '@apollo/client';
import { follow, socketOptions } from '@pocketpay/client';
import { print } from 'graphql';
import { createClient } from 'graphql-ws';
import * as documents from '../gql/graphql';
import { client, newest } from './client';
import { socketIs } from './connection';
import { session, URL_OF_API } from './session';

const PAGE = 20;
const REVOKED = 4401;

/** Writes an event into the cache, as Apollo Client does with its own subscriptions. */
function write<Data>(query: TypedDocumentNode<Data, any>, data: Data): void {
  client.cache.writeQuery({ query, id: 'ROOT_SUBSCRIPTION', data: newest.of(data) as never });
}

const text = (query: TypedDocumentNode<any, any>) => print(client.cache.transformDocument(query));

const greatest = (nodes: { updatedAt: string }[]) =>
  nodes.reduce<string | null>((latest, { updatedAt }) => (latest === null || updatedAt > latest ? updatedAt : latest), null);

/** Puts a transaction that the list does not have at its top. */
function addToList(transaction: documents.TransactionPartsFragment): void {
  client.cache.updateQuery({ query: documents.TransactionsDocument, variables: { first: PAGE } }, (before) => {
    if (!before || before.transactions.edges.some(({ node }) => node.id === transaction.id)) return undefined;
    const edge = { __typename: 'TransactionEdge' as const, cursor: '', node: transaction };
    return { ...before, transactions: { ...before.transactions, edges: [edge, ...before.transactions.edges] } };
  });
}

function addRequest(request: documents.RequestPartsFragment): void {
  const variables = { direction: request.direction, first: PAGE };
  client.cache.updateQuery({ query: documents.MoneyRequestsDocument, variables }, (before) => {
    if (!before || before.moneyRequests.edges.some(({ node }) => node.id === request.id)) return undefined;
    const edge = { __typename: 'MoneyRequestEdge' as const, cursor: '', node: request };
    return { ...before, moneyRequests: { ...before.moneyRequests, edges: [edge, ...before.moneyRequests.edges] } };
  });
}

async function queryTransactions(): Promise<string | null> {
  const { data } = await client.query({
    query: documents.TransactionsDocument, variables: { first: PAGE }, fetchPolicy: 'network-only',
  });
  return greatest(data?.transactions.edges.map(({ node }) => node) ?? []);
}

async function queryRequests(): Promise<string | null> {
  const times = await Promise.all((['INCOMING', 'OUTGOING'] as const).map(async (direction) => {
    const { data } = await client.query({
      query: documents.MoneyRequestsDocument, variables: { direction, first: PAGE }, fetchPolicy: 'network-only',
    });
    return data?.moneyRequests.edges.map(({ node }) => node) ?? [];
  }));
  return greatest(times.flat());
}

export interface LiveEvents {
  /** A payment of this user waits for a confirmation; it may have been sent on another device. */
  onHeld: (transaction: documents.TransactionPartsFragment) => void;
  /** Money has arrived. */
  onReceived: (transaction: documents.TransactionPartsFragment) => void;
}

/** Opens the websocket and follows everything. Returns a function that closes it. */
export function goLive({ onHeld, onReceived }: LiveEvents): () => void {
  const { on, ...options } = socketOptions(session);
  const socket = createClient({
    ...options,
    url: new URL(URL_OF_API, location.href.replace(/^http/, 'ws')).href,
    on: {
      ...on,
      connected: () => socketIs(true),
      closed: (event) => {
        on?.closed?.(event);
        // The session was revoked, perhaps on another device: the refresh is refused and ends it here.
        if ((event as { code?: number }).code === REVOKED) session.renew(session.accessToken).catch(() => {});
        socketIs(isClosed || !session.exists);
      },
    },
  });
  const received = new Set<string>();
  const ends: (() => void)[] = [];
  let isClosed = false;

  const subscribe = <Data extends Record<string, unknown>>(query: TypedDocumentNode<Data, any>, onData: (data: Data) => void) => {
    const sink = { next: ({ data }: { data?: Data | null }) => { if (data) onData(data); }, error: () => {}, complete: () => {} };
    ends.push(socket.subscribe<Data>({ query: text(query) }, sink));
  };

  subscribe(documents.BalanceChangedDocument, (data) => write(documents.BalanceChangedDocument, data));
  subscribe(documents.RiskConfirmationRequestedDocument, (data) => {
    write(documents.RiskConfirmationRequestedDocument, data);
    onHeld(data.riskConfirmationRequested);
  });

  const lists = async () => {
    const since = await Promise.all([queryTransactions(), queryRequests()]);
    if (isClosed) return;
    ends.push(
      follow<documents.TransactionUpdatedSubscription>(socket, since[0], {
        query: text(documents.TransactionUpdatedDocument),
        select: ({ transactionUpdated }) => transactionUpdated,
        onData: (data) => {
          write(documents.TransactionUpdatedDocument, data);
          const changed = data.transactionUpdated;
          addToList(changed);
          const isNews = changed.direction === 'INCOMING' && changed.counterparty && changed.updatedAt > (since[0] ?? '');
          if (isNews && changed.status === 'COMPLETED' && !received.has(changed.id)) onReceived(changed);
          received.add(changed.id);
        },
        onGap: queryTransactions,
        onError: console.error,
      }),
      follow<documents.MoneyRequestUpdatedSubscription>(socket, since[1], {
        query: text(documents.MoneyRequestUpdatedDocument),
        select: ({ moneyRequestUpdated }) => moneyRequestUpdated,
        onData: (data) => {
          write(documents.MoneyRequestUpdatedDocument, data);
          addRequest(data.moneyRequestUpdated);
        },
        onGap: queryRequests,
        onError: console.error,
      }),
    );
  };
  // Without the network the lists are queried when it is back.
  const whenOnline = () => lists().catch(() => addEventListener('online', whenOnline, { once: true }));
  void whenOnline();

  return () => {
    isClosed = true;
    removeEventListener('online', whenOnline);
    for (const end of ends) end();
    void socket.dispose();
  };
}

