// Bundles the programs into build/. ESLint finds its parts at run time, so it stays outside.
import { build } from 'esbuild';

await build({
  entryPoints: ['graphql-eslint', 'graphql-http', 'graphql-js', 'graphql-ws', 'main', 'persisted'].map((name) => `src/${name}.ts`),
  outdir: 'build',
  bundle: true,
  platform: 'node',
  format: 'esm',
  external: ['eslint', '@graphql-eslint/eslint-plugin'],
  loader: { '.graphql': 'text' },
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  logLevel: 'warning',
});
