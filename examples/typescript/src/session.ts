// One signed-in user. It sends the access token, and refreshes it when it has expired.
import type { SignInMutation, TypedDocumentString } from './gql/graphql.js';
import { REFRESH, SIGN_IN } from './operations.js';

type Tokens = NonNullable<SignInMutation['signIn']['tokens']>;
type Answer<Result> = { data?: Result; errors?: { message: string; extensions: { code: string } }[] };

// The server refused the request and changed nothing.
export class Refused extends Error {
  constructor(readonly code: string, message: string) { super(message); }
}

// The result is unknown. Send a mutation again with the same idempotency key.
export class NoAnswer extends Error {}

export class Session {
  private refreshing: Promise<void> | null = null;

  private constructor(readonly url: string, private tokens: Tokens) {}

  static async signIn(url: string, login: string, password: string): Promise<Session> {
    const { signIn } = await post(url, SIGN_IN, { input: { login, password } });
    return new Session(url, granted(signIn));
  }

  // An access token that is valid for at least 30 seconds, and is not `stale`.
  async accessToken(stale?: string): Promise<string> {
    const soon = Date.now() + 30_000;
    if (this.tokens.accessToken === stale || Date.parse(this.tokens.accessTokenExpiresAt) < soon) await this.refresh();
    return this.tokens.accessToken;
  }

  // One refresh at a time: a refresh token works only once.
  refresh(): Promise<void> {
    this.refreshing ??= post(this.url, REFRESH, { refreshToken: this.tokens.refreshToken })
      .then(({ refreshSession }) => { this.tokens = granted(refreshSession); })
      .finally(() => { this.refreshing = null; });
    return this.refreshing;
  }

  async request<Result, Variables>(
    document: TypedDocumentString<Result, Variables>, variables: Variables,
  ): Promise<Result> {
    const used = await this.accessToken();
    try {
      return await post(this.url, document, variables, used);
    } catch (error) {
      if (!(error instanceof Refused && error.code === 'UNAUTHENTICATED')) throw error;
      return post(this.url, document, variables, await this.accessToken(used));
    }
  }
}

function granted({ tokens, errors }: SignInMutation['signIn']): Tokens {
  if (tokens) return tokens;
  throw new Refused(errors[0]?.code ?? 'INTERNAL', errors[0]?.message ?? 'No tokens.');
}

async function post<Result, Variables>(
  url: string, document: TypedDocumentString<Result, Variables>, variables: Variables, accessToken?: string,
): Promise<Result> {
  const headers = new Headers({ 'Content-Type': 'application/json' });
  if (accessToken) headers.set('Authorization', `Bearer ${accessToken}`);
  let answer: Answer<Result>;
  try {
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: document, variables }) });
    answer = await response.json() as Answer<Result>;
  } catch (error) {
    throw new NoAnswer(`No answer from a Pocket Pay server at ${url}.`, { cause: error });
  }
  const [error] = answer.errors ?? [];
  if (error && ['SERVICE_BUSY', 'INTERNAL'].includes(error.extensions.code)) throw new NoAnswer(error.message);
  if (error) throw new Refused(error.extensions.code, error.message);
  if (!answer.data) throw new NoAnswer(`No Pocket Pay server is at ${url}.`);
  return answer.data;
}
