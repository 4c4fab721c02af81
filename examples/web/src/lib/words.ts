/** The texts for people: amounts, times, refusals and failures, in their locale. */
import { ServerError } from '@apollo/client';
import { Money, type MoneyFields, RefreshFailed, SessionEnded, UnansweredAttempt } from '@pocketpay/client';
import type {
  CardStatus, ErrorPartsFragment, LimitKind, MoneyRequestStatus, TransactionPartsFragment, TransactionStatus,
  TransactionType,
} from '../gql/graphql';
import { codesOf } from './client';

/** The compiler calls this unreachable. A value that it does not know makes the build fail. */
export function assertNever(value: never): never {
  throw new Error(`Not expected: ${JSON.stringify(value)}`);
}

export const money = (amount: MoneyFields, options?: Intl.NumberFormatOptions) => Money.of(amount).format(undefined, options);

export const signed = ({ direction, amount, total }: Pick<TransactionPartsFragment, 'direction' | 'amount' | 'total'>) =>
  (direction === 'INCOMING' ? '+' : '−') + money(direction === 'INCOMING' ? amount : total);

const times = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const days = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
export const time = (text: string) => times.format(new Date(text));
export const day = (text: string) => days.format(new Date(text));
export const hour = (text: string) => clock.format(new Date(text));

const LIMITS: Record<LimitKind, string> = {
  DEPOSIT_DAILY: 'deposits', TRANSFER_DAILY: 'payments', WITHDRAWAL_DAILY: 'withdrawals',
};

/** A refusal in words. A new type of refusal in the schema does not compile until it has its words here. */
export function refusal(error: ErrorPartsFragment): string {
  switch (error.__typename) {
    case 'InsufficientFunds':
      return `The payment needs ${money(error.required)}, and ${money(error.available)} is available.`;
    case 'LimitExceeded': {
      const { kind, remaining, total, resetsAt } = error.limit;
      const until = resetsAt ? ` More is possible from ${time(resetsAt)}.` : '';
      return `Your limit for ${LIMITS[kind]} is ${money(total)} in 24 hours, and ${money(remaining)} of it is left.${until}`;
    }
    case 'RateLimited':
    case 'WrongState':
    case 'InvalidInput':
    case 'Refusal':
      return error.message;
    default:
      return assertNever(error);
  }
}

const FAILURES: Record<string, string> = {
  UNAUTHENTICATED: 'Your session has ended. Sign in again.',
  FORBIDDEN: 'Only operators can do this.',
  RATE_LIMITED: 'Too many requests. Wait a moment, then try again.',
  SERVICE_BUSY: 'The server is busy. Try again in a moment.',
  INTERNAL: 'Something went wrong on the server. Try again: a repeated payment is made only once.',
};

/** A failed request in words: no answer, or top-level errors. */
export function failure(error: unknown): string {
  if (error instanceof SessionEnded) return FAILURES['UNAUTHENTICATED']!;
  if (error instanceof UnansweredAttempt) return 'An earlier attempt has no answer yet. Send that one again first.';
  if (error instanceof RefreshFailed) return FAILURES[error.code] ?? FAILURES['SERVICE_BUSY']!;
  const [code] = codesOf(error);
  if (code !== undefined) return FAILURES[code] ?? (error as Error).message;
  if (ServerError.is(error)) return FAILURES[error.statusCode === 429 ? 'RATE_LIMITED' : 'SERVICE_BUSY']!;
  return navigator.onLine
    ? 'There was no answer. The network or the server may be down.'
    : 'You are offline. Nothing is lost: try again when the network is back.';
}

export const words = (code: string) => code.toLowerCase().replaceAll('_', ' ');

export const STATUS: Record<TransactionStatus, { text: string; color: string }> = {
  COMPLETED: { text: 'Completed', color: 'teal' },
  CREATED: { text: 'On its way', color: 'blue' },
  PENDING_CONFIRMATION: { text: 'Waits for you', color: 'orange' },
  BLOCKED: { text: 'Blocked', color: 'red' },
  CANCELLED: { text: 'Cancelled', color: 'gray' },
  EXPIRED: { text: 'Expired', color: 'gray' },
  FAILED: { text: 'Failed', color: 'red' },
};

export const TYPE: Record<TransactionType, string> = {
  BONUS: 'Bonus', CARD: 'Card payment', DEPOSIT: 'Deposit', REFUND: 'Refund', REQUEST: 'Paid request', SEND: 'Payment',
  WITHDRAWAL: 'Withdrawal',
};

export const REQUEST_STATUS: Record<MoneyRequestStatus, { text: string; color: string }> = {
  PENDING: { text: 'Open', color: 'orange' },
  PAID: { text: 'Paid', color: 'teal' },
  DECLINED: { text: 'Declined', color: 'gray' },
  CANCELLED: { text: 'Cancelled', color: 'gray' },
  EXPIRED: { text: 'Expired', color: 'gray' },
};

export const CARD_STATUS: Record<CardStatus, { text: string; color: string }> = {
  ACTIVE: { text: 'Active', color: 'teal' },
  FROZEN: { text: 'Frozen', color: 'blue' },
  CLOSED: { text: 'Closed', color: 'gray' },
};

const BROWSERS = [['Edg', 'Edge'], ['Firefox', 'Firefox'], ['Chrome', 'Chrome'], ['Safari', 'Safari']] as const;
const SYSTEMS = [['Android', 'Android'], ['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Windows', 'Windows'], ['Mac OS', 'macOS'], ['Linux', 'Linux']] as const;

/** The device of a session, like "Chrome on Linux". */
export function device(userAgent: string | null | undefined): string {
  if (!userAgent) return 'Unknown device';
  const browser = BROWSERS.find(([sign]) => userAgent.includes(sign))?.[1];
  const system = SYSTEMS.find(([sign]) => userAgent.includes(sign))?.[1];
  return browser && system ? `${browser} on ${system}` : browser ?? system ?? userAgent.slice(0, 40);
}
