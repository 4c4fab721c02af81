// What each client of this folder can do. The walk in walk.ts uses nothing else of it.
import type { TransferInput } from './gql/graphql';
import type { Session } from './session';

export type Tokens = { accessToken: string; refreshToken: string };
export type Wallet = { version: number; available: { amount: string } };
export type Refusal = { code: string; required?: { amount: string } };
export type Payment = {
  transaction: { id: string; status: string; riskReasons: readonly { rule: string }[] } | null;
  errors: readonly Refusal[];
};

export interface Client {
  readonly session: Session;
  signIn(login: string, password: string): Promise<void>;
  // The wallet that the client's own cache has, without a request; undefined for a client without a cache.
  cachedWallet(): Promise<Wallet> | undefined;
  wallet(): Promise<Wallet>;
  pay(input: TransferInput): Promise<Payment>;
  confirm(id: string): Promise<string>;
  watch(onWallet: (wallet: Wallet) => void, onError: (error: unknown) => void): () => void;
  close(): Promise<void>;
}
