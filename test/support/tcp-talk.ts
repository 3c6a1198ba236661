// Conversations in bytes with servers that each end in their own way, and what a client notices of them.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** What a server does with a connection. */
const CHARACTERS = {
  /** Answers when the client has ended. */
  answers(socket: Socket): void {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => socket.end(`heard ${Buffer.concat(chunks).toString()}`));
  },
  /** Speaks first, and waits. */
  greets(socket: Socket): void {
    socket.write('hello');
  },
  /** Resets at the first byte. */
  resets(socket: Socket): void {
    socket.once('data', () => socket.resetAndDestroy());
  },
} as const;

export type Character = keyof typeof CHARACTERS;

export interface TalkServer {
  readonly port: number;
  close(): void;
}

export async function startTalkServer(character: Character): Promise<TalkServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    CHARACTERS[character](socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** What the client does: says something, and perhaps ends; it resets what it has not ended once it heard so much. */
export interface Script {
  readonly say: string;
  readonly afterwards: 'end' | 'wait' | 'reset-when-heard';
}

export interface Heard {
  readonly text: string;
  readonly how: 'end' | 'reset' | 'left';
}

/** Resolves when the conversation is over. */
export async function converse(port: number, { say, afterwards }: Script): Promise<Heard> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  let text = '';
  const over = new Promise<Heard['how']>((resolve) => {
    socket.on('error', () => resolve('reset'));
    socket.on('end', () => resolve('end'));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (afterwards === 'reset-when-heard') resolve('left');
    });
  });
  socket.on('connect', () => {
    if (say) socket.write(say);
    if (afterwards === 'end') socket.end();
  });
  const how = await over;
  if (how === 'left') socket.resetAndDestroy();
  else socket.destroy();
  return { text, how };
}
