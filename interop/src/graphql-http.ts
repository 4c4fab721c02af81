// The audit of graphql-http: what the GraphQL over HTTP specification requires (MUST) and recommends (SHOULD) of a server.
import { auditServer } from 'graphql-http';
import { Checks } from './checks';

const [url = ''] = process.argv.slice(2);
const checks = new Checks();
for (const result of await auditServer({ url, fetchFn: fetch })) {
  checks.add(`${result.id} ${result.name}`, result.status === 'ok' ? null : `${result.status}: ${result.reason}`);
}
checks.print();
