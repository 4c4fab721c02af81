// The protocol of graphql-ws (graphql-transport-ws): its library as a client, and its rules message by message on plain sockets.
// Every message of the server is checked by the library's own validateMessage.
import { CloseCode, createClient, GRAPHQL_TRANSPORT_WS_PROTOCOL, MessageType, validateMessage, type Message } from 'graphql-ws';
import { WebSocket } from 'ws';
import { Checks } from './checks';

const PROTOCOL = GRAPHQL_TRANSPORT_WS_PROTOCOL;
const WAIT_MS = 30_000;
const [url = ''] = process.argv.slice(2);
const checks = new Checks();

class Socket {
  private readonly socket: WebSocket;
  private readonly messages: Message[] = [];
  private closed: number | null = null;
  private wake = () => {};

  constructor(protocol: string | [] = PROTOCOL) {
    this.socket = new WebSocket(url.replace(/^http/, 'ws'), protocol);
    this.socket.on('message', (data) => {
      this.messages.push(validateMessage(JSON.parse(String(data))));
      this.wake();
    });
    this.socket.on('close', (code) => { this.closed = code; this.wake(); });
    this.socket.on('error', () => {});
  }

  async open(...first: unknown[]): Promise<this> {
    if (this.socket.readyState !== WebSocket.OPEN) await new Promise((resolve) => this.socket.once('open', resolve));
    for (const message of first) this.send(message);
    return this;
  }

  async acknowledged(): Promise<this> {
    await this.open({ type: MessageType.ConnectionInit });
    checks.equal('connection_init is acknowledged', (await this.next())?.type, MessageType.ConnectionAck);
    return this;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  async next(): Promise<Message | undefined> {
    await this.until(() => this.messages.length > 0 || this.closed !== null);
    return this.messages.shift();
  }

  async closeCode(): Promise<number | null> {
    await this.until(() => this.closed !== null);
    return this.closed;
  }

  close(): void {
    this.socket.close();
  }

  private async until(reached: () => boolean): Promise<void> {
    const over = AbortSignal.timeout(WAIT_MS);
    while (!reached() && !over.aborted) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        over.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }
}

const subscribe = (query: string, id = '1') => ({ id, type: MessageType.Subscribe, payload: { query } });
const INIT = { type: MessageType.ConnectionInit };

// Closes: each rule, the messages that break it, the code of the protocol.
const CLOSES: [string, unknown[], number][] = [
  ['a message that is not JSON', ['{'], CloseCode.BadRequest],
  ['a message of an unknown type', [{ type: 'start' }], CloseCode.BadRequest],
  ['a subscribe message without an id', [INIT, { type: MessageType.Subscribe, payload: { query: '{ __typename }' } }], CloseCode.BadRequest],
  ['an operation before the acknowledgement', [subscribe('{ __typename }')], CloseCode.Unauthorized],
  ['a second connection_init', [INIT, INIT], CloseCode.TooManyInitialisationRequests],
  ['an invalid token', [{ ...INIT, payload: { Authorization: 'Bearer expired' } }], CloseCode.Forbidden],
  ['no connection_init', [], CloseCode.ConnectionInitialisationTimeout],
];
await Promise.all(CLOSES.map(async ([rule, messages, code]) => {
  checks.equal(`${rule} closes with ${code}`, await (await new Socket().open(...messages)).closeCode(), code);
}));
// A client that asks for another subprotocol ends the handshake itself, because the server accepts none of those it knows.
checks.equal('no subprotocol closes with 4406', await new Socket([]).closeCode(), CloseCode.SubprotocolNotAcceptable);

const socket = await new Socket().acknowledged();
socket.send({ type: MessageType.Ping, payload: { from: 'client' } });
checks.equal('a ping is answered by a pong', (await socket.next())?.type, MessageType.Pong);
socket.send(subscribe('{ currencies { code } }'));
checks.equal('a query is answered', (await socket.next())?.type, MessageType.Next);
checks.equal('a query is completed', (await socket.next())?.type, MessageType.Complete);
socket.send(subscribe('{ nothing }'));
const invalid = await socket.next();
checks.equal('an invalid document is one error message', invalid?.type, MessageType.Error);
socket.send(subscribe('{ __typename }'));
checks.equal('its id can be used again', (await socket.next())?.type, MessageType.Next);
await socket.next();
socket.send({ id: 'unknown', type: MessageType.Complete });
socket.send({ type: MessageType.Ping });
checks.equal('completing an unknown operation is not an error', (await socket.next())?.type, MessageType.Pong);
socket.close();

// The library's own client.
const TOKENS = `mutation { signIn(input: { login: "alice", password: "pocket-pay-demo" }) { tokens { accessToken } } }`;
const signedIn = await (await fetch(url, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ query: TOKENS }),
})).json() as { data: { signIn: { tokens: { accessToken: string } } } };
const Authorization = `Bearer ${signedIn.data.signIn.tokens.accessToken}`;
const balance = 'subscription { balanceChanged { version } }';

const live = await new Socket().open({ ...INIT, payload: { Authorization } });
await live.next();
live.send(subscribe(balance, 'live'));
checks.equal('a subscription sends the current state', (await live.next())?.type, MessageType.Next);
live.send(subscribe(balance, 'live'));
checks.equal('an id in use closes with 4409', await live.closeCode(), CloseCode.SubscriberAlreadyExists);

for (const [lazy, name] of [[true, 'a lazy client'], [false, 'an eager client']] as const) {
  const client = createClient({
    url: url.replace(/^http/, 'ws'), webSocketImpl: WebSocket, lazy, connectionParams: { Authorization }, keepAlive: 50,
    onNonLazyError: (error) => checks.add('an eager client connects', String(error)),
  });
  const events = client.iterate<{ balanceChanged: { version: number } }>({ query: balance });
  const { value } = await events.next();
  checks.equal(`${name} receives the current state`, typeof value?.data?.balanceChanged.version, 'number');
  await events.return?.();
  const answers = [];
  for await (const answer of client.iterate({ query: '{ viewer { username } }' })) answers.push(answer);
  checks.equal(`${name} sends a query on the same socket`, JSON.stringify(answers.map(({ data }) => data)), '[{"viewer":{"username":"alice"}}]');
  let refused: unknown = null;
  try {
    for await (const answer of client.iterate({ query: 'mutation { signOut { errors { code } } }' })) answers.push(answer);
  } catch (error) {
    refused = error;
  }
  checks.equal(`${name} gets an error for a mutation`, Array.isArray(refused), true);
  await client.dispose();
}
checks.print();
