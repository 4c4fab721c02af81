// What normalised caches need to know about the schema. An application writes these into files when it is built.
import { buildSchema, introspectionFromSchema, isAbstractType, isObjectType } from 'graphql';
import text from '../../schema.graphql';

const schema = buildSchema(text);
const types = Object.values(schema.getTypeMap());

export const introspection = introspectionFromSchema(schema);

// For Apollo Client: the object types of each interface and union.
export const possibleTypes = Object.fromEntries(
  types.filter((type) => isAbstractType(type)).map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]),
);

// For graphcache: the object types that are part of the object which contains them.
export const VALUES = types
  .filter((type) => isObjectType(type) && !type.name.startsWith('__') && String(type.getFields()['id']?.type) !== 'ID!')
  .map(({ name }) => name)
  .filter((name) => !['Query', 'Mutation', 'Subscription'].includes(name));
