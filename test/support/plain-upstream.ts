// An HTTP/1.1 upstream that keeps the bytes of each request's head, and answers with bytes that the test chooses.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface PlainUpstream {
  readonly port: number;
  /** Heads as they came, the latest last. */
  readonly heads: readonly string[];
}

/** `answer`: the whole response, latin1, by the target of the request. Ends with the test. */
export async function startPlainUpstream(
  context: TestContext,
  answer: (target: string) => string,
): Promise<PlainUpstream> {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        heads.push(text.slice(0, end));
        text = text.slice(end + 4);
        socket.write(answer(heads.at(-1)!.split(' ')[1]!), 'latin1');
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, heads };
}
