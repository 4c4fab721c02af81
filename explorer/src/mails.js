import { useEffect, useState } from 'react';
import { onMutation } from './transport.js';

const ADDRESS = '/explorer/mails';
const LOOK_AGAIN_MS = 3_000;

/**
 * Returns the newest mails and text messages that the server did not send, the newest first, each as `{id, kind, to,
 * says, code, link, createdAt}`. Null before the first read, and if the server does not show them.
 *
 * They are read every few seconds while the window is visible, and after each mutation of this window.
 */
export function useMails() {
  const [mails, setMails] = useState(null);
  useEffect(() => {
    let wanted = true;
    const read = async () => {
      if (document.hidden) return;
      const found = await newest();
      // An unchanged list stays the same object, so that React renders nothing.
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
    return null; // the server does not respond
  }
}

/** Returns the newest code of each kind of mail as `{id}`, the form that `withIdToActOn` expects. */
export function newestCodes(mails) {
  const codes = {};
  for (const { kind, code } of mails ?? []) if (code) codes[kind] ??= [{ id: code }];
  return codes;
}
