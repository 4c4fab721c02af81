// Shows a wallet's balance, then each change of it. Needs Node.js 22.
//
//     node examples/balance.js alice pocket-pay-demo

import { pocketPay } from './pocketpay.js';

const SIGN_IN = `mutation ($input: SignInInput!) { signIn(input: $input) {
  tokens { accessToken refreshToken } errors { message } } }`;

const [login, password, url = 'http://127.0.0.1:8000/graphql', ...more] = process.argv.slice(2);
if (!password || more.length) {
  end(`usage: node examples/balance.js login password [url]

for example: node examples/balance.js alice pocket-pay-demo`, 2);
}
if (typeof WebSocket === 'undefined') end('This example needs Node.js 22, or node --experimental-websocket.');

function end(why, code = 1) {
  console.error(why);
  process.exit(code);
}

try {
  const pay = pocketPay(url);
  const { data, errors } = await pay.ask(SIGN_IN, { input: { login, password } });
  if (errors) end(errors[0].message);
  if (!data.signIn.tokens) end(data.signIn.errors[0].message);
  pay.signedIn(data.signIn.tokens);
  pay.subscribe('subscription { balanceChanged { available { amount currency } } }', ({ balanceChanged }) => {
    console.log(`${balanceChanged.available.amount} ${balanceChanged.available.currency} to spend`);
  }, (code) => end(`The server ended the subscription: ${code}.`));
} catch (error) {
  end(`${error.message} Start a server with: make run`);
}
