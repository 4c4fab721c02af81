// Runs one client against a server: node build/main.js apollo http://127.0.0.1:8000/graphql
import { apollo } from './apollo';
import { Checks } from './checks';
import { graphqlRequest } from './graphql-request';
import { relay } from './relay/index';
import { urql } from './urql';
import { walk } from './walk';

const CLIENTS = { apollo, urql, 'graphql-request': graphqlRequest, relay };
const PASSWORD = 'pocket-pay-demo';

const [name = '', url = ''] = process.argv.slice(2);
if (!(name in CLIENTS) || !url) {
  console.error(`usage: node build/main.js ${Object.keys(CLIENTS).join('|')} url`);
  process.exit(2);
}

// A customer of its own, so that each recipient is new and the balance is known.
async function signUp(): Promise<string> {
  const username = `interop_${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      query: 'mutation ($input: SignUpInput!) { signUp(input: $input) { errors { message } } }',
      variables: { input: { username, name: 'Ingrid Interop', password: PASSWORD } },
    }),
  });
  const { data } = await response.json() as { data: { signUp: { errors: { message: string }[] } } };
  if (data.signUp.errors[0]) throw new Error(data.signUp.errors[0].message);
  return username;
}

const checks = new Checks();
const client = CLIENTS[name as keyof typeof CLIENTS](url);
await checks.during('the walk', async () => walk(client, checks, await signUp(), PASSWORD));
if ('pages' in client) {
  await checks.during('the pages', async () => {
    const { edges, ids } = await (client as ReturnType<typeof relay>).pages(2);
    checks.equal('two pages are one list in the store', edges, 2);
    checks.equal('no transaction is twice in it', ids, 2);
  });
}
await client.close();
checks.print();
