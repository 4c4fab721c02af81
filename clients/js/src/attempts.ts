/**
 * A key for each attempt to move money. The key is stored before the request is sent and survives a reload, so that an
 * attempt whose answer was lost is repeated with the same key and happens once.
 *
 *     no attempt ── send ──► sent ── answered: the key is used ──────────► no attempt
 *                              │ ── refused: the key is not used ────────► open: the key stays, the input may change
 *                              └ ── no answer: nobody knows what happened ► sent: only the same input may be sent
 */

export interface Attempt<Input> {
  key: string;
  input: Input;
  /** Whether a request was sent whose answer is not known. */
  sent: boolean;
}

/** The part of `Storage` that is needed here; `localStorage` and `sessionStorage` have it. */
export interface KeyStorage {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
}

/** An earlier attempt with another input has no answer yet: repeat that one first. */
export class UnansweredAttempt extends Error {
  constructor(readonly form: string) {
    super('An earlier attempt has no answer yet.');
    this.name = 'UnansweredAttempt';
  }
}

/** Top-level errors after which the request certainly did nothing. */
const DID_NOTHING = new Set([
  'UNAUTHENTICATED', 'FORBIDDEN', 'BAD_USER_INPUT', 'GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED',
  'QUERY_TOO_COMPLEX', 'RATE_LIMITED', 'DOCUMENT_NOT_FOUND', 'DOCUMENT_NOT_TRUSTED', 'PERSISTED_QUERY_NOT_SUPPORTED',
]);

export class Attempts {
  /** `owner` is the id of the signed-in user: a key is never sent for another one. */
  constructor(
    private readonly storage: KeyStorage,
    private readonly owner: string,
  ) {}

  /** The attempt of this form whose answer was lost, or null. */
  unanswered<Input>(form: string): Attempt<Input> | null {
    const attempt = this.read<Input>(form);
    return attempt?.sent ? attempt : null;
  }

  /**
   * Sends an attempt of a form with its key. `codesOf` returns the codes of a thrown error's top-level errors; an error
   * without codes is a lost answer. Throws UnansweredAttempt when an earlier attempt with another input has no answer.
   */
  async send<Input, Payload>(
    form: string,
    input: Input,
    request: (idempotencyKey: string) => Promise<Payload>,
    codesOf: (error: unknown) => readonly string[] = () => [],
  ): Promise<Payload> {
    const before = this.read<Input>(form);
    if (before?.sent && JSON.stringify(before.input) !== JSON.stringify(input)) throw new UnansweredAttempt(form);
    const attempt = { key: before?.key ?? newKey(), input, sent: true };
    this.write(form, attempt);
    let payload: Payload;
    try {
      payload = await request(attempt.key);
    } catch (error) {
      const codes = codesOf(error);
      if (codes.length > 0 && codes.every((code) => DID_NOTHING.has(code))) this.write(form, { ...attempt, sent: false });
      throw error;
    }
    if (isKeyUsed(payload)) this.forget(form);
    else this.write(form, { ...attempt, sent: false });
    return payload;
  }

  /** Forgets the attempt. The next one has a new key: only for an attempt whose outcome the user has seen. */
  forget(form: string): void {
    this.storage.removeItem(this.name(form));
  }

  private read<Input>(form: string): Attempt<Input> | null {
    try {
      return JSON.parse(this.storage.getItem(this.name(form)) ?? 'null') as Attempt<Input> | null;
    } catch {
      return null;
    }
  }

  private write<Input>(form: string, attempt: Attempt<Input>): void {
    this.storage.setItem(this.name(form), JSON.stringify(attempt));
  }

  private name(form: string): string {
    return `pocketpay.attempt.${this.owner}.${form}`;
  }
}

const isPresent = (value: unknown) => (Array.isArray(value) ? value.length > 0 : value !== null && value !== undefined);

/** Whether the payload of a mutation says that its idempotency key is used: see "Idempotency keys" in docs/clients.md. */
export function isKeyUsed(payload: unknown): boolean {
  if (payload === null || typeof payload !== 'object') return false;
  const { transaction, moneyRequest, moneyRequests, card, results, errors } = payload as Record<string, unknown>;
  if ([transaction, moneyRequest, moneyRequests, card].some(isPresent)) return true;
  if (Array.isArray(results) && results.some(isKeyUsed)) return true;
  return Array.isArray(errors) && errors.some((error) => (error as { code?: unknown }).code === 'IDEMPOTENCY_KEY_REUSED');
}

/** A new key. `crypto.randomUUID` exists only in secure contexts. */
export function newKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
