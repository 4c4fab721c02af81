import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useState, useSyncExternalStore } from 'react';
import signIn from './documents/sign-in.graphql?raw';
import signOut from './documents/sign-out.graphql?raw';
import { useOpenTabInView, useReadableEditors } from './editors.js';
import { Mailbox } from './Mailbox.jsx';
import { newestCodes, useMails } from './mails.js';
import * as session from './session.js';
import { useStanding } from './standing.js';
import { DEMO_PASSWORD, DEMO_PEOPLE, oneToActOn, tabThatActsOn } from './tabs.js';
import { send } from './transport.js';
import { useFilledVariables, useTabsOwnText } from './variables.js';

/** Shows the signed-in user, their available balance (live), payments and requests to answer, and unsent mail. */
export function SessionBar() {
  const { accessToken, user, notice } = useSyncExternalStore(session.subscribe, session.current);
  const standing = useStanding(accessToken, user?.username);
  const mails = useMails();
  useReadableEditors();
  useOpenTabInView();
  useTabsOwnText();
  useFilledVariables(user?.username, { ...standing, ...newestCodes(mails) });
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
          <Waiting known="awaiting" found={standing.awaiting} says={(amount, name) => `Confirm ${amount} to ${name}?`} />
          <Waiting known="asked" found={standing.asked} says={(amount, name) => `${name} asks for ${amount}`} />
        </>
      )}
    </>
  );
}

function Figure({ label, money }) {
  return (
    <span className="session-money">
      <span className="session-figure">{asMoney(money)}</span> <span className="session-quiet">{label}</span>
    </span>
  );
}

function asMoney({ amount, currency }) {
  const digits = amount.split('.')[1]?.length ?? 0;
  const format = { style: 'currency', currency, currencyDisplay: 'narrowSymbol', minimumFractionDigits: digits };
  return new Intl.NumberFormat('en-US', format).format(amount);
}

/** A payment or request that the user is to answer: the amount, the other person, and a link to the tab for it. */
function Waiting({ known, found, says }) {
  const tabs = useGraphiQL((state) => state.tabs);
  const { changeTab } = useGraphiQLActions();
  if (found.length === 0) return null;
  const tab = tabThatActsOn(tabs, known);
  const { amount, name } = oneToActOn(tabs[tab], found);
  return (
    <button type="button" className="session-awaiting" disabled={tab < 0} onClick={() => changeTab(tab)}>
      {says(asMoney(amount), name)}
      {found.length > 1 && ` (and ${found.length - 1} more)`}
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

/** Signs in a demo person. Returns the message of a refusal, or null. */
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
