/**
 * Walks the explorer's tabs in a real browser and tells what it saw: one line of JSON for each tab,
 *
 *     {name, lines, answer, problems}
 *
 * with the document's first lines as they are shown, the answer as the server sent it, and whatever is cut, covered or
 * outside the window. `tabs` has the names of those it walks, null for all; with `shots`, a folder, each tab leaves a
 * picture there.
 *
 *     node walk.mjs '{"url": …, "chromium": …, "who": "alice", "width": 1280, "height": 800, "tabs": null}'
 */
import { problemsOf } from './measure.mjs';
import {
  ANSWER,
  askElsewhere,
  become,
  DOCUMENT,
  openExplorer,
  payElsewhere,
  shownLines,
  tabButtons,
  until,
  VARIABLES,
} from './window.mjs';

const given = JSON.parse(process.argv[2]);
const { who, width, tabs, shots } = given;
const { browser, page, failures } = await openExplorer(given);

/** The newest answer of each operation by its name, over HTTP and over sockets. */
const answers = new Map();
page.on('response', async (response) => {
  if (response.request().method() !== 'POST') return;
  const { operationName } = response.request().postDataJSON();
  if (operationName) answers.set(operationName, await response.json());
});
page.on('websocket', (socket) => {
  const names = new Map();
  socket.on('framesent', ({ payload }) => {
    const { id, payload: sent } = JSON.parse(payload);
    if (sent?.operationName) names.set(id, sent.operationName);
  });
  socket.on('framereceived', ({ payload }) => {
    const { id, type, payload: received } = JSON.parse(payload);
    if (type === 'next' && names.has(id)) answers.set(names.get(id), received);
  });
});

/** What is done in another window, so that a live tab has something to show. */
const another = who === 'bob' ? 'alice' : 'bob';
const MEANWHILE = {
  LiveQuestions: () => payElsewhere(page, who, another),
  LiveRequests: () => askElsewhere(page, another, who),
};

/** The tabs that need the code of a mail: they are not run before the explorer has filled in a new one. */
const needsCode = (name) =>
  name === 'ResetPassword' ||
  // Somebody whose address is verified gets no other code for it.
  (name === 'VerifyEmail' && !answers.get('GiveEmail')?.data.updateProfile.user.emailVerified);
const codesSeen = new Set();
const codesOfMails = () =>
  page.evaluate(async () => (await (await fetch('/explorer/mails')).json()).mails.map(({ code }) => code));
async function hasNewCode() {
  const code = /"code": "([\d ]+)"/.exec((await shownLines(page, VARIABLES)).join('\n'))?.[1];
  return code && !codesSeen.has(code);
}

async function walk(index, name) {
  await tabButtons(page).nth(index).click();
  if (needsCode(name)) await until(page, `a new code for ${name}`, hasNewCode);
  // GraphiQL reads a document a tenth of a second after it came.
  await page.waitForTimeout(300);
  const lines = await shownLines(page, DOCUMENT);
  for (const code of await codesOfMails()) codesSeen.add(code);
  answers.delete(name);
  await page.locator('.graphiql-execute-button').click();
  if (MEANWHILE[name]) {
    await page.waitForTimeout(500);
    await MEANWHILE[name]();
  }
  const isShown = async () => answers.has(name) && (await shownLines(page, ANSWER)).join('').length > 2;
  await until(page, `the answer of ${name}`, isShown);
  await page.waitForTimeout(300);
  const problems = [...(await page.evaluate(problemsOf, { narrow: width <= 900 })), ...failures.splice(0)];
  if (shots) await page.screenshot({ path: `${shots}/${who}-${width}-${String(index + 1).padStart(2, '0')}.png` });
  const stop = page.locator('.graphiql-execute-button[aria-label^="Stop"]');
  if (await stop.count()) await stop.click();
  if (name === 'SignIn' && who !== 'alice') await become(page, who);
  console.log(JSON.stringify({ name, lines, answer: answers.get(name), problems }));
}

for (const [index, name] of (await tabButtons(page).allInnerTexts()).entries()) {
  if (!tabs || tabs.includes(name)) await walk(index, name);
}
await browser.close();
