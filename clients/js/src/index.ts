export { type Attempt, Attempts, isKeyUsed, type KeyStorage, newKey, UnansweredAttempt } from './attempts.js';
export { EARLY, follow, type Followed, socketOptions } from './live.js';
export { Money, type MoneyFields } from './money.js';
export { Newest } from './newest.js';
export { possibleTypes, valueTypes } from './schema.js';
export { RefreshFailed, Session, SessionEnded, type SessionOptions, type Tokens } from './session.js';
