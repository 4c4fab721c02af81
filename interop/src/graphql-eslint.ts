// Lints schema.graphql with the schema rules of graphql-eslint. Every rule is on, except where its reason says why not.
import plugin from '@graphql-eslint/eslint-plugin';
import { ESLint, type Linter } from 'eslint';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Checks } from './checks';
import { VALUES } from './schema';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ALL = ['schema-recommended', 'schema-all', 'schema-relay'] as const;

const DECLINED: Linter.RulesRecord = {
  // A list that needs no pages, such as `errors` or `cards`, is a plain list.
  '@graphql-eslint/relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false }],
  // Values are parts of the object that contains them, and have no id: see "Caching" in docs/clients.md.
  '@graphql-eslint/strict-id-in-types': ['error', { exceptions: { types: VALUES } }],
  // schema.graphql is sorted, in the order of graphql-js: the suite graphql-js compares it. This rule sorts by locale.
  '@graphql-eslint/alphabetize': 'off',
  // A wallet server has mutations and subscriptions.
  '@graphql-eslint/no-root-type': 'off',
  // A single argument needs no input type around it: confirmTransfer(id:).
  '@graphql-eslint/input-name': 'off',
  // A payload is never null, so that clients need no check. Refusals are data in it, and a mutation that did nothing is an
  // error of the request.
  '@graphql-eslint/require-nullable-result-in-root': 'off',
  // A payload has the changed transaction and wallet. With all of Query in it a mutation would have the cost of any query.
  '@graphql-eslint/require-field-of-type-query-in-mutation-result': 'off',
};

// Findings that are right and stay, by the type in which they are.
const ACCEPTED: Record<string, string[]> = {
  // `node` returns the viewer's own objects; these types are for operators. See decision 39.
  '@graphql-eslint/relay-edge-types': ['BankDifferenceEdge', 'BankReturnEdge', 'CustomerTransactionEdge', 'OperatorActionEdge'],
  // withdrawalQuote is deprecated and stays as long as this version of the schema.
  '@graphql-eslint/require-deprecation-date': ['Query'],
  // User.username is one word.
  '@graphql-eslint/no-typename-prefix': ['User'],
};

const rules: Linter.RulesRecord = { ...Object.assign({}, ...ALL.map((name) => plugin.configs[`flat/${name}`].rules)), ...DECLINED };
const eslint = new ESLint({
  cwd: ROOT,
  overrideConfigFile: true,
  overrideConfig: {
    files: ['**/*.graphql'],
    plugins: { '@graphql-eslint': plugin as never },
    languageOptions: { parser: plugin.parser as never, parserOptions: { graphQLConfig: { schema: `${ROOT}schema.graphql` } } },
    rules,
  },
});
const checks = new Checks();
const lines = (await readFile(`${ROOT}schema.graphql`, 'utf8')).split('\n');
const typeAt = (line: number) => lines.slice(0, line).findLast((text) => /^(type|input|enum|interface|union) /.test(text))?.split(' ')[1] ?? '';
const [linted] = await eslint.lintFiles(['schema.graphql']);
for (const rule of Object.keys(rules).filter((rule) => rules[rule] !== 'off')) {
  const found = linted!.messages.filter(({ ruleId }) => ruleId === rule).map(({ line, message }) => ({ type: typeAt(line), line, message }));
  const wrong = found.filter(({ type }) => !ACCEPTED[rule]?.includes(type));
  const unused = ACCEPTED[rule]?.filter((type) => !found.some((finding) => finding.type === type)) ?? [];
  const failures = [
    ...wrong.map(({ type, line, message }) => `${type}, line ${line}: ${message}`),
    ...unused.map((type) => `no finding in ${type} needs to be accepted any more`),
  ];
  checks.add(rule, failures.length ? failures.join('; ') : null);
}
checks.equal('schema.graphql is read', linted!.messages.some(({ fatal }) => fatal), false);
checks.print();
