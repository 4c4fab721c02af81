// Persisted queries: Apollo Client and urql first send a hash. This server registers none, so they send the text.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { createHash } from 'node:crypto';
import { Checks } from './checks';
import type { CurrenciesQuery } from './gql/graphql';
import { CURRENCIES } from './operations';

const [url = ''] = process.argv.slice(2);
const checks = new Checks();
const sent: string[] = [];

// Notes of each request whether it has the document's text or only its hash.
const noting: typeof fetch = async (input, init) => {
  const request = decodeURIComponent(String(init?.body ?? input));
  sent.push(request.includes('currencies') ? 'text' : request.includes('sha256Hash') ? 'hash' : 'neither');
  return fetch(input, init);
};

async function asks(client: string, ask: () => Promise<CurrenciesQuery | undefined>): Promise<void> {
  sent.length = 0;
  for (const time of ['first', 'second']) {
    checks.equal(`${client}: the ${time} query is answered`, (await ask())?.currencies.some(({ code }) => code === 'USD'), true);
  }
  checks.equal(`${client}: a hash is sent once, then only texts`, sent.join(), 'hash,text,text');
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const apollo = new ApolloClient({
  link: ApolloLink.from([new PersistedQueryLink({ sha256 }), new HttpLink({ uri: url, fetch: noting })]),
  cache: new InMemoryCache(),
});
const urql = new Client({ url, fetch: noting, exchanges: [persistedExchange({ preferGetForPersistedQueries: true }), fetchExchange] });

await checks.during('Apollo Client', () => asks('Apollo Client', async () =>
  (await apollo.query({ query: CURRENCIES, fetchPolicy: 'network-only' })).data));
await checks.during('urql', () => asks('urql', async () => (await urql.query(CURRENCIES, {})).data));
apollo.stop();
checks.print();
