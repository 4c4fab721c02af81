/** The tabs: one operation in each, in the order in which a new user needs them, with the variables of walk.json. */
import { newKey, withNewKeys } from './idempotency.jsx';
import walk from './walk.json';

export const DEMO_PEOPLE = ['alice', 'bob', 'carol', 'olivia'];
export const DEMO_PASSWORD = 'pocket-pay-demo';

const DOCUMENTS = import.meta.glob('./tabs/*.graphql', { query: '?raw', import: 'default', eager: true });

/** The current month in UTC, in the format of statements. */
const thisMonth = () => new Date().toISOString().slice(0, 7);

/** The values that walk.json leaves empty, because they differ in each window. */
const IN_THIS_WINDOW = {
  idempotencyKey: newKey,
  month: thisMonth,
  time: () => `${thisMonth()}-01T00:00:00Z`,
};

const asText = (variables) =>
  variables && JSON.stringify(variables, (name, value) => (value === '' && IN_THIS_WINDOW[name]?.()) || value, 2);

/** Returns the tabs of a new window. Each payment has its own idempotency key. */
export const firstTabs = () =>
  walk.map(({ tab, variables }) => ({ query: DOCUMENTS[`./tabs/${tab}.graphql`], variables: asText(variables) }));

/**
 * The ids that tabs act on. If a tab's document contains one of `verbs`, its variable `label` is filled from the list
 * `known` of `useStanding`. Codes are listed by the kind of mail that contains them.
 */
const ACTS_ON = [
  { verbs: /\b(confirm|cancel)Transfer\(/, label: 'id', known: 'awaiting' },
  { verbs: /\b(pay|decline)Request\(/, label: 'id', known: 'asked' },
  { verbs: /\brefund\(/, label: 'transactionId', known: 'received' },
  { verbs: /\w+Card(Payment)?\(/, label: 'id|cardId', known: 'cards' },
  { verbs: /\bverifyEmail\(/, label: 'code', known: 'verify_email' },
  { verbs: /\bverifyPhone\(/, label: 'code', known: 'verify_phone' },
  { verbs: /\bresetPassword\(/, label: 'code', known: 'reset_password' },
];

const actsOn = ({ query }) => ACTS_ON.find(({ verbs }) => verbs.test(query ?? ''));

/** Returns the index of the first tab that acts on the list `known`, or -1. */
export const tabThatActsOn = (tabs, known) => tabs.findIndex((tab) => actsOn(tab)?.known === known);

/** Returns the item that the tab acts on: the one in its variables, or else the newest. */
export const oneToActOn = (tab, found) => found.find(({ id }) => tab?.variables?.includes(id)) ?? found[0];

/**
 * Returns the tab's variables (JSON text). If they contain none of the ids or codes that the tab can act on, the newest
 * one is filled in with a new idempotency key, because the server refuses a used key for another payment.
 */
export function withIdToActOn(tab, variables, known) {
  const found = actsOn(tab);
  const ids = (found && known[found.known])?.map(({ id }) => id);
  if (!ids?.length) return variables;
  let another = false;
  const filled = variables.replace(new RegExp(`("(?:${found.label})"\\s*:\\s*)"([^"]*)"`, 'g'), (pair, label, id) => {
    if (ids.includes(id)) return pair;
    another ||= id !== '';
    return `${label}"${ids[0]}"`;
  });
  return another ? withNewKeys(filled) : filled;
}

/**
 * The variables that name another person. If such a variable names the signed-in user, it is replaced by the first of
 * `others` who is not the signed-in user.
 */
const NAMES = [
  { verbs: /\btransfer\(/, label: 'to', others: ['carol', 'alice'] },
  { verbs: /\btransferBatch\(/, label: 'to', others: ['bob', 'alice'] },
  { verbs: /\brequestMoney\(/, label: 'from', others: ['bob', 'alice'] },
];
const SPLITS = { verbs: /\bsplitBill\(/, others: ['bob', 'carol', 'alice'] };

/** The variables that describe the signed-in user. They are replaced while they describe a demo person. */
const OWN = [
  { verbs: /\bupdateProfile\(/, label: 'email', of: (username) => `${username}@example.com` },
  { verbs: /\b(requestPasswordReset|resetPassword)\(/, label: 'login', of: (username) => username },
];

/** Returns the tab's variables (JSON text) for that user: no payment to themselves, and their own email address. */
export function writtenFor(username, { query }, variables) {
  if (!username) return variables;
  const replace = (text, label, change) =>
    text.replace(new RegExp(`("${label}"\\s*:\\s*)"([^"]*)"`, 'g'), (_, start, value) => `${start}"${change(value)}"`);
  let written = variables;
  for (const { verbs, label, others } of NAMES) {
    const another = others.find((other) => other !== username);
    if (verbs.test(query)) written = replace(written, label, (value) => (value === username ? another : value));
  }
  if (SPLITS.verbs.test(query)) {
    written = written.replace(/("among"\s*:\s*)(\[[^\]]*\])/, (_, start, list) => {
      const another = SPLITS.others.find((other) => other !== username && !list.includes(`"${other}"`));
      return start + list.replace(`"${username}"`, `"${another}"`);
    });
  }
  for (const { verbs, label, of } of OWN) {
    const ofDemoPeople = DEMO_PEOPLE.map(of);
    if (verbs.test(query)) {
      written = replace(written, label, (value) => (ofDemoPeople.includes(value) ? of(username) : value));
    }
  }
  return written;
}
