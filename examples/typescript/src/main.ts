// Watches a wallet, pays a user from it, and shows how its balance changes.
//
//     npm ci && npm run generate && npm run build
//     npm start -- alice pocket-pay-demo bob 1.00

import { createInterface } from 'node:readline/promises';
import { CONFIRM } from './operations.js';
import { pay } from './pay.js';
import { NoAnswer, Refused, Session } from './session.js';
import { balances } from './watch.js';

const USAGE = `usage: npm start -- login password to amount [url]

for example: npm start -- alice pocket-pay-demo bob 1.00`;

const [login, password, to, amount, url = 'http://127.0.0.1:8000/graphql', ...more] = process.argv.slice(2);
if (!login || !password || !to || !amount || more.length) end(USAGE, 2);

function end(why: string, code = 1): never {
  console.error(why);
  process.exit(code);
}

async function saysYes(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await Promise.race([
    terminal.question(question), new Promise<string>((resolve) => terminal.once('close', () => resolve(''))),
  ]);
  terminal.close();
  return answer.trim().toLowerCase() === 'y';
}

async function main(to: string, amount: string) {
  const session = await Session.signIn(url, login!, password!);
  const changes = balances(session);
  console.log(shown((await changes.next()).value));
  await session.refresh();

  const { transaction, replayed, errors } = await pay(session, { to, amount, description: 'From the example' });
  if (!transaction || errors[0]) return end(errors[0]?.message ?? 'Nothing was paid.');
  let { status } = transaction;
  if (status === 'PENDING_CONFIRMATION') {
    for (const { message } of transaction.riskReasons) console.log(message);
    if (!await saysYes(`Pay ${to} ${amount}? [y/N] `)) {
      return end('Not confirmed: the money is held until the payment expires.');
    }
    const { confirmTransfer } = await session.request(CONFIRM, { id: transaction.id });
    if (confirmTransfer.errors[0]) return end(confirmTransfer.errors[0].message);
    status = confirmTransfer.transaction!.status;
  }
  console.log(replayed ? `${status}, by an earlier try` : status);
  console.log(shown((await changes.next()).value));
  await changes.return();
}

function shown(available: { amount: string; currency: string } | void): string {
  return available ? `${available.amount} ${available.currency} to spend` : 'The balance is no longer sent.';
}

try {
  await main(to, amount);
  process.exit(0);
} catch (error) {
  if (error instanceof NoAnswer) end(`${error.message} Start a server with: make run`);
  if (error instanceof Refused) end(error.message);
  throw error;
}
