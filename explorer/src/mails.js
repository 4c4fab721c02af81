import { useEffect, useState } from 'react';
import { onMutation } from './transport.js';

const ADDRESS = '/explorer/mails';
const LOOK_AGAIN_MS = 3_000;

/**
 * The newest mails and text messages that the server would have sent, the newest first: `{id, kind, to, says, code,
 * link, createdAt}` each. Null until known, and where the server shows none.
 *
 * Read every few seconds while the window is visible, and after every mutation sent from here.
 */
export function useMails() {
  const [mails, setMails] = useState(null);
  useEffect(() => {
    let wanted = true;
    const read = async () => {
      if (document.hidden) return;
      const found = await newest();
      // The same list as before is kept: what depends on it does nothing then.
      if (wanted) setMails((known) => (JSON.stringify(known) === JSON.stringify(found) ? known : found));
    };
    read();
    const timer = setInterval(read, LOOK_AGAIN_MS);
    const stopListening = onMutation(read);
    return () => {
      wanted = false;
      clearInterval(timer);
      stopListening();
    };
  }, []);
  return mails;
}

async function newest() {
  try {
    const response = await fetch(ADDRESS);
    return response.ok ? (await response.json()).mails : null;
  } catch {
    return null; // the server is away
  }
}

/** The newest code of each kind of mail, as `withIdToActOn` looks for what a tab acts on: as `{id}`. */
export function newestCodes(mails) {
  const codes = {};
  for (const { kind, code } of mails ?? []) if (code) codes[kind] ??= [{ id: code }];
  return codes;
}
