/** The explorer in a window of a real browser, and what people do there. */
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../../../explorer/package.json', import.meta.url))('playwright-core');

const SECONDS = 20;

/** Opens the explorer of `url` and signs `who` in. */
export async function openExplorer({ url, chromium: executablePath, who, width, height }) {
  // Chromium's own sandbox needs a user who is not root; the page is our own.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const page = await browser.newPage({ viewport: { width, height } });
  page.setDefaultTimeout(SECONDS * 1000);
  const failures = [];
  page.on('pageerror', (error) => failures.push(error.message));
  await page.goto(`${url}/graphql`);
  await hasLoaded(page);
  await become(page, who);
  return { browser, page, failures };
}

export async function hasLoaded(page) {
  await page.locator('.graphiql-query-editor .view-line').first().waitFor();
  await page.locator('.result-window .view-lines').waitFor({ state: 'attached' });
}

export async function become(page, username) {
  await page.locator('.session-switch button', { hasText: new RegExp(`^${username}$`) }).click();
  const isShown = (name) => document.querySelector('.session-who')?.textContent.includes(`@${name}`);
  await page.waitForFunction(isShown, username);
  await page.locator('.session-light.live').waitFor();
}

export const tabButtons = (page) => page.locator('.graphiql-tab-button');

/** The lines of an editor as they are shown, from the top. */
export const shownLines = (page, editor) =>
  page.locator(`${editor} .view-line`).evaluateAll((lines) =>
    lines
      .map((line) => ({ top: line.getBoundingClientRect().top, text: line.textContent.replaceAll('\u00a0', ' ') }))
      .sort((one, other) => one.top - other.top)
      .map(({ text }) => text),
  );

export const DOCUMENT = '.graphiql-query-editor';
export const VARIABLES = '.graphiql-editor-tool .graphiql-editor:not(.hidden)';
export const ANSWER = '.result-window';

export async function until(page, what, condition) {
  const deadline = Date.now() + SECONDS * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`This did not come: ${what}`);
    await page.waitForTimeout(50);
  }
}

const newKey = () => `"browser-${Math.random()}"`;

/** Sends an operation as somebody, as if from another window of theirs. */
const elsewhere = (page, username, query) =>
  page.evaluate(
    async ([username, query]) => {
      const post = async (query, token) => {
        const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
        const body = JSON.stringify({ query });
        return (await fetch('/graphql', { method: 'POST', headers, body })).json();
      };
      const login = `{login: "${username}", password: "pocket-pay-demo"}`;
      const signedIn = await post(`mutation { signIn(input: ${login}) { tokens { accessToken } } }`);
      const answer = await post(query, signedIn.data.signIn.tokens.accessToken);
      const refused = answer.errors ?? Object.values(answer.data).flatMap(({ errors }) => errors);
      if (refused.length) throw new Error(`${username} cannot do this: ${JSON.stringify(refused)}`);
    },
    [username, query],
  );

/** A payment of 501.00, which awaits its answer. */
export const payElsewhere = (page, from, to) =>
  elsewhere(
    page,
    from,
    `mutation {
      deposit(input: {amount: "600.00", bankName: "Bank", idempotencyKey: ${newKey()}}) { errors { code } }
      transfer(input: {to: "${to}", amount: "501.00", description: "Rent", idempotencyKey: ${newKey()}}) {
        errors { code }
      }
    }`,
  );

export const askElsewhere = (page, from, payer) =>
  elsewhere(
    page,
    from,
    `mutation {
      requestMoney(input: {from: "${payer}", amount: "1.50", description: "Bread", idempotencyKey: ${newKey()}}) {
        errors { code }
      }
    }`,
  );
