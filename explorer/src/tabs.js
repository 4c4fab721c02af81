/** The walk: one operation a tab, in the order a newcomer meets them, with the variables of walk.json. */
import { newKey, withNewKeys } from './idempotency.jsx';
import walk from './walk.json';

export const DEMO_PEOPLE = ['alice', 'bob', 'carol', 'olivia'];
export const DEMO_PASSWORD = 'pocket-pay-demo';

const DOCUMENTS = import.meta.glob('./tabs/*.graphql', { query: '?raw', import: 'default', eager: true });

/** The running month as statements name it: by UTC. */
const thisMonth = () => new Date().toISOString().slice(0, 7);

/** What walk.json leaves empty because it is another one in every window. */
const IN_THIS_WINDOW = {
  idempotencyKey: newKey,
  month: thisMonth,
  time: () => `${thisMonth()}-01T00:00:00Z`,
};

const asText = (variables) =>
  variables && JSON.stringify(variables, (name, value) => (value === '' && IN_THIS_WINDOW[name]?.()) || value, 2);

/** The tabs of a new window, each payment with an idempotency key of its own. */
export const firstTabs = () =>
  walk.map(({ tab, variables }) => ({ query: DOCUMENTS[`./tabs/${tab}.graphql`], variables: asText(variables) }));

/**
 * Which ids a tab acts on: in a tab that says one of `verbs`, the variables of that label are one of those that
 * `useStanding` knows as `known`; codes are known by the kind of mail that brings them.
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

/** The index of the first tab that acts on what is `known` by that name; -1 where none does. */
export const tabThatActsOn = (tabs, known) => tabs.findIndex((tab) => actsOn(tab)?.known === known);

/** Which of these the tab acts on: the one that its variables name, else the newest. */
export const oneToActOn = (tab, found) => found.find(({ id }) => tab?.variables?.includes(id)) ?? found[0];

/**
 * The tab's variables (JSON text), with the newest id or code that the tab can act on where it names none of those.
 * With another one comes another idempotency key: the same one would be refused.
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
 * Whom a tab names as somebody else: where the variables of that label name the person signed in, the first of
 * `others` who is not that person takes the place.
 */
const NAMES = [
  { verbs: /\btransfer\(/, label: 'to', others: ['carol', 'alice'] },
  { verbs: /\btransferBatch\(/, label: 'to', others: ['bob', 'alice'] },
  { verbs: /\brequestMoney\(/, label: 'from', others: ['bob', 'alice'] },
];
const SPLITS = { verbs: /\bsplitBill\(/, others: ['bob', 'carol', 'alice'] };

/** What a tab says of the person signed in, while it says it of one of the demo people. */
const OWN = [
  { verbs: /\bupdateProfile\(/, label: 'email', of: (username) => `${username}@example.com` },
  { verbs: /\b(requestPasswordReset|resetPassword)\(/, label: 'login', of: (username) => username },
];

/** The tab's variables (JSON text) as they are for that person: nobody pays themselves or mails another. */
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
