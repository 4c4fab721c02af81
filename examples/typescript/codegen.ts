import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  // In a copy of this folder: SCHEMA=http://127.0.0.1:8000/graphql npm run generate
  schema: process.env['SCHEMA'] ?? '../../schema.graphql',
  documents: 'src/**/*.ts',
  ignoreNoDocuments: false,
  generates: {
    'src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: 'string',
        enumsAsTypes: true,
        importExtension: '.js',
        useTypeImports: true,
        strictScalars: true,
        // Amounts are text, never floats: see docs/clients.md.
        scalars: { Amount: 'string', CurrencyCode: 'string', DateTime: 'string' },
      },
    },
  },
};

export default config;
