// Signs in, pays a new recipient, confirms the payment, and watches the balance, with any of the clients.
import type { Client, Wallet } from './client';
import type { TransferInput } from './gql/graphql';
import type { Checks } from './checks';

const WAIT_MS = 30_000;

export async function walk(client: Client, checks: Checks, login: string, password: string): Promise<void> {
  await client.signIn(login, password);
  const before = (await client.wallet()).available.amount;
  checks.equal('the wallet has the welcome bonus', before, '100.00');

  const balances = new Events();
  const stop = client.watch((wallet) => balances.add(wallet), (error) => balances.fail(error));
  checks.equal('the subscription starts with the current balance', await balances.until('100.00'), '100.00');

  const refused = await client.pay(payment('1000.00'));
  checks.equal('a payment without funds is refused as data', refused.errors[0]?.code, 'INSUFFICIENT_FUNDS');
  checks.equal('a fragment on an interface has the fields of its type', refused.errors[0]?.required?.amount, '1000.00');

  const paid = await client.pay(payment('12.50'));
  checks.equal('a payment to a new recipient is not refused', paid.errors.length, 0);
  checks.equal('it waits for confirmation', paid.transaction?.status, 'PENDING_CONFIRMATION');
  checks.equal('it has the rule that matched', paid.transaction?.riskReasons[0]?.rule, 'NEW_RECIPIENT');
  checks.equal('the held amount arrives as a live update', await balances.until('87.50'), '87.50');
  const cached = await client.cachedWallet();
  if (cached) checks.equal('the cache has the new balance', cached.available.amount, '87.50');

  checks.equal('the confirmed payment is completed', await client.confirm(paid.transaction!.id), 'COMPLETED');
  checks.equal('versions grow', balances.ordered, true);
  stop();

  expire(client);
  checks.equal('a request with an expired token is repeated with a new one', (await client.wallet()).available.amount, '87.50');
  expire(client);
  const again = new Events();
  const end = client.watch((wallet) => again.add(wallet), (error) => again.fail(error));
  checks.equal('a websocket with an expired token connects with a new one', await again.until('87.50'), '87.50');
  end();
}

// For the server an unreadable token is like an expired one.
function expire({ session }: Client): void {
  session.tokens = { ...session.tokens!, accessToken: 'expired' };
}

export function payment(amount: string): TransferInput {
  return { to: 'carol', amount, description: 'Interoperability', idempotencyKey: crypto.randomUUID() };
}

class Events {
  private readonly wallets: Wallet[] = [];
  private error: unknown = null;
  private wake = () => {};

  add(wallet: Wallet): void {
    this.wallets.push(wallet);
    this.wake();
  }

  fail(error: unknown): void {
    this.error = error ?? new Error('The subscription ended.');
    this.wake();
  }

  get ordered(): boolean {
    return this.wallets.every(({ version }, index) => index === 0 || version > this.wallets[index - 1]!.version);
  }

  // The newest balance, as soon as it is this one or the time is over.
  async until(amount: string): Promise<string | undefined> {
    const over = AbortSignal.timeout(WAIT_MS);
    for (;;) {
      if (this.error) throw this.error;
      const newest = this.wallets.at(-1)?.available.amount;
      if (newest === amount || over.aborted) return newest;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        over.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }
}
