import { useQuery } from '@apollo/client/react';
import { Attempts } from '@pocketpay/client';
import { useCallback, useMemo, useState } from 'react';
import { type ErrorPartsFragment, ViewerDocument } from '../gql/graphql';
import { codesOf } from './client';
import { failure, refusal } from './words';

/** The signed-in user. Only for screens below the Shell, which waits for it. */
export function useViewer() {
  const { data } = useQuery(ViewerDocument, { fetchPolicy: 'cache-first' });
  if (!data?.viewer) throw new Error('Nobody is signed in.');
  return data.viewer;
}

export interface Trouble {
  /** In words. */
  text: string;
  /** The name of the input that was refused, like "amount". */
  field: string | null;
  code: string | null;
}

type Payload = { errors: ErrorPartsFragment[] };

const troubleOf = (error: ErrorPartsFragment): Trouble => ({
  text: refusal(error), field: error.path.at(-1) ?? null, code: error.code,
});

/** Runs mutations for a form: whether one runs, and what went wrong with the last one. */
export function useAction() {
  const [isBusy, setIsBusy] = useState(false);
  const [troubles, setTroubles] = useState<Trouble[]>([]);

  /** Returns the payload, or null when there was no answer. A refusal is in `troubles` and in the payload. */
  const run = useCallback(async <P extends Payload>(request: () => Promise<P | null | undefined>): Promise<P | null> => {
    setIsBusy(true);
    setTroubles([]);
    try {
      const payload = await request();
      setTroubles(payload?.errors.map(troubleOf) ?? []);
      return payload ?? null;
    } catch (error) {
      setTroubles([{ text: failure(error), field: null, code: null }]);
      return null;
    } finally {
      setIsBusy(false);
    }
  }, []);

  const of = (field: string) => troubles.find((trouble) => trouble.field === field)?.text;
  return { run, isBusy, troubles, of, clear: useCallback(() => setTroubles([]), []) };
}

/**
 * Runs the attempts of a form to move money, each with its key. When an answer is lost, also before a reload, `unanswered`
 * is the input that was sent.
 */
export function useAttempt<Input, P extends Payload>(form: string, request: (input: Input, idempotencyKey: string) => Promise<P | null | undefined>) {
  const viewer = useViewer();
  const attempts = useMemo(() => new Attempts(localStorage, viewer.id), [viewer.id]);
  const action = useAction();
  const [unanswered, setUnanswered] = useState(() => attempts.unanswered<Input>(form)?.input ?? null);

  const send = async (input: Input): Promise<P | null> => {
    const payload = await action.run(() => attempts.send(form, input, (key) => request(input, key), codesOf));
    setUnanswered(attempts.unanswered<Input>(form)?.input ?? null);
    return payload;
  };

  return { ...action, send, unanswered };
}
