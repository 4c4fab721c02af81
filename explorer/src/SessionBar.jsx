import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import signIn from './documents/sign-in.graphql?raw';
import signOut from './documents/sign-out.graphql?raw';
import { Mailbox } from './Mailbox.jsx';
import { newestCodes, useMails } from './mails.js';
import * as session from './session.js';
import { useStanding } from './standing.js';
import { DEMO_PASSWORD, DEMO_PEOPLE, tabThatActsOn, withIdToActOn } from './tabs.js';
import { send } from './transport.js';

/** Who is signed in, what they can spend (live), what awaits their answer, and the mail that was not sent. */
export function SessionBar() {
  const { accessToken, user, notice } = useSyncExternalStore(session.subscribe, session.current);
  const standing = useStanding(accessToken, user?.username);
  const mails = useMails();
  useFilledVariables({ ...standing, ...newestCodes(mails) });
  return (
    <footer className="graphiql-container session-bar" aria-label="Session">
      {accessToken ? <Person user={user} standing={standing} /> : <Nobody notice={notice} />}
      <Mailbox mails={mails} />
      <SignIn as={user?.username} />
    </footer>
  );
}

function Nobody({ notice }) {
  return (
    <span className="session-who">
      <i className="session-light" />
      {notice && `${notice} `}
      Nobody is signed in: requests go out without a token.
    </span>
  );
}

function Person({ user, standing }) {
  return (
    <>
      <span className="session-who" title="Every request carries this person's token, unless the tab's headers name their own.">
        <i className={standing?.live ? 'session-light live' : 'session-light'} title={standing?.live ? 'Live' : 'Not connected'} />
        <b>{user?.name ?? 'Signed in'}</b>
        {user && <span className="session-quiet">@{user.username}</span>}
      </span>
      {standing && (
        <>
          <Figure label="available" money={standing.available} />
          <Figure label="held" money={standing.held} />
          <Waiting known="awaiting" count={standing.awaiting.length} one="1 payment awaits" many="payments await" />
          <Waiting known="asked" count={standing.asked.length} one="1 request awaits" many="requests await" />
        </>
      )}
    </>
  );
}

function Figure({ label, money: { amount, currency } }) {
  const digits = amount.split('.')[1]?.length ?? 0;
  const format = new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: digits,
  });
  return (
    <span>
      <span className="session-figure">{format.format(amount)}</span> <span className="session-quiet">{label}</span>
    </span>
  );
}

/** What waits for the person's answer, and the way to the tab that gives it. */
function Waiting({ known, count, one, many }) {
  const tabs = useGraphiQL((state) => state.tabs);
  const { changeTab } = useGraphiQLActions();
  if (count === 0) return null;
  const tab = tabThatActsOn(tabs, known);
  return (
    <button type="button" className="session-awaiting" disabled={tab < 0} onClick={() => changeTab(tab)}>
      {count === 1 ? one : `${count} ${many}`} your answer
    </button>
  );
}

function SignIn({ as }) {
  const [refusal, setRefusal] = useState(null);
  const attempt = async (action) => {
    try {
      setRefusal(await action());
    } catch (error) {
      setRefusal(error.message);
    }
  };
  return (
    <span className="session-switch">
      {refusal ? <span className="session-refusal">{refusal}</span> : <span className="session-quiet">Sign in as</span>}
      {DEMO_PEOPLE.map((username) => (
        <button
          type="button"
          key={username}
          aria-pressed={username === as}
          onClick={() => attempt(() => enter(username))}
        >
          {username}
        </button>
      ))}
      <button type="button" disabled={!session.current().accessToken} onClick={() => attempt(leave)}>
        Sign out
      </button>
    </span>
  );
}

/** Signs a demo person in; the refusal's message, or null. */
async function enter(username) {
  const input = { login: username, password: DEMO_PASSWORD };
  const { data, errors } = await send({ query: signIn, variables: { input } });
  return (errors ?? data?.signIn.errors)?.[0]?.message ?? null;
}

async function leave() {
  await send({ query: signOut });
  session.forget();
  return null;
}

/** A tab that acts on something of the person's, or on a code from their mail, gets the newest that there is. */
function useFilledVariables(known) {
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const tab = useGraphiQL((state) => state.tabs[state.activeTabIndex]);
  useEffect(() => {
    if (!variableEditor) return;
    // GraphiQL opens its first default tab without that tab's variables.
    const variables = variableEditor.getValue() || tab.variables || '';
    const filled = withIdToActOn(tab, variables, known);
    if (filled !== variableEditor.getValue()) variableEditor.setValue(filled);
  }, [variableEditor, tab.id, JSON.stringify(listsOf(known))]);
}

/** All that a tab may act on: the balance changes too, and fills in nothing. */
const listsOf = (known) => Object.entries(known).filter(([, value]) => Array.isArray(value));
