/**
 * Apollo Client: newest state ─► access token, refresh, repeat ─► slow requests are noticed ─► HTTP. The websocket is in
 * live.ts.
 */
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, Observable } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';
import { Newest, possibleTypes } from '@pocketpay/client';
import { newestLink, refreshLink } from '@pocketpay/client/apollo';
import { slowRequest } from './connection';
import { session, URL_OF_API } from './session';

const SLOW_AFTER_MS = 4000;

export const newest = new Newest();

const slowLink = new ApolloLink((operation, forward) => new Observable((observer) => {
  let isSlow = false;
  const timer = setTimeout(() => {
    isSlow = true;
    slowRequest(1);
  }, SLOW_AFTER_MS);
  const done = () => {
    clearTimeout(timer);
    if (isSlow) slowRequest(-1);
    isSlow = false;
  };
  const subscription = forward(operation).subscribe(observer);
  subscription.add(done);
  return () => subscription.unsubscribe();
}));

export const client = new ApolloClient({
  link: ApolloLink.from([newestLink(newest), refreshLink(session), slowLink, new HttpLink({ uri: URL_OF_API })]),
  cache: new InMemoryCache({
    possibleTypes,
    typePolicies: {
      Query: {
        fields: {
          transactions: relayStylePagination(['filter']),
          moneyRequests: relayStylePagination(['direction']),
          operations: { merge: true },
        },
      },
      User: { fields: { sessions: { merge: false } } },
      // Two findings of an audit can have the same id: see "Caching" in docs/clients.md.
      AuditFinding: { keyFields: false },
      Operations: { merge: true },
    },
  }),
  defaultOptions: { watchQuery: { fetchPolicy: 'cache-and-network', nextFetchPolicy: 'cache-first' } },
});

/** The codes of the top-level errors of a failed request; empty when there was no answer. */
export function codesOf(error: unknown): string[] {
  if (!CombinedGraphQLErrors.is(error)) return [];
  return error.errors.map(({ extensions }) => String(extensions?.['code'] ?? 'INTERNAL'));
}
