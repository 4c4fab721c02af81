/**
 * Answers arrive in another order than the server gave them: a query that was sent before a payment can be answered after
 * the payment's subscription event. This keeps the newest state of each object, by `Wallet.version` and by `updatedAt`,
 * and puts it in place of an older one.
 */

type Fields = Record<string, unknown>;

const REMEMBERED = 2000;

export class Newest {
  private readonly known = new Map<string, Fields>();

  /**
   * Returns the data of a response, in which no wallet, transaction or money request is older than one seen before.
   * The documents must select `__typename`, `id`, and `version` or `updatedAt`, without aliases; an object with fewer
   * fields is not changed.
   */
  of<Data>(data: Data): Data {
    if (Array.isArray(data)) return data.map((item) => this.of(item)) as Data;
    if (data === null || typeof data !== 'object') return data;
    const fields = Object.fromEntries(Object.entries(data).map(([name, value]) => [name, this.of(value)]));
    return this.object(fields) as Data;
  }

  /** Forgets everything, for the next user. */
  clear(): void {
    this.known.clear();
  }

  private object(fields: Fields): Fields {
    const { id, __typename: type } = fields;
    if (typeof id !== 'string' || stampOf(fields) === null) return fields;
    const name = `${String(type)}:${id}`;
    const before = this.known.get(name);
    if (before && isOlder(fields, before)) {
      return Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, before[field] ?? value]));
    }
    // Scalars and values only: an object with an id of its own has its own newest state.
    this.known.delete(name);
    this.known.set(name, fields);
    if (this.known.size > REMEMBERED) this.known.delete(this.known.keys().next().value as string);
    return fields;
  }
}

function stampOf({ version, updatedAt }: Fields): number | string | null {
  if (typeof version === 'number') return version;
  return typeof updatedAt === 'string' ? updatedAt : null;
}

function isOlder(fields: Fields, before: Fields): boolean {
  const [one, other] = [stampOf(fields), stampOf(before)];
  if (typeof one === 'number' && typeof other === 'number') return one < other;
  // Times have one format, so their text has their order.
  return typeof one === 'string' && typeof other === 'string' && one < other;
}
