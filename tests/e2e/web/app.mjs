/** The wallet app in windows of a real browser, and what people do there. */
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(new URL('../../../examples/web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const SECONDS = 60;
export const PASSWORD = 'pocket-pay-demo';

export const given = JSON.parse(process.argv[2]);

/** Starts a browser. */
export function start() {
  // Chromium's own sandbox needs a user who is not root; the page is our own.
  return chromium.launch({ executablePath: given.chromium, args: ['--no-sandbox'] });
}

/** A device: a window with its own cookies and storage. `failures` has the errors of its page. */
export async function device(browser, { width = 1280, height = 800, scheme = 'light', locale = 'en-US' } = {}) {
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: scheme, locale, timezoneId: 'Europe/Berlin', reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(SECONDS * 1000);
  const failures = [];
  page.on('pageerror', (error) => failures.push(error.message));
  return { context, page, failures };
}

export async function open(page, path) {
  await page.goto(`${given.url}/app/${path}`);
}

export async function signIn(page, username, password = PASSWORD) {
  await open(page, 'sign-in');
  await page.getByLabel('Username, email or phone').fill(username);
  await page.getByLabel(/^Password/).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByTestId('available').waitFor();
}

/** Goes to a screen within the page, without loading it again. */
export async function visit(page, label) {
  const burger = page.getByRole('button', { name: 'Open the menu' });
  if (await burger.isVisible()) await burger.click();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: label }).click();
}

/** The available amount of the home screen, as cents. */
export const available = async (page) => cents(await page.getByTestId('available').innerText());
export const cents = (text) => Number(text.replace(/[^\d]/g, ''));

export async function choose(page, username) {
  await page.getByRole('combobox', { name: 'To' }).fill(username);
  await page.getByRole('option', { name: `@${username}` }).click();
}

export async function fillPayment(page, username, amount, note) {
  await choose(page, username);
  await page.getByLabel('Amount').fill(amount);
  if (note) await page.getByLabel('Note').fill(note);
  await page.getByText('You will have').waitFor();
}

export const payButton = (page) => page.getByRole('button', { name: /^Pay \$/ });

export async function until(what, condition) {
  const deadline = Date.now() + SECONDS * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`This did not come: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What axe finds on the page, one text for each rule and element. */
export async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const results = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return results.violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 240)}`));
}

/** Whether something is wider than the window, so that the page scrolls sideways. */
export const isTooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1);

/** Sends an operation as somebody who is signed in nowhere else. */
export async function api(query, variables = {}, token = null) {
  const response = await fetch(`${given.url}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

export async function tokenOf(username, password = PASSWORD) {
  const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken } } }';
  return (await api(query, { input: { login: username, password } })).signIn.tokens.accessToken;
}
