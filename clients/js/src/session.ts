/**
 * The tokens of one signed-in user. The access token stays in memory. The refresh token is in a cookie that scripts cannot
 * read, when the server has REFRESH_COOKIE on; otherwise it is in `storage`.
 *
 * One refresh runs at a time, in this page and among the tabs of the browser, because a refresh token works once.
 */
import type { KeyStorage } from './attempts.js';

export interface Tokens {
  accessToken: string;
  /** Empty when the browser keeps it in a cookie. */
  refreshToken: string;
}

export interface SessionOptions {
  /** The address of the API, like "/graphql". */
  url: string;
  /** Where the refresh token is kept when there is no cookie, and whether there is a session: `localStorage`. */
  storage: KeyStorage;
  /** Whether to ask the server for a cookie: it needs REFRESH_COOKIE and an allowed origin. Without it the server sends the token. */
  cookie?: boolean;
  fetch?: typeof fetch;
  /** `navigator.locks`, where it exists. */
  locks?: Pick<LockManager, 'request'> | undefined;
}

/** The session is over: the user must sign in again. */
export class SessionEnded extends Error {
  constructor() {
    super('Sign in again.');
    this.name = 'SessionEnded';
  }
}

/** The server could not refresh the session now. The session may still be valid. */
export class RefreshFailed extends Error {
  constructor(readonly code: string) {
    super(`The session could not be refreshed: ${code}`);
    this.name = 'RefreshFailed';
  }
}

const REFRESH = `mutation RefreshSession($refreshToken: String!) {
  refreshSession(refreshToken: $refreshToken) { tokens { accessToken refreshToken } errors { code } }
}`;

const NAME = 'pocketpay.session';
const IN_COOKIE = 'cookie';

interface RefreshResponse {
  data?: { refreshSession: { tokens: Tokens | null; errors: { code: string }[] } } | null;
  errors?: { extensions?: { code?: string } }[];
}

export class Session {
  accessToken: string | null = null;
  private refreshing: Promise<string> | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly options: SessionOptions) {}

  /** The headers of signIn, signUp, refreshSession and signOut, which ask for the cookie; other operations may have them. */
  get headers(): Record<string, string> {
    return this.options.cookie ? { 'X-Refresh-Cookie': '1' } : {};
  }

  /** Whether somebody is signed in, as far as this browser knows. */
  get exists(): boolean {
    return this.options.storage.getItem(NAME) !== null;
  }

  /** Takes the tokens of signIn or signUp. */
  begin(tokens: Tokens): void {
    this.accessToken = tokens.accessToken;
    this.options.storage.setItem(NAME, tokens.refreshToken || IN_COOKIE);
  }

  /** Forgets the tokens, after signOut or when the session is over. */
  end(): void {
    this.accessToken = null;
    this.options.storage.removeItem(NAME);
    for (const listener of this.listeners) listener();
  }

  /** Calls the listener when the session ends. Returns a function that removes the listener. */
  onEnd(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Returns an access token other than `used`: the one that another request got in the meantime, or a new one. Throws
   * SessionEnded when the user must sign in again, RefreshFailed or the error of fetch when it may work later.
   */
  async renew(used: string | null): Promise<string> {
    if (this.accessToken !== null && this.accessToken !== used) return this.accessToken;
    this.refreshing ??= this.locked(() => this.rotate()).finally(() => { this.refreshing = null; });
    return this.refreshing;
  }

  private locked(rotate: () => Promise<string>): Promise<string> {
    return this.options.locks ? this.options.locks.request('pocketpay.refresh', rotate) as Promise<string> : rotate();
  }

  private async rotate(): Promise<string> {
    // Read inside the lock: another tab may have rotated it.
    const stored = this.options.storage.getItem(NAME);
    if (stored === null) throw new SessionEnded();
    const { data, errors } = await this.asked(stored === IN_COOKIE ? '' : stored);
    const tokens = data?.refreshSession.tokens;
    if (tokens) {
      this.begin(tokens);
      return tokens.accessToken;
    }
    const code = data?.refreshSession.errors[0]?.code ?? errors?.[0]?.extensions?.code ?? 'INTERNAL';
    if (code !== 'INVALID_TOKEN') throw new RefreshFailed(code);
    this.end();
    throw new SessionEnded();
  }

  /** Sends the refresh. When its response is lost, repeats it immediately: the server returns the same new token. */
  private async asked(refreshToken: string): Promise<RefreshResponse> {
    const send = async () => {
      const response = await (this.options.fetch ?? fetch)(this.options.url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...this.headers },
        body: JSON.stringify({ query: REFRESH, variables: { refreshToken } }),
      });
      return await response.json() as RefreshResponse;
    };
    try {
      return await send();
    } catch {
      return send();
    }
  }
}
