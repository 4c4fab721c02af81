/** Options for urql: `cacheExchange({ keys, ... })` of graphcache, and `authExchange(refreshAuth(session))`. */
import { valueTypes } from './schema.js';
import type { Session } from './session.js';

/** The `keys` of graphcache: types without an id of their own are values of the object that contains them. */
export const keys: Record<string, () => null> = Object.fromEntries(valueTypes.map((type) => [type, () => null]));

interface Utilities<Operation> {
  appendHeaders(operation: Operation, headers: Record<string, string>): Operation;
}

interface RequestError {
  graphQLErrors: readonly { extensions?: Record<string, unknown> }[];
}

/** The argument of urql's authExchange: sends the access token, refreshes once and repeats. */
export function refreshAuth(session: Session) {
  return async <Operation>(utilities: Utilities<Operation>) => {
    let used: string | null = null;
    return {
      addAuthToOperation: (operation: Operation): Operation => {
        used = session.accessToken;
        const authorization = used === null ? {} : { authorization: `Bearer ${used}` };
        return utilities.appendHeaders(operation, { ...session.headers, ...authorization });
      },
      willAuthError: () => session.accessToken === null && session.exists,
      didAuthError: ({ graphQLErrors }: RequestError) =>
        used !== null && graphQLErrors.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED'),
      refreshAuth: async (): Promise<void> => {
        await session.renew(used);
      },
    };
  };
}
