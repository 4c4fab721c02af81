// A payment that can be sent again after a lost answer, and moves money only once.
import type { TransferInput } from './gql/graphql.js';
import { PAY } from './operations.js';
import { NoAnswer, type Session } from './session.js';

const TRIES = 6;

export async function pay(session: Session, payment: Omit<TransferInput, 'idempotencyKey'>) {
  const input = { ...payment, idempotencyKey: crypto.randomUUID() }; // created once: each try sends the same key
  for (let tried = 1; ; tried++) {
    try {
      return (await session.request(PAY, { input })).transfer;
    } catch (error) {
      if (!(error instanceof NoAnswer) || tried === TRIES) throw error;
      console.error(`${error.message} Trying again with the same key.`);
      await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** tried * Math.random()));
    }
  }
}
