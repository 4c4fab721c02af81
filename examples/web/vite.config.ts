import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { type DocumentNode, print, stripIgnoredCharacters } from 'graphql';
import { defineConfig, type Plugin } from 'vite';

/** Maximum compressed size of the files that a browser loads before it shows the first screen. */
const FIRST_LOAD_BYTES = 200 * 1024;

/** The screens that a visitor sees first: the module of each is loaded with the entry. */
const FIRST_SCREENS = ['/pages/Home.tsx', '/pages/SignIn.tsx'];

/**
 * Writes the .br and .gz beside every asset, so that the server compresses nothing itself. Fails the build when a first
 * screen needs more than FIRST_LOAD_BYTES with brotli, which every browser of today accepts.
 */
function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    writeBundle({ dir }, bundle) {
      const sizes = new Map<string, { gzip: number; brotli: number }>();
      for (const name of Object.keys(bundle).filter((file) => file.startsWith('assets/'))) {
        const file = join(dir!, name);
        const plain = readFileSync(file);
        const gzip = gzipSync(plain, { level: 9 });
        const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
        writeFileSync(`${file}.gz`, gzip);
        writeFileSync(`${file}.br`, brotli);
        sizes.set(name, { gzip: gzip.length, brotli: brotli.length });
      }

      const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
      const entry = chunks.find(({ isEntry }) => isEntry)!;
      for (const screen of FIRST_SCREENS) {
        const page = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith(screen));
        if (!page) this.error(`${screen} is not a chunk of its own.`);
        const needed = new Set<string>();
        const need = (name: string) => {
          if (needed.has(name)) return;
          needed.add(name);
          const chunk = bundle[name];
          if (chunk?.type !== 'chunk') return;
          chunk.imports.forEach(need);
          chunk.viteMetadata?.importedCss.forEach(need);
        };
        need(entry.fileName);
        need(page.fileName);
        const total = (kind: 'gzip' | 'brotli') => [...needed].reduce((sum, name) => sum + (sizes.get(name)?.[kind] ?? 0), 0);
        const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(0)} KB`;
        console.log(`First load of ${screen}: ${kilobytes(total('gzip'))} with gzip, ${kilobytes(total('brotli'))} with brotli`);
        if (total('brotli') >= FIRST_LOAD_BYTES) this.error(`The first load of ${screen} is ${kilobytes(total('brotli'))}.`);
      }
    },
  };
}

/** Puts each generated document into the bundle as text, which is parsed at the start: its tree is twenty times as long. */
function documentsAsText(): Plugin {
  return {
    name: 'documents-as-text',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('/src/gql/graphql.ts')) return null;
      const shorter = code.replace(/^(export const \w+ = )(\{"kind":"Document".*\})( as unknown as DocumentNode)/gm, (_, start, tree, end) => {
        const text = stripIgnoredCharacters(print(JSON.parse(tree) as DocumentNode));
        return `${start}/*#__PURE__*/ parse(${JSON.stringify(text)}, { noLocation: true })${end}`;
      });
      return { code: `import { parse } from 'graphql';\n${shorter}`, map: null };
    },
  };
}

export default defineConfig({
  base: '/app/',
  plugins: [documentsAsText(), react(), precompress()],
  build: {
    outDir: '../../pocketpay/explorer/web',
    emptyOutDir: true,
    target: 'es2022',
    license: { fileName: 'licenses.md' },
  },
  // `npm run dev` beside `make run`: the page from Vite, the API from the server.
  server: {
    proxy: {
      '/graphql': { target: 'http://127.0.0.1:8000', ws: true },
      '/statements': 'http://127.0.0.1:8000',
      '/explorer/mails': 'http://127.0.0.1:8000',
    },
  },
});
