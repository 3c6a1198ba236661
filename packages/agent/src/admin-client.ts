// Asks the proxy's admin server; small on purpose, the global fetch costs more to load than the rest of the agent.
import { request } from 'node:http';

export interface AdminAnswer {
  readonly status: number;
  readonly body: string;
}

const DEADLINE_MS = 1000;
/** A proxy with very many clusters says a lot; more than this is cut off as a failure. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** Rejects when nothing answers on 127.0.0.1 within a second. */
export function askAdmin(port: number, path: string, method: 'GET' | 'POST' = 'GET'): Promise<AdminAnswer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, method, agent: false, timeout: DEADLINE_MS });
    call.once('timeout', () => call.destroy(new Error('the proxy does not answer')));
    call.once('error', reject);
    call.once('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BODY_BYTES) response.destroy(new Error('the proxy says too much'));
        else chunks.push(chunk);
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    call.end();
  });
}
