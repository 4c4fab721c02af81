/** What the user should know about the network: a store that components read with useConnection. */
import { useSyncExternalStore } from 'react';

export type Connection = 'good' | 'slow' | 'reconnecting' | 'offline';

const state = { isOffline: !navigator.onLine, isSocketLost: false, slowRequests: 0 };
const listeners = new Set<() => void>();

function change(changes: Partial<typeof state>): void {
  Object.assign(state, changes);
  for (const listener of listeners) listener();
}

addEventListener('online', () => change({ isOffline: false }));
addEventListener('offline', () => change({ isOffline: true }));

export const socketIs = (isThere: boolean) => change({ isSocketLost: !isThere });
export const slowRequest = (difference: 1 | -1) => change({ slowRequests: state.slowRequests + difference });

function current(): Connection {
  if (state.isOffline) return 'offline';
  if (state.isSocketLost) return 'reconnecting';
  return state.slowRequests > 0 ? 'slow' : 'good';
}

export function useConnection(): Connection {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, current);
}
