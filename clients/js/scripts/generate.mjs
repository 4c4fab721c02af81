// Writes src/schema.ts from a schema.graphql: what a normalised cache must know about the types.
//
//     npm run generate                        the schema of this checkout
//     SCHEMA=/path/to/schema.graphql npm run generate
import { readFileSync, writeFileSync } from 'node:fs';
import { buildSchema, isInterfaceType, isObjectType } from 'graphql';

const source = process.env.SCHEMA ?? new URL('../../../schema.graphql', import.meta.url);
const schema = buildSchema(readFileSync(source, 'utf8'));
const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];

const possibleTypes = {};
for (const type of types.filter(isInterfaceType)) {
  possibleTypes[type.name] = schema.getPossibleTypes(type).map(({ name }) => name).sort();
}

// The id of an AuditFinding is text about a row: two findings can have the same one.
const isValue = (type) => !('id' in type.getFields()) || type.name === 'AuditFinding';
const values = types.filter((type) => isObjectType(type) && !roots.includes(type) && isValue(type)).map(({ name }) => name);

const literal = (value) => JSON.stringify(value, null, 2);
writeFileSync(new URL('../src/schema.ts', import.meta.url), `// Made from schema.graphql by scripts/generate.mjs.

/** Each interface and its object types: the \`possibleTypes\` of Apollo Client's InMemoryCache. */
export const possibleTypes: Record<string, string[]> = ${literal(possibleTypes)};

/** The types without an id of their own. They are values of the object that contains them. */
export const valueTypes: readonly string[] = ${literal(values.sort())};
`);
