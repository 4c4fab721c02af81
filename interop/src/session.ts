// The tokens of one user, shared by a client's requests and its websocket.
import { print } from 'graphql';
import { createClient, type Client as SocketClient } from 'graphql-ws';
import WebSocket from 'ws';
import type { Tokens } from './client';
import { REFRESH } from './operations';

const TOKEN_EXPIRED = 4403;

export class Session {
  tokens: Tokens | null = null;
  private refreshing: Promise<Tokens> | null = null;

  constructor(readonly url: string) {}

  get headers(): Record<string, string> {
    return this.tokens ? { Authorization: `Bearer ${this.tokens.accessToken}` } : {};
  }

  // One refresh at a time: a refresh token works only once.
  refresh(): Promise<Tokens> {
    this.refreshing ??= this.refreshed().finally(() => { this.refreshing = null; });
    return this.refreshing;
  }

  private async refreshed(): Promise<Tokens> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ query: print(REFRESH), variables: { refreshToken: this.tokens?.refreshToken } }),
    });
    const { data } = await response.json() as { data: { refreshSession: { tokens: Tokens | null } } };
    if (!data.refreshSession.tokens) throw new Error('Sign in again.');
    return this.tokens = data.refreshSession.tokens;
  }

  // The websocket of graphql-ws. It connects with a new token when the server says that the old one has expired.
  socket(): SocketClient {
    let expired = false;
    return createClient({
      url: this.url.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket, // not needed in a browser, nor in Node.js 22
      connectionParams: async () => {
        if (expired) await this.refresh();
        expired = false;
        return this.headers;
      },
      on: { closed: (event) => { expired ||= (event as CloseEvent).code === TOKEN_EXPIRED; } },
    });
  }
}
