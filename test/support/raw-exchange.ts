// Sends bytes to a port as they are, and tells the statuses that came back and who closed the connection.
import { once } from 'node:events';
import { connect } from 'node:net';

export interface RawExchange {
  /** Of each response, in order; interim ones too. */
  readonly statuses: readonly number[];
  readonly text: string;
  /** The other end closed while we would have gone on. */
  readonly closed: boolean;
}

const DEADLINE_MS = 5000;

/** Ends when the other end closes, or, where `responses` is given, when so many have begun. */
export async function rawExchange(
  port: number,
  bytes: string,
  responses = Number.POSITIVE_INFINITY,
): Promise<RawExchange> {
  const socket = connect(port, '127.0.0.1');
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  let text = '';
  let closed = true;
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (statusesOf(text).length < responses) return;
    closed = false;
    socket.end();
  });
  socket.write(bytes, 'latin1');
  try {
    await once(socket, 'close', { signal: deadline });
  } catch {
    throw new Error(`neither closed nor answered: ${JSON.stringify(text)} to ${JSON.stringify(bytes.slice(0, 200))}`);
  } finally {
    socket.destroy();
  }
  return { statuses: statusesOf(text), text, closed };
}

function statusesOf(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})[^\r]*\r\n/g)].map((match) => Number(match[1]));
}
