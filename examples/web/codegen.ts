import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: process.env['SCHEMA'] ?? '../../schema.graphql',
  documents: 'src/documents/*.graphql',
  ignoreNoDocuments: false,
  generates: {
    'src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        // The compiler distinguishes the types of refusals by this field.
        nonOptionalTypename: true,
        // Amounts are text, never floats: see docs/clients.md.
        scalars: { Amount: 'string', CurrencyCode: 'string', DateTime: 'string' },
      },
    },
  },
};

export default config;
