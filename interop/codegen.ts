import type { CodegenConfig } from '@graphql-codegen/cli';

const client = {
  preset: 'client',
  presetConfig: { fragmentMasking: false },
  config: {
    enumsAsTypes: true,
    useTypeImports: true,
    strictScalars: true,
    avoidOptionals: { field: true },
    // Amounts are text, never floats: see docs/clients.md.
    scalars: { Amount: 'string', CurrencyCode: 'string', DateTime: 'string' },
  },
} as const;

const config: CodegenConfig = {
  schema: '../schema.graphql',
  ignoreNoDocuments: false,
  generates: {
    'src/gql/': { ...client, documents: 'src/operations.ts' },
    // Only to see that every document of the explorer gets types.
    'src/tabs/': { ...client, documents: '../explorer/src/tabs/*.graphql' },
  },
};

export default config;
