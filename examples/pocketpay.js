// A client of Pocket Pay for a browser or Node.js 22, without a framework: see docs/clients.md.
// It is a module; balance.js is a program that uses it.

const REFRESH = `mutation ($token: String!) { refreshSession(refreshToken: $token) {
  tokens { accessToken refreshToken } errors { code } } }`;
const DO_NOT_RECONNECT = [4400, 4401, 4406, 4409, 4429];

export function pocketPay(url, tokens = null) {
  let refreshing = null;

  async function post(query, variables, accessToken) {
    const headers = { 'Content-Type': 'application/json' };
    if (accessToken) headers.Authorization = `Bearer ${accessToken}`;
    try {
      return await (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })).json();
    } catch (error) {
      throw new Error(`No answer from a Pocket Pay server at ${url}.`, { cause: error });
    }
  }

  async function rotate() {
    const answer = await post(REFRESH, { token: tokens.refreshToken });
    if (answer.errors) throw new Error(answer.errors[0].extensions.code); // keep the refresh token
    const { tokens: next, errors } = answer.data.refreshSession;
    if (errors.some(({ code }) => code === 'INVALID_TOKEN')) tokens = null; // sign in again
    if (!next) throw new Error(errors[0].code);
    tokens = next;
  }

  // One refresh at a time: a refresh token works once.
  function refresh() {
    refreshing ??= rotate().finally(() => { refreshing = null; });
    return refreshing;
  }

  async function ask(query, variables) {
    const used = tokens?.accessToken;
    const answer = await post(query, variables, used);
    if (!used || !answer.errors?.some(({ extensions }) => extensions.code === 'UNAUTHENTICATED')) return answer;
    if (tokens?.accessToken === used) await refresh();
    return post(query, variables, tokens?.accessToken);
  }

  // Calls onStop with a code when reconnecting cannot help. Returns a function that ends the subscription.
  // It calls `variables` for each connection, so that it can return the newest `since`.
  function subscribe(query, onData, onStop, variables = () => ({})) {
    let socket, stopped = false, wait = 1000;
    function close() { stopped = true; socket.close(); }
    function stop(why) { close(); onStop(why); }
    function open() {
      if (stopped) return;
      socket = new WebSocket(url.replace(/^http/, 'ws'), 'graphql-transport-ws');
      const send = (message) => socket.send(JSON.stringify(message));
      const init = { Authorization: `Bearer ${tokens?.accessToken}` };
      socket.onopen = () => send({ type: 'connection_init', payload: init });
      socket.onmessage = ({ data }) => {
        const { type, payload } = JSON.parse(data);
        if (type === 'connection_ack') {
          wait = 1000;
          send({ id: '1', type: 'subscribe', payload: { query, variables: variables() } });
        }
        if (type === 'ping') send({ type: 'pong' });
        if (type === 'next') onData(payload.data);
        if (type === 'error') stop(payload[0].extensions.code);
      };
      let ended = false;
      async function reconnect({ code }) {
        if (stopped || ended) return;
        ended = true;
        if (DO_NOT_RECONNECT.includes(code)) return stop(code);
        if (code === 4403 && tokens) await refresh().catch(() => {});
        if (!tokens) return stop('INVALID_TOKEN');
        setTimeout(open, wait * Math.random());
        wait = Math.min(2 * wait, 30_000);
      }
      socket.onclose = reconnect;
      socket.onerror = () => reconnect({ code: 1006 });  // Node.js 20 sends no close event when connecting fails
    }
    open();
    return close;
  }

  return { ask, subscribe, signedIn: (newTokens) => { tokens = newTokens; } };
}

if (globalThis.process?.argv?.[1]?.endsWith('pocketpay.js')) {
  console.error('This is a module. A program that uses it: node examples/balance.js');
}
