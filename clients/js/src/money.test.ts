import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Money } from './money.js';

const usd = (amount: string) => Money.of({ amount, currency: 'USD' });
const ZERO = { amount: '0.00', currency: 'USD' };
const YEN = { amount: '0', currency: 'JPY' };

test('sums are exact where floats are not', () => {
  assert.equal(usd('0.10').plus(usd('0.20')).amount, '0.30');
  assert.equal(usd('90071992547409.93').plus(usd('0.01')).amount, '90071992547409.94');
  assert.equal(usd('1.00').minus(usd('1.05')).amount, '-0.05');
  assert.equal(Money.of({ amount: '1250', currency: 'JPY' }).plus(YEN).amount, '1250');
  assert.equal(Money.of({ amount: '-0.050', currency: 'KWD' }).amount, '-0.050');
});

test('amounts are compared as numbers, not as text', () => {
  const sorted = ['10.00', '9.00', '-2.00', '9.50'].map(usd).sort((one, other) => one.compare(other));
  assert.deepEqual(sorted.map(({ amount }) => amount), ['-2.00', '9.00', '9.50', '10.00']);
  assert.equal(usd('1.00').compare(usd('1.00')), 0);
  assert.equal(Money.zero(usd('3.21')).amount, '0.00');
  assert.ok(Money.zero(usd('3.21')).isZero);
});

test('two currencies are never combined', () => {
  assert.throws(() => usd('1.00').plus({ amount: '1.00', currency: 'EUR' }), RangeError);
  assert.throws(() => usd('1.00').compare(YEN), RangeError);
});

test('what is not an amount is refused', () => {
  for (const amount of ['', '1,00', '1e3', '.5', '5.', '+1', ' 1', 'NaN']) assert.throws(() => usd(amount), RangeError, amount);
});

test('amounts are shown in the way of the locale, exactly', () => {
  assert.equal(usd('1234.50').format('en-US'), '$1,234.50');
  assert.equal(usd('1234.50').format('de-DE'), '1.234,50\u00a0$');
  assert.equal(Money.of({ amount: '1250', currency: 'JPY' }).format('en-US'), '¥1,250');
  assert.equal(usd('12345678901234567890.12').format('en-US'), '$12,345,678,901,234,567,890.12');
  assert.equal(usd('5.00').format('en-US', { signDisplay: 'always' }), '+$5.00');
});

test('what a person types is read with the separators of their locale', () => {
  const cases: [string, string, string | null][] = [
    ['en-US', '12', '12.00'], ['en-US', '12.5', '12.50'], ['en-US', ' 1,234.50 ', '1234.50'], ['en-US', '12,50', null],
    ['en-US', '1,234,567', '1234567.00'], ['de-DE', '12,5', '12.50'], ['de-DE', '1.234,50', '1234.50'],
    ['de-DE', '12.50', '12.50'], ['de-DE', '1.234', '1234.00'], ['fr-FR', '1 234,50', '1234.50'],
    ['fr-FR', '1\u202f234,5', '1234.50'], ['en-IN', '1,00,000', '100000.00'], ['ar-EG', '١٢٫٥', '12.50'],
    ['en-US', '0', null], ['en-US', '0.00', null], ['en-US', '-5', null], ['en-US', '1.234', null], ['en-US', '', null],
    ['en-US', '1e3', null], ['en-US', 'five', null], ['en-US', '1.2.3', null], ['de-DE', '1,2,3', null],
  ];
  for (const [locale, text, amount] of cases) {
    assert.equal(Money.typed(text, ZERO, locale)?.amount ?? null, amount, `${text} in ${locale}`);
  }
  assert.equal(Money.typed('1,250', YEN, 'en-US')?.amount, '1250');
  assert.equal(Money.typed('12.5', YEN, 'en-US'), null);
});
