/**
 * What people do in the app, each scenario in windows of its own. Writes one line of JSON for each: its name, and the errors
 * of the pages. A scenario throws when something does not come.
 */
import assert from 'node:assert/strict';
import {
  api, available, cents, choose, device, fillPayment, given, open, payButton, signIn, start, tokenOf, until, visit,
} from './app.mjs';

const browser = await start();
const unique = Math.random().toString(36).slice(2, 8);

const key = () => `people-${Math.random()}`;
const TRANSFER = 'mutation ($input: TransferInput!) { transfer(input: $input) { transaction { id status } errors { code } } }';

/** Pays as somebody elsewhere, and confirms the payment when it is held. */
async function payElsewhere(username, to, amount, description) {
  const token = await tokenOf(username);
  const { transfer } = await api(TRANSFER, { input: { to, amount, description, idempotencyKey: key() } }, token);
  const { id, status } = transfer.transaction;
  if (status === 'PENDING_CONFIRMATION') await api('mutation ($id: ID!) { confirmTransfer(id: $id) { errors { code } } }', { id }, token);
  return id;
}

/** The transactions of somebody with that description, from the server. */
async function made(username, search) {
  const token = await tokenOf(username);
  const query = 'query ($search: String!) { transactions(filter: {search: $search}) { nodes { id status total { amount } } } }';
  return (await api(query, { search }, token)).transactions.nodes;
}

const balanceIs = (page, amount) => until(`a balance of ${amount}`, async () => (await available(page)) === amount);

/** Answers the dialog of a held payment, if there is one, and waits until the payment is sent. */
async function pay(page) {
  await payButton(page).click();
  if (!(await page.getByTestId('sent').innerText()).includes('is held')) return;
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Confirm' }).click();
  await dialog.waitFor({ state: 'hidden' });
}

const scenarios = {
  /** Two people pay each other, and each sees the other's payment without doing anything. */
  async live() {
    const [alice, bob] = [await device(browser), await device(browser, { width: 390, height: 844 })];
    await signIn(alice.page, 'alice');
    await signIn(bob.page, 'bob');
    const before = { alice: await available(alice.page), bob: await available(bob.page) };

    await visit(alice.page, 'Send');
    await fillPayment(alice.page, 'bob', '5.50', `Live ${unique}`);
    await pay(alice.page);
    await bob.page.getByText('$5.50 from Alice Arden').waitFor();
    await balanceIs(bob.page, before.bob + 550);
    await bob.page.getByText(`Live ${unique}`).first().waitFor();

    await visit(bob.page, 'Send');
    await fillPayment(bob.page, 'alice', '2', `Back ${unique}`);
    await visit(alice.page, 'Home');
    await pay(bob.page);
    await balanceIs(alice.page, before.alice - 550 + 200);
    return [alice, bob];
  },

  /** The answer of a payment is lost with the network. After a reload the app sends the same key, and it is paid once. */
  async lost() {
    const alice = await device(browser);
    const { page, context } = alice;
    await signIn(page, 'alice');
    const before = await available(page);
    const keys = [];
    let isCut = true;
    await page.route('**/graphql', async (route) => {
      const body = route.request().postData() ?? '';
      if (!body.includes('"Transfer"')) return route.continue();
      keys.push(JSON.parse(body).variables.input.idempotencyKey);
      if (!isCut) return route.continue();
      await route.fetch(); // the server has executed it
      await context.setOffline(true);
      return route.abort('internetdisconnected');
    });
    await visit(page, 'Send');
    await fillPayment(page, 'bob', '3.00', `Lost ${unique}`);
    await payButton(page).click();
    await page.getByText('The answer was lost').waitFor();
    await page.getByText('You are offline.').waitFor();
    await page.getByTestId('connection').filter({ hasText: 'Offline' }).waitFor();
    assert.ok(await payButton(page).isDisabled(), 'another payment could be sent before the answer is known');

    isCut = false;
    await context.setOffline(false);
    await page.reload();
    await page.getByText('You sent $3.00 to @bob').waitFor();
    await page.getByRole('button', { name: 'Send again' }).click();
    await page.getByTestId('sent').waitFor();
    assert.equal(keys.length, 2);
    assert.equal(keys[0], keys[1]);
    assert.equal((await made('alice', `Lost ${unique}`)).length, 1);
    await visit(page, 'Home');
    await balanceIs(page, before - 300);
    return [alice];
  },

  /** A risky payment is held on one device and confirmed on another; the first one sees it. */
  async devices() {
    const [desk, phone, carol] = [await device(browser), await device(browser, { width: 390, height: 844 }), await device(browser)];
    await signIn(desk.page, 'alice');
    await signIn(phone.page, 'alice');
    await signIn(carol.page, 'carol');
    const before = { alice: await available(phone.page), carol: await available(carol.page) };

    await visit(desk.page, 'Send');
    await fillPayment(desk.page, 'carol', '520.00', `Risky ${unique}`);
    await payButton(desk.page).click();
    const dialog = desk.page.getByRole('dialog');
    await dialog.getByText('The amount is above 500.00 USD.').waitFor();
    const clock = await dialog.getByRole('timer').innerText();
    await until('a countdown', async () => (await dialog.getByRole('timer').innerText()) !== clock);
    await until('held money', async () => cents(await phone.page.getByTestId('held').innerText()) === 52000);
    assert.equal(await available(carol.page), before.carol);

    await phone.page.getByRole('button', { name: 'Review' }).click();
    await phone.page.getByRole('dialog').getByRole('button', { name: 'Confirm' }).click();
    await balanceIs(carol.page, before.carol + 52000);
    await dialog.getByText('Completed: this payment is completed.').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await phone.page.getByRole('button', { name: 'Review' }).waitFor({ state: 'hidden' });
    await balanceIs(phone.page, before.alice - 52000);
    return [desk, phone, carol];
  },

  /** The socket is lost and nothing connects for a while. When it is back, the app has what happened meanwhile. */
  async reconnect() {
    const alice = await device(browser);
    const { page, context } = alice;
    const sockets = [];
    let isDown = false;
    const subscribed = [];
    await context.routeWebSocket(/graphql/, (socket) => {
      if (isDown) return socket.close({ code: 1012 });
      const server = socket.connectToServer();
      socket.onMessage((message) => { subscribed.push(message); server.send(message); });
      sockets.push(socket);
      return undefined;
    });
    await signIn(page, 'alice');
    const isFollowing = () => subscribed.some((message) => message.includes('transactionUpdated'));
    await until('a subscription', isFollowing);
    const before = await available(page);
    isDown = true;
    subscribed.length = 0;
    for (const socket of sockets) await socket.close({ code: 1012 });
    await page.getByTestId('connection').filter({ hasText: 'Reconnecting' }).waitFor();
    await payElsewhere('bob', 'alice', '1.25', `Missed ${unique}`);
    isDown = false;
    await balanceIs(page, before + 125);
    await page.getByText(`Missed ${unique}`).first().waitFor();
    await page.getByTestId('connection').waitFor({ state: 'hidden' });
    const again = subscribed.find((message) => message.includes('transactionUpdated'));
    assert.match(JSON.parse(again).payload.variables.since, /^2026|^20[2-9]\d/);
    return [alice];
  },

  /** A refused token is refreshed once, whatever many requests it was refused for, and the requests are repeated. */
  async refresh() {
    const alice = await device(browser);
    const { page } = alice;
    await signIn(page, 'alice');
    let refreshes = 0;
    let refused = 0;
    let isStale = true;
    await page.route('**/graphql', async (route) => {
      const body = route.request().postData() ?? '';
      if (body.includes('refreshSession')) {
        refreshes += 1;
        isStale = false;
        return route.continue();
      }
      if (!isStale) return route.continue();
      refused += 1;
      const headers = { ...route.request().headers(), authorization: 'Bearer stale' };
      return route.continue({ headers });
    });
    await visit(page, 'Send');
    await fillPayment(page, 'bob', '1.10', `Stale ${unique}`);
    await pay(page);
    assert.equal(refreshes, 1);
    assert.ok(refused >= 1);
    assert.equal((await made('alice', `Stale ${unique}`)).length, 1);

    // The refresh token is in a cookie: a reload signs in with it, and no script has it.
    await page.unroute('**/graphql');
    await page.reload();
    await page.getByLabel('Amount').waitFor();
    assert.equal(await page.evaluate(() => localStorage.getItem('pocketpay.session')), 'cookie');
    return [alice];
  },

  /** A session that is ended on another device shows the sign-in immediately. */
  async revoked() {
    const [desk, phone] = [await device(browser), await device(browser, { width: 390, height: 844 })];
    await signIn(phone.page, 'carol');
    await phone.page.getByTestId('connection').waitFor({ state: 'hidden' });
    await signIn(desk.page, 'carol');
    await visit(desk.page, 'Account');
    await desk.page.getByRole('button', { name: 'Sign out the others' }).click();
    await phone.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await desk.page.getByRole('button', { name: 'Sign out the others' }).waitFor({ state: 'hidden' });
    return [desk, phone];
  },

  /** With a slow server the app says so. */
  async slow() {
    const alice = await device(browser);
    const { page } = alice;
    await signIn(page, 'alice');
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    await page.route('**/graphql', async (route) => {
      if ((route.request().postData() ?? '').includes('"Cards"')) await held;
      return route.continue();
    });
    await visit(page, 'Cards');
    await page.getByTestId('connection').filter({ hasText: 'Slow network' }).waitFor();
    release();
    await page.getByTestId('connection').waitFor({ state: 'hidden' });
    await page.getByText('Groceries').first().waitFor();
    return [alice];
  },

  /** A whole life: sign-up, verified email, money in, a payment, a request, a card, money out, recovery, closing. */
  async life() {
    const nora = await device(browser);
    const { page } = nora;
    const username = `nora_${unique}`;
    const password = 'a wallet for nora';
    await open(page, 'sign-up');
    await page.getByLabel('Name', { exact: false }).first().fill('Nora North');
    await page.getByLabel('Username').fill('alice');
    await page.getByRole('alert').filter({ hasText: /username/i }).first().waitFor();
    await page.getByLabel('Username').fill(username);
    await page.getByText('It is free').waitFor();
    await page.getByLabel('Email').fill(`${username}@example.com`);
    await page.getByLabel(/^Password/).fill(password);
    await page.getByRole('button', { name: 'Create my wallet' }).click();
    await page.getByTestId('code').click();
    await page.getByText('Your email is verified').waitFor();

    await visit(page, 'Deposit and withdraw');
    await page.getByLabel('Amount').fill('60');
    await page.getByLabel('Bank').fill('First Bank');
    await page.getByRole('button', { name: 'Deposit $60.00' }).click();
    await page.getByText('$60.00 from First Bank').waitFor();
    await visit(page, 'Home');
    await until('the deposit', async () => (await available(page)) >= 6000);
    const start = await available(page);

    await visit(page, 'Requests');
    await page.getByRole('tab', { name: 'Split' }).click();
    await page.getByRole('combobox', { name: 'With' }).fill('bob');
    await page.getByRole('option', { name: '@bob' }).click();
    await page.getByLabel('Whole bill').fill('10.01');
    await page.getByLabel('What for').fill('Pizza');
    await page.getByRole('button', { name: 'Split', exact: true }).click();
    await page.getByText('Your own share is').waitFor();
    await page.getByRole('tab', { name: 'Sent' }).click();
    await page.getByText('Bob Birch').first().waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Cancelled').waitFor();

    await visit(page, 'Cards');
    await page.getByRole('button', { name: 'New card' }).click();
    await page.getByLabel('Name of the card').fill('Books');
    await page.getByRole('button', { name: 'Make the card' }).click();
    const number = await page.getByRole('dialog').getByTestId('card-number').innerText();
    assert.match(number, /^9999 \d{4} \d{4} \d{4}$/);
    await page.getByRole('button', { name: 'I have it' }).click();
    await page.reload();
    assert.equal(await page.getByTestId('card-number').innerText(), `•••• •••• •••• ${number.slice(-4)}`);

    // Bob pays her, and she gives a part of it back.
    await payElsewhere('bob', username, '4.00', `Refund me ${unique}`);
    await visit(page, 'Activity');
    await page.getByRole('link', { name: new RegExp(`Refund me ${unique}`) }).click();
    await page.getByRole('button', { name: 'Refund' }).click();
    await page.getByLabel('Amount to give back').fill('1.50');
    await page.getByLabel('Reason').fill('Too much');
    await page.getByRole('button', { name: 'Refund $1.50' }).click();
    await page.getByRole('heading', { name: 'Refunds' }).waitFor();
    await page.getByRole('row', { name: /Refunded \$1\.50/ }).waitFor();

    await visit(page, 'Account');
    await page.getByRole('button', { name: 'Close my wallet' }).click();
    await page.getByRole('dialog').getByLabel(/^Your password/).fill(password);
    await page.getByRole('button', { name: 'Close it' }).click();
    await page.getByRole('dialog').getByRole('alert').filter({ hasText: /money/ }).waitFor();
    await page.keyboard.press('Escape');

    await visit(page, 'Deposit and withdraw');
    await page.getByRole('tab', { name: 'Withdraw' }).click();
    await page.getByLabel('Amount that arrives').fill(((start + 400 - 150) / 100).toFixed(2));
    await page.getByLabel('Bank').fill('First Bank');
    await page.getByRole('button', { name: /^Withdraw \$/ }).click();
    await page.getByText(/to First Bank/).waitFor();
    await visit(page, 'Home');
    await balanceIs(page, 0);

    // A forgotten password: the code of the mail sets a new one, and every session ends.
    await visit(page, 'Account');
    await page.getByRole('button', { name: 'Sign out' }).first().click();
    await page.getByRole('link', { name: 'I have forgotten my password' }).click();
    await page.getByLabel('Username, email or phone').fill(username);
    await page.getByRole('button', { name: 'Send me a code' }).click();
    await page.getByTestId('code').click();
    await page.getByLabel('New password').fill('another password of nora');
    await page.getByRole('button', { name: 'Change my password' }).click();
    await page.getByText('Your password is changed').waitFor();
    await signIn(page, username, 'another password of nora');

    await visit(page, 'Account');
    await until('a withdrawal that is settled', async () => {
      const { wallet } = await api('{ wallet { held { amount } balance { amount } } }', {}, await tokenOf(username, 'another password of nora'));
      return wallet.held.amount === '0.00' && wallet.balance.amount === '0.00';
    });
    await page.getByRole('button', { name: 'Close my wallet' }).click();
    await page.getByRole('dialog').getByLabel(/^Your password/).fill('another password of nora');
    await page.getByRole('button', { name: 'Close it' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    return [nora];
  },

  /** An operator finds a customer, freezes and unfreezes them, reverses a payment and changes a rule. */
  async operator() {
    const [olivia, carol] = [await device(browser), await device(browser)];
    const { page } = olivia;
    await payElsewhere('bob', 'carol', '1.75', `Reverse me ${unique}`);
    await signIn(carol.page, 'carol');
    const before = await available(carol.page);
    await signIn(page, 'olivia');
    await visit(page, 'Operations');
    await page.getByLabel('Find a customer').fill('carol');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByLabel('Reason').fill('A lost phone');
    await page.getByRole('button', { name: 'Freeze', exact: true }).click();
    await page.getByText('frozen: debits').waitFor();

    await visit(carol.page, 'Send');
    await choose(carol.page, 'bob');
    await carol.page.getByLabel('Amount').fill('1');
    await carol.page.getByText(/frozen/i).first().waitFor();
    await page.getByLabel('Reason').fill('The phone is found');
    await page.getByRole('button', { name: 'Unfreeze' }).click();
    await page.getByText('active', { exact: true }).waitFor();

    await page.getByRole('button', { name: 'Transactions' }).click();
    await page.getByRole('row', { name: new RegExp(`Reverse me ${unique}`) }).getByRole('button', { name: 'Reverse' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('A fraud');
    await page.getByRole('dialog').getByRole('button', { name: 'Reverse' }).click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await visit(carol.page, 'Home');
    await balanceIs(carol.page, before - 175);

    await page.getByRole('tab', { name: 'Risk settings' }).click();
    await page.getByRole('button', { name: 'Change rapid transfer count' }).click();
    await page.getByLabel('Value').fill('900');
    await page.getByLabel('Reason').fill('A fair');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('instead of').waitFor();
    await page.getByRole('button', { name: 'Change rapid transfer count' }).click();
    await page.getByLabel('Reason').fill('The fair is over');
    await page.getByRole('button', { name: /^Back to/ }).click();
    await page.getByText('instead of').waitFor({ state: 'hidden' });
    await page.getByRole('tab', { name: 'Pending work' }).click();
    await page.getByText('Nothing here.').first().waitFor();
    return [olivia, carol];
  },

  /** A long history comes page by page, and a filter finds one row. */
  async history() {
    const token = await tokenOf('carol');
    const DEPOSIT = 'mutation ($input: DepositInput!) { deposit(input: $input) { errors { code } } }';
    for (let number = 0; number < 45; number += 1) {
      await api(DEPOSIT, { input: { amount: `0.${String(number + 10)}`, bankName: `Bank ${unique} ${number}`, idempotencyKey: key() } }, token);
    }
    const carol = await device(browser);
    const { page } = carol;
    await signIn(page, 'carol');
    await visit(page, 'Activity');
    const rows = page.locator('a.row');
    await rows.first().waitFor();
    await until('all pages', async () => {
      await page.mouse.wheel(0, 4000);
      return (await rows.count()) >= 45;
    });
    await page.getByLabel('Search').fill(`${unique} 7`);
    await until('one row', async () => (await rows.count()) === 1);
    assert.match(await rows.first().innerText(), /\+\$0\.17/);
    return [carol];
  },

  /** A payment with the keyboard alone, in German: 1,10 is an amount, and amounts are shown as Germans write them. */
  async keyboard() {
    const alice = await device(browser, { locale: 'de-DE' });
    const { page } = alice;
    await signIn(page, 'alice');
    assert.match(await page.getByTestId('available').innerText(), /^[\d.]+,\d\d\s\$$/);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to content');
    const reach = (label) => until(label, async () => {
      await page.keyboard.press('Tab');
      return page.evaluate((name) => {
        const { activeElement: element } = document;
        return (element.labels?.[0]?.textContent ?? element.textContent).startsWith(name);
      }, label);
    });
    await reach('Send');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Send money' }).waitFor();
    await reach('To');
    await page.keyboard.type('bob');
    await page.getByRole('option', { name: '@bob' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await reach('Amount');
    await page.keyboard.type('1,10');
    await page.getByText('You will have').waitFor();
    await page.keyboard.press('Enter');
    await page.getByTestId('sent').waitFor();
    return [alice];
  },

  /** The token of a minute expires while the app is open: it goes on paying and being paid. */
  async minute() {
    const alice = await device(browser);
    const { page } = alice;
    const closes = [];
    page.on('websocket', (socket) => socket.on('close', () => closes.push(socket)));
    await signIn(page, 'alice');
    const signedInAt = Date.now();
    let refreshes = 0;
    page.on('request', (request) => { if ((request.postData() ?? '').includes('refreshSession')) refreshes += 1; });
    while (closes.length === 0 && Date.now() - signedInAt < 90_000) await page.waitForTimeout(500);
    assert.ok(closes.length > 0, 'the server did not close the socket of the expired token');
    await page.getByTestId('connection').waitFor({ state: 'hidden' });
    const before = await available(page);
    await payElsewhere('bob', 'alice', '0.90', `Minute ${unique}`);
    await balanceIs(page, before + 90);
    await visit(page, 'Send');
    await fillPayment(page, 'bob', '1.00', `Minute back ${unique}`);
    await pay(page);
    assert.equal((await made('alice', `Minute back ${unique}`)).length, 1);
    assert.ok(refreshes >= 1 && refreshes <= 2, `${refreshes} refreshes`);
    return [alice];
  },
};

for (const name of given.scenarios ?? Object.keys(scenarios)) {
  const devices = await scenarios[name]().catch((error) => { throw new Error(`In the scenario ${name}: ${error.stack}`); });
  console.log(JSON.stringify({ scenario: name, failures: devices.flatMap(({ failures }) => failures) }));
  for (const { context } of devices) await context.close();
}
await browser.close();
