// Requests by HTTP/1.1 through the first sidecar: small, large, slow, aborted, retried, with faults, mirrored. Each rejects on a wrong answer.
import { type Agent, type IncomingHttpHeaders, request as send } from 'node:http';
import { setTimeout as after } from 'node:timers/promises';

export interface HttpClient {
  readonly agent: Agent;
  readonly port: number;
  /** The server had closed a kept connection before it saw the request, which was sent again (RFC 9112 § 9.3.1). */
  resent: number;
}

interface Asked {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Milliseconds before each part of the answer is read. */
  readonly pause?: number;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const DEADLINE_MS = 60_000;

export async function smallRequest(client: HttpClient, number: number): Promise<void> {
  const path = `/small/${number}`;
  const body = Buffer.from(`request ${number}`);
  expectEcho(await ask(client, { path, method: 'POST', body, ...byVersion(number) }), path, body);
}

export async function largeRequest(client: HttpClient, number: number): Promise<void> {
  const path = `/large/${number}`;
  const body = Buffer.alloc(64 * 1024 + (number % 13) * 65_537, `${number} `);
  expectEcho(await ask(client, { path, method: 'POST', body, ...byVersion(number) }), path, body);
}

/** Reads a megabyte in about a second. */
export async function slowRequest(client: HttpClient, number: number): Promise<void> {
  const path = `/slow/${number}?bytes=1048576`;
  expectEcho(await ask(client, { path, pause: 40, ...byVersion(number) }), path, Buffer.alloc(1_048_576, 'soak'));
}

export async function retriedRequest(client: HttpClient, number: number): Promise<void> {
  const path = `/flaky/${number}`;
  expectEcho(await ask(client, { path }), path, Buffer.from('at last'));
}

export async function faultRequest(client: HttpClient, number: number): Promise<void> {
  const { status, body } = await ask(client, {
    path: `/fault/${number}`,
    headers: { 'x-envoy-fault-abort-request': '418' },
  });
  if (status !== 418 || body.toString() !== 'fault filter abort') throw new Error(`fault: ${status} ${excerpt(body)}`);
}

export async function mirroredRequest(client: HttpClient, number: number): Promise<void> {
  const path = `/mirror/${number}?bytes=100`;
  expectEcho(await ask(client, { path }), path, Buffer.alloc(100, 'soak'));
}

/** Leaves in the middle of its own body, or of the answer. */
export async function abortedRequest({ port }: HttpClient, number: number): Promise<void> {
  const path = `/aborted/${number}?bytes=2000000`;
  const request = send({ port, path, method: 'POST', agent: false, headers: { 'content-length': '100000' } });
  const closed = new Promise<void>((resolve) => request.once('close', resolve));
  request.on('error', () => {});
  request.write(Buffer.alloc(50_000));
  if (number % 2 === 0) {
    request.end(Buffer.alloc(50_000));
    request.once('response', (response) => {
      response.on('error', () => {});
      response.once('data', () => request.destroy());
    });
  } else {
    await after(20);
    request.destroy();
  }
  await closed;
}

/** Between the sidecars: by HTTP/1.1 or by HTTP/2. */
function byVersion(number: number): { headers: Record<string, string> } {
  return { headers: { 'x-by': number % 2 === 0 ? 'h1' : 'h2' } };
}

function expectEcho({ status, headers, body }: Answer, path: string, wanted: Buffer): void {
  if (status === 200 && headers['x-path'] === path && body.equals(wanted)) return;
  throw new Error(`${path.split('/')[1]}: ${status}, ${body.length} of ${wanted.length} bytes, ${excerpt(body)}`);
}

function excerpt(body: Buffer): string {
  return body.subarray(0, 120).toString('latin1');
}

async function ask(client: HttpClient, asked: Asked): Promise<Answer> {
  for (;;) {
    const answer = await askOnce(client, asked);
    if (answer !== 'closed before') return answer;
    client.resent++;
  }
}

function askOnce({ agent, port }: HttpClient, asked: Asked): Promise<Answer | 'closed before'> {
  const { path, method = 'GET', headers, body, pause } = asked;
  const length = body && { 'content-length': String(body.length) };
  return new Promise((resolve, reject) => {
    const options = { port, path, method, agent, headers: { ...headers, ...length }, timeout: DEADLINE_MS };
    const request = send(options, (response) => {
      read(response, pause).then(
        (bytes) => resolve({ status: response.statusCode!, headers: response.headers, body: bytes }),
        (cause: unknown) => reject(new Error(`${path.split('/')[1]}: answer cut off`, { cause })),
      );
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', (error: NodeJS.ErrnoException) => {
      const reset = error.code === 'ECONNRESET' || error.code === 'EPIPE';
      if (request.reusedSocket && reset) resolve('closed before');
      else reject(new Error(`${path.split('/')[1]}: ${error.message}`));
    });
    request.end(body);
  });
}

async function read(response: AsyncIterable<Buffer>, pause: number | undefined): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of response) {
    parts.push(part);
    if (pause !== undefined) await after(pause);
  }
  return Buffer.concat(parts);
}
