/**
 * What the bar does, and whose variables a tab has. Writes one line of JSON:
 *
 *     badge       what the badge of a waiting payment says
 *     opened      the tab that it opens: its name, variables, and what is wrong with the page then
 *     switched    each tab's name and variables, after all were opened as fast as can be
 *     reloaded    the open tab's name, document and variables after a reload right after a change of tabs
 */
import { problemsOf } from './measure.mjs';
import { DOCUMENT, hasLoaded, openExplorer, payElsewhere, shownLines, tabButtons, until, VARIABLES } from './window.mjs';

const given = JSON.parse(process.argv[2]);
const { browser, page, failures } = await openExplorer(given);
const names = await tabButtons(page).allInnerTexts();

const variables = async () => (await shownLines(page, VARIABLES)).join('\n');
const open = () => page.locator('.graphiql-tab-active .graphiql-tab-button').innerText();

await tabButtons(page).last().click();
await payElsewhere(page, given.who, given.to);
const badge = page.locator('.session-awaiting', { hasText: '$501.00' });
await badge.waitFor();
const said = await badge.innerText();
await badge.click();
await until(page, 'the id of the payment', async () => /transaction_/.test(await variables()));
const problems = await page.evaluate(problemsOf, { narrow: given.width <= 900 });
if (given.shots) await page.screenshot({ path: `${given.shots}/badge-${given.width}.png` });
const opened = { name: await open(), variables: await variables(), problems };

// As fast as can be: all in one turn of the page's loop, and then one at a time.
await page.evaluate(() => {
  for (const button of document.querySelectorAll('.graphiql-tab-button')) button.click();
});
// The strip of tabs is still moving, and a click would miss.
await page.waitForTimeout(500);
const switched = [];
for (const [index, name] of names.entries()) {
  await tabButtons(page).nth(index).click();
  await until(page, `the tab ${name}`, async () => (await open()) === name);
  await page.waitForTimeout(200);
  switched.push({ name, variables: await variables() });
}

await tabButtons(page).nth(2).click();
await page.waitForTimeout(700);
await tabButtons(page).nth(1).click();
// GraphiQL stores the document after a tenth of a second, the variables and the tabs after five.
await page.waitForTimeout(250);
await page.reload();
await hasLoaded(page);
const reloaded = {
  tabs: await tabButtons(page).count(),
  name: await open(),
  document: (await shownLines(page, DOCUMENT)).join('\n'),
  variables: await variables(),
};
console.log(JSON.stringify({ badge: said, opened, switched, reloaded, failures }));
await browser.close();
