/** The walk: one operation a tab, in the order a newcomer meets them. */
import asked from './tabs/asked.graphql?raw';
import confirm from './tabs/confirm.graphql?raw';
import deposit from './tabs/deposit.graphql?raw';
import history from './tabs/history.graphql?raw';
import live from './tabs/live.graphql?raw';
import me from './tabs/me.graphql?raw';
import pay from './tabs/pay.graphql?raw';
import signIn from './tabs/sign-in.graphql?raw';
import statement from './tabs/statement.graphql?raw';
import withdraw from './tabs/withdraw.graphql?raw';
import { newKey } from './idempotency.jsx';

export const DEMO_PEOPLE = ['alice', 'bob', 'carol'];
export const DEMO_PASSWORD = 'pocket-pay-demo';

const tab = (query, variables) => ({ query, variables: variables && JSON.stringify(variables, null, 2) });

/** The running month as statements name it: by UTC. */
const thisMonth = () => new Date().toISOString().slice(0, 7);

/** The tabs of a new window, each payment with an idempotency key of its own. */
export const firstTabs = () => [
  tab(signIn, { input: { login: DEMO_PEOPLE[0], password: DEMO_PASSWORD } }),
  tab(me),
  tab(deposit, { input: { amount: '750.00', bankName: 'First Demo Bank', idempotencyKey: newKey() } }),
  tab(pay, { input: { to: 'carol', amount: '620.00', description: 'A second-hand bicycle', idempotencyKey: newKey() } }),
  tab(confirm, { id: '' }),
  tab(withdraw, {
    input: { amount: '40.00', bankName: 'First Demo Bank', speed: 'INSTANT', idempotencyKey: newKey() },
  }),
  tab(history),
  tab(statement, { month: thisMonth(), time: `${thisMonth()}-01T00:00:00Z` }),
  tab(live),
  tab(asked),
];

const answersPayment = ({ query }) => /\b(confirm|cancel)Transfer\(/.test(query ?? '');

export const confirmTab = (tabs) => tabs.findIndex(answersPayment);

/**
 * The tab's variables (JSON text), with the newest payment of `awaiting` as the "id" where the tab answers
 * a payment and names none that awaits an answer.
 */
export function withPaymentToAnswer(tab, variables, awaiting) {
  if (awaiting.length === 0 || !answersPayment(tab)) return variables;
  return variables.replace(/("id"\s*:\s*)"([^"]*)"/, (whole, label, id) =>
    awaiting.includes(id) ? whole : `${label}"${awaiting[0]}"`,
  );
}
