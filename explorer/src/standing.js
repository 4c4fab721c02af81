import { useEffect, useState } from 'react';
import standing from './documents/standing.graphql?raw';
import watchBalance from './documents/watch-balance.graphql?raw';
import watchRequests from './documents/watch-requests.graphql?raw';
import * as session from './session.js';
import { onMutation, send, watch } from './transport.js';

const WATCH_AGAIN_MS = 5_000;

/**
 * Returns the state of the signed-in user's wallet, or null before the first read:
 *
 *     available, held   Money
 *     awaiting          payments the user is to confirm       } each {id, …}, the newest first; the first two
 *     asked             money requests the user can pay       } also have the amount and the other person's name
 *     received          payments that can be refunded         }
 *     cards             cards that are not closed             }
 *     live              whether the subscriptions are connected
 *
 * It is read again after each change of the balance or of a money request that a subscription reports, and after each
 * mutation of this window.
 */
export function useStanding(accessToken, username) {
  const [known, setKnown] = useState(null);
  const [live, setLive] = useState(false);
  useEffect(() => {
    setKnown(null);
    setLive(false);
    if (!accessToken) return undefined;
    const read = oneAtATime(async () => setKnown(await ask()));
    read();
    const stopListening = onMutation(read);
    const stopWatchingBalance = keepWatching(watchBalance, { onChange: read, onLive: setLive });
    const stopWatchingRequests = keepWatching(watchRequests, { onChange: read });
    return () => {
      stopListening();
      stopWatchingBalance();
      stopWatchingRequests();
    };
    // A refreshed token changes nothing here. Only another user, a sign-in or a sign-out does.
  }, [Boolean(accessToken), username]);
  return known && { ...known, live };
}

async function ask() {
  const { data } = await send({ query: standing });
  if (!data?.viewer) return null;
  const { username, name, wallet } = data.viewer;
  session.name({ username, name });
  return {
    ...wallet,
    awaiting: data.awaiting.nodes.map(({ id, amount, recipient }) => ({ id, amount, name: recipient?.name })),
    asked: data.asked.nodes.map(({ id, amount, requester }) => ({ id, amount, name: requester.name })),
    received: data.received.nodes.filter(({ refunded, total }) => refunded.minorUnits !== total.minorUnits),
    cards: data.cards.filter(({ status }) => status !== 'CLOSED'),
  };
}

/** Runs one more read after the current one, for any number of changes that arrive during it. */
function oneAtATime(read) {
  let reading = false;
  let again = false;
  return async function run() {
    again = reading;
    if (reading) return;
    reading = true;
    try {
      await read();
    } catch {
      // The server does not respond. The next change or mutation reads again; until then `live` is false.
    }
    reading = false;
    if (again) run();
  };
}

function keepWatching(query, { onChange, onLive = () => {} }) {
  let subscription;
  let timer;
  const later = () => {
    onLive(false);
    timer = setTimeout(start, WATCH_AGAIN_MS);
  };
  function start() {
    subscription = watch({ query }).subscribe({
      next: (answer) => {
        onLive(!answer.errors);
        onChange();
      },
      error: later,
      complete: later,
    });
  }
  start();
  return () => {
    clearTimeout(timer);
    subscription.unsubscribe();
  };
}
