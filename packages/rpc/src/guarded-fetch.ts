// URL → text, for URLs that somebody else chose: inner addresses are not asked, nor is more read than there should be.
import { lookup } from 'node:dns/promises';
import { type ClientRequest, get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { isIP } from 'node:net';
import { covers, isInnerAddress, rangesOf } from './inner-addresses.ts';

export interface GuardedFetchOptions {
  /** Inner addresses that may be asked nevertheless: `10.0.0.0/8`, or an address. */
  readonly allowed: readonly string[];
  readonly maxBytes: number;
  /** Addresses of a name; the system's where nothing is said. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
}

/** Rejects with a sentence that repeats nothing of what the server sent. */
export type GuardedFetch = (url: string, limits: { readonly timeoutMs: number }) => Promise<string>;

const MAX_REDIRECTS = 3;

/** The address that was looked at is the one that is dialled; each redirect is looked at anew. */
export function guardedFetch({ allowed, maxBytes, resolve = systemResolve }: GuardedFetchOptions): GuardedFetch {
  const exceptions = rangesOf(allowed);
  const mayAsk = (address: string) => !isInnerAddress(address) || covers(exceptions, address);
  return async (written, { timeoutMs }) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      let url = httpUrl(written);
      for (let redirects = 0; ; redirects++) {
        const address = await dialled(url, resolve, mayAsk, signal);
        const response = await answer(url, address, signal);
        const next = redirection(url, response);
        if (!next) return await textOf(response, maxBytes);
        response.destroy();
        if (redirects === MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`);
        url = next;
      }
    } catch (error) {
      const why = signal.aborted ? `no answer within ${timeoutMs} ms` : (error as Error).message;
      throw new Error(`${originOf(written)}: ${why}`, { cause: error });
    }
  };
}

async function systemResolve(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

function httpUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) throw new Error('not a URL of http or https');
  if (url.username !== '' || url.password !== '') throw new Error('a URL with a name or password is not asked');
  return url;
}

/** One forbidden address among a name's is enough: what is at it may answer the next time. */
async function dialled(
  { hostname }: URL,
  resolve: (name: string) => Promise<readonly string[]>,
  mayAsk: (address: string) => boolean,
  signal: AbortSignal,
): Promise<string> {
  const literal = hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = isIP(literal) ? [literal] : await Promise.race([resolve(hostname), ended(signal)]);
  if (addresses.length === 0) throw new Error('the name has no address');
  const forbidden = addresses.find((address) => !mayAsk(address));
  if (forbidden !== undefined) throw new Error(`${forbidden} is an inner address, which is not asked`);
  return addresses[0]!;
}

function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}

function answer(url: URL, address: string, signal: AbortSignal): Promise<IncomingMessage> {
  const options = {
    agent: false,
    signal,
    headers: { accept: 'application/json', 'accept-encoding': 'identity' },
    // Node asks for one address or for all, and is told the same each time.
    lookup: pinned(address),
  } as const;
  return new Promise((resolve, reject) => {
    const request: ClientRequest = (url.protocol === 'https:' ? httpsGet : httpGet)(url, options, resolve);
    request.on('error', reject);
  });
}

type Lookup = (
  name: string,
  options: { readonly all?: boolean | undefined },
  done: (error: null, address: string | { address: string; family: number }[], family?: number) => void,
) => void;

function pinned(address: string): Lookup {
  const family = isIP(address);
  return (_name, { all }, done) => (all ? done(null, [{ address, family }]) : done(null, address, family));
}

/** The next URL, for a redirect; TLS is not given up on the way. */
function redirection(url: URL, { statusCode = 0, headers }: IncomingMessage): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode)) return undefined;
  const next = httpUrl(URL.parse(headers.location ?? '', url)?.href ?? '');
  if (url.protocol === 'https:' && next.protocol !== 'https:') throw new Error('a redirect away from TLS');
  return next;
}

async function textOf(response: IncomingMessage, maxBytes: number): Promise<string> {
  const { statusCode = 0 } = response;
  if (statusCode < 200 || statusCode > 299) {
    response.destroy();
    throw new Error(`status ${statusCode}`);
  }
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
    parts.push(part);
  }
  if (!response.complete) throw new Error('the answer was cut off');
  return Buffer.concat(parts).toString('utf8');
}

/** Paths and queries may hold what is nobody's business. */
function originOf(written: string): string {
  const url = URL.parse(written);
  return url ? url.origin : 'the URL';
}
