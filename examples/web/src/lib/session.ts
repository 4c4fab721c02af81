import { Session } from '@pocketpay/client';

export const URL_OF_API = '/graphql';

/** The session of this browser. The refresh token is in a cookie when the server has REFRESH_COOKIE on. */
export const session = new Session({ url: URL_OF_API, storage: localStorage, locks: navigator.locks, cookie: true });
