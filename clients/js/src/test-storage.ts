import type { KeyStorage } from './attempts.js';

/** A storage of its own for a test. */
export function storage(): KeyStorage {
  const map = new Map<string, string>();
  return {
    getItem: (name) => map.get(name) ?? null,
    setItem: (name, value) => { map.set(name, value); },
    removeItem: (name) => { map.delete(name); },
  };
}
