/**
 * Opens every screen of the app and writes one line of JSON for each: its name, what axe finds, whether it is too wide, how
 * much it jumped while it loaded, and the errors of the page. With `shots` it keeps a picture of each.
 */
import { api, device, fillPayment, given, isTooWide, open, payButton, signIn, start, tokenOf, violations } from './app.mjs';

const browser = await start();
const { page, failures } = await device(browser, given);

// The score of layout shifts that the user did not cause: 0.1 is the most that counts as good.
await page.addInitScript(() => {
  window.jump = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) window.jump += value;
  }).observe({ type: 'layout-shift', buffered: true });
});

async function show(name, ready) {
  await ready?.waitFor();
  await page.waitForLoadState('networkidle');
  // Nothing moves any more: skeletons, transitions and late answers.
  await page.waitForFunction(() => document.querySelectorAll('.mantine-Skeleton-root, .mantine-Loader-root').length === 0);
  await page.waitForTimeout(350);
  const found = await violations(page);
  if (given.shots) await page.screenshot({ path: `${given.shots}/${name}-${given.width}-${given.scheme}.png` });
  const jump = await page.evaluate(() => window.jump);
  console.log(JSON.stringify({ screen: name, violations: found, isTooWide: await isTooWide(page), jump, failures: failures.splice(0) }));
}

const heading = (name) => page.getByRole('heading', { level: 1, name });
const shown = (name) => given.screens === null || given.screens.includes(name);
async function screen(name, path, ready, act) {
  if (!shown(name)) return;
  await open(page, path);
  await ready.waitFor();
  await act?.();
  await show(name, undefined);
}

await screen('sign-in', 'sign-in', heading('Sign in'));
await screen('sign-in-refused', 'sign-in', heading('Sign in'), async () => {
  await page.getByLabel('Username, email or phone').fill('alice');
  await page.getByLabel(/^Password/).fill('wrong password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').filter({ hasText: /wrong/i }).first().waitFor();
});
await screen('sign-up', 'sign-up', heading('Create a wallet'));
await screen('recovery', 'reset-password', heading('Forgotten password'));

await signIn(page, given.who);
await api('mutation ($input: RequestMoneyInput!) { requestMoney(input: $input) { errors { code } } }',
  { input: { from: given.who, amount: '12.50', description: 'Cinema', idempotencyKey: `screens-${Math.random()}` } }, await tokenOf('bob'));

await screen('home', '', page.getByTestId('available'));
await screen('menu', '', page.getByTestId('available'), async () => {
  const burger = page.getByRole('button', { name: 'Open the menu' });
  if (await burger.isVisible()) await burger.click();
});
await screen('send', 'send', heading('Send money'), () => fillPayment(page, 'bob', '5.50', 'Coffee'));
await screen('send-refused', 'send', heading('Send money'), async () => {
  await page.getByRole('combobox', { name: 'To' }).fill('bob');
  await page.getByRole('option', { name: '@bob' }).click();
  await page.getByLabel('Amount').fill('99,000.00');
  await page.getByText('is available.').waitFor();
});
await screen('send-search', 'send', heading('Send money'), async () => {
  await page.getByRole('combobox', { name: 'To' }).fill('car');
  await page.getByRole('option', { name: '@carol' }).waitFor();
});
await screen('risk', 'send', heading('Send money'), async () => {
  await fillPayment(page, 'carol', '620.00', 'A bicycle');
  await payButton(page).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Confirm' }).waitFor();
});
await screen('waiting', '', page.getByRole('button', { name: 'Review' }).last());
if (shown('risk')) {
  await page.getByRole('button', { name: 'Review' }).last().click();
  await page.getByRole('button', { name: 'Cancel payment' }).click();
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
}
await screen('requests', 'requests', page.getByRole('button', { name: 'Decline' }).first());
await screen('requests-sent', 'requests?show=sent', heading('Requests'));
await screen('ask', 'requests?show=ask', page.getByRole('heading', { name: 'Ask for money' }));
await screen('split', 'requests?show=split', page.getByRole('heading', { name: 'Split a bill' }));
await screen('activity', 'activity', heading('Activity'));
await screen('transaction', 'activity', heading('Activity'), async () => {
  await page.locator('label', { hasText: /^In$/ }).click();
  await page.getByRole('combobox', { name: 'Kind' }).click();
  await page.getByRole('option', { name: 'Payment', exact: true }).click();
  await page.getByRole('link', { name: /\+\$/ }).first().click();
  await page.getByRole('button', { name: 'Refund' }).click();
  await page.getByLabel('Amount to give back').waitFor();
});
await screen('cards', 'cards', heading('Cards'));
await screen('card-new', 'cards', heading('Cards'), async () => {
  await page.getByRole('button', { name: 'New card' }).click();
  await page.getByLabel('Name of the card').waitFor();
});
await screen('card-number', 'cards', heading('Cards'), async () => {
  await page.getByRole('button', { name: 'New card' }).click();
  await page.getByLabel('Name of the card').fill('Books');
  await page.getByLabel('Most in a month').fill('40');
  await page.getByRole('button', { name: 'Make the card' }).click();
  await page.getByText('You see this number once').waitFor();
});
if (shown('card-number')) {
  const token = await tokenOf(given.who); // a token lives for a minute only
  const { cards } = await api('{ cards { id label } }', {}, token);
  const id = cards.find(({ label }) => label === 'Books').id;
  await api('mutation ($id: ID!) { closeCard(id: $id) { errors { code } } }', { id }, token);
}
await screen('deposit', 'bank', page.getByRole('button', { name: 'Deposit' }));
await screen('withdraw', 'bank', page.getByRole('button', { name: 'Deposit' }), async () => {
  await page.getByRole('tab', { name: 'Withdraw' }).click();
  await page.getByText('At once, for a fee').click();
  await page.getByLabel('Amount that arrives').fill('40');
  await page.getByText('The fee is').waitFor();
});
await screen('statements', 'statements', page.getByText('At the end'));
await screen('account', 'account', page.getByText('This device'));
await screen('closing', 'account', page.getByText('This device'), async () => {
  await page.getByRole('button', { name: 'Close my wallet' }).click();
  await page.getByText('This cannot be undone').waitFor();
});
await screen('verify-email', 'verify-email', heading('Verify your email'));

if (shown('operations') || shown('risk-settings')) {
  await page.context().clearCookies();
  await page.evaluate(() => localStorage.clear());
  await signIn(page, 'olivia');
}
await screen('operations', 'operations', heading('Operations'), async () => {
  await page.getByLabel('Find a customer').fill('carol');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByRole('button', { name: 'Transactions' }).first().click();
  await page.getByRole('table').waitFor();
});
await screen('pending-work', 'operations', heading('Operations'), async () => {
  await page.getByRole('tab', { name: 'Pending work' }).click();
  await page.getByText('Orders that the bank has not settled (').waitFor();
});
await screen('risk-settings', 'operations', heading('Operations'), async () => {
  await page.getByRole('tab', { name: 'Risk settings' }).click();
  await page.getByRole('button', { name: /^Change large transfer threshold/i }).click();
  await page.getByLabel('Reason').waitFor();
});
await browser.close();
