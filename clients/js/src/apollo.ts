/** Links for Apollo Client 4. Its packages are peer dependencies: only those who import this file need them. */
import { ApolloLink } from '@apollo/client';
import { from, map, mergeMap, type Observable, of } from 'rxjs';
import type { Newest } from './newest.js';
import type { Session } from './session.js';

const isRefused = (result: ApolloLink.Result): boolean =>
  'errors' in result && result.errors?.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED') === true;

/**
 * Sends the access token. When the server does not accept it, refreshes the session once and repeats the operation once:
 * a mutation with the error UNAUTHENTICATED did nothing. All operations wait for one refresh.
 */
export function refreshLink(session: Session): ApolloLink {
  return new ApolloLink((operation, forward) => {
    const attempt = (token: string | null): Observable<ApolloLink.Result> => {
      operation.setContext(({ headers }: { headers?: Record<string, string> }) => ({
        headers: { ...headers, ...session.headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
      }));
      return forward(operation);
    };
    const used = session.accessToken;
    // After a reload there is a session without an access token yet.
    if (used === null && session.exists) return from(session.renew(null)).pipe(mergeMap(attempt));
    return attempt(used).pipe(
      mergeMap((result) => {
        if (used === null || !isRefused(result)) return of(result);
        return from(session.renew(used)).pipe(mergeMap(attempt));
      }),
    );
  });
}

/** Puts the newest known state of an object in place of an older one in a response: see Newest. */
export function newestLink(newest: Newest): ApolloLink {
  return new ApolloLink((operation, forward) =>
    forward(operation).pipe(map((result) => ('data' in result ? { ...result, data: newest.of(result.data) } : result))),
  );
}
