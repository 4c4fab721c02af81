/**
 * Exact amounts. An amount is decimal text with exactly the currency's digits, as the server sends it: "12.50" in USD,
 * "1250" in JPY. Arithmetic is on BigInt minor units, never on floats.
 */

/** The fields of the schema's `Money` that are needed here. */
export interface MoneyFields {
  amount: string;
  currency: string;
}

const AMOUNT = /^(-?)(\d+)(?:\.(\d+))?$/;

export class Money implements MoneyFields {
  private constructor(
    readonly minorUnits: bigint,
    readonly currency: string,
    readonly digits: number,
  ) {}

  /** Reads an amount of the server. Throws a RangeError when the text is not an amount. */
  static of({ amount, currency }: MoneyFields): Money {
    const [, sign, whole, fraction = ''] = AMOUNT.exec(amount) ?? [];
    if (whole === undefined) throw new RangeError(`Not an amount: ${amount}`);
    return new Money(BigInt(sign + whole + fraction), currency, fraction.length);
  }

  /** An amount of zero with the same currency. */
  static zero(like: MoneyFields): Money {
    const { currency, digits } = Money.of(like);
    return new Money(0n, currency, digits);
  }

  /**
   * Reads what a person typed, with the separators and the digits of their locale. Returns null when it is not an
   * amount greater than zero, has more digits than the currency, or can be read in two ways.
   */
  static typed(text: string, like: MoneyFields, locale?: string | string[]): Money | null {
    const { currency, digits } = Money.of(like);
    const plain = plainNumber(text, locale);
    const [, , whole, fraction = ''] = (plain !== null && AMOUNT.exec(plain)) || [];
    if (whole === undefined || fraction.length > digits) return null;
    const money = new Money(BigInt(whole + fraction.padEnd(digits, '0')), currency, digits);
    return money.minorUnits > 0n ? money : null;
  }

  /** The amount as the server wants it. */
  get amount(): string {
    const size = this.minorUnits < 0n ? -this.minorUnits : this.minorUnits;
    const text = size.toString().padStart(this.digits + 1, '0');
    const point = text.length - this.digits;
    const sign = this.minorUnits < 0n ? '-' : '';
    return sign + (this.digits === 0 ? text : `${text.slice(0, point)}.${text.slice(point)}`);
  }

  plus(other: MoneyFields): Money {
    return new Money(this.minorUnits + this.same(other).minorUnits, this.currency, this.digits);
  }

  minus(other: MoneyFields): Money {
    return new Money(this.minorUnits - this.same(other).minorUnits, this.currency, this.digits);
  }

  /** Negative, zero or positive, for `Array.sort`. */
  compare(other: MoneyFields): number {
    const difference = this.minorUnits - this.same(other).minorUnits;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }

  get isZero(): boolean {
    return this.minorUnits === 0n;
  }

  /** The amount for people of a locale, exact for any size: "$1,234.50", "1.234,50 €". */
  format(locale?: string | string[], options: Intl.NumberFormatOptions = {}): string {
    const format = new Intl.NumberFormat(locale, {
      style: 'currency',
      currency: this.currency,
      minimumFractionDigits: this.digits,
      maximumFractionDigits: this.digits,
      ...options,
    });
    return format.format(this.amount as Intl.StringNumericLiteral);
  }

  /** Returns the other amount. Throws a RangeError when its currency is another one. */
  private same(other: MoneyFields): Money {
    const money = Money.of(other);
    if (money.currency !== this.currency || money.digits !== this.digits) {
      throw new RangeError(`${this.currency} and ${other.currency} cannot be combined.`);
    }
    return money;
  }
}

/** Returns the text with a point and ASCII digits only, or null. */
function plainNumber(text: string, locale?: string | string[]): string | null {
  const format = new Intl.NumberFormat(locale, { useGrouping: 'always' } as Intl.NumberFormatOptions);
  const part = (name: string) => format.formatToParts(1234567.5).find(({ type }) => type === name)?.value;
  const group = part('group') ?? ',';
  const decimal = part('decimal') ?? '.';
  const ten = new Intl.NumberFormat(locale, { useGrouping: false }).format(9876543210);
  const digits = new Map([...ten].reverse().map((digit, value) => [digit, String(value)]));

  let plain = [...text.trim()].map((sign) => digits.get(sign) ?? sign).join('');
  const isSpace = /^\s$/.test(group);
  const separator = isSpace ? '\\s' : `\\${group}`;
  const grouped = new RegExp(`^\\d{1,3}(${separator}\\d{2,3})*${separator}\\d{3}(?=\\D|$)`);
  if (grouped.test(plain)) {
    plain = plain.replace(grouped, (whole) => whole.replace(new RegExp(separator, 'g'), ''));
  }
  plain = plain.replace(decimal, '.');
  return /^\d+(\.\d+)?$/.test(plain) ? plain : null;
}
