// graphql-js, the reference implementation: reads the served schema by introspection, and compares it with schema.graphql.
import { buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema, validateSchema } from 'graphql';
import text from '../../schema.graphql';
import { Checks } from './checks';

const [url = ''] = process.argv.slice(2);
const checks = new Checks();
const query = getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true, oneOf: true, directiveIsRepeatable: true });
const response = await fetch(url, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ query }),
});
const { data, errors } = await response.json();
checks.equal('the full introspection query is answered', errors, undefined);
const served = lexicographicSortSchema(buildClientSchema(data));
checks.equal('the served schema is valid', validateSchema(served).map(String).join(), '');
checks.equal('schema.graphql is the served schema', printSchema(served), printSchema(lexicographicSortSchema(buildSchema(text))));
checks.equal('schema.graphql is sorted', namesIn(text), namesIn(printSchema(served)));
checks.print();

function namesIn(sdl: string): string {
  return [...sdl.matchAll(/^(?:type|input|enum|interface|scalar|union) (\w+)/gm)].map(([, name]) => name).join();
}
