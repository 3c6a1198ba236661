// The URL of a list → its entries: lines of text, or YAML of `whitelist`.
import type { Clock } from '@meltemi/base';
import { parse } from 'yaml';

import { parseIpAddress, shortForm } from '../values/ip-address.ts';

import { isFields } from './spec-reader.ts';

const DEADLINE_MS = 10_000;
const MAX_BYTES = 4 * 1024 * 1024;

export class ListError extends Error {
  readonly code = 'LIST';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ListError';
  }
}

/**
 * Or what is wrong with it. Who writes policy must not be able to read, by way of Mixer, what only its machine can:
 * addresses of one link are where clouds keep a machine's credentials.
 */
export function listUrl(text: string): URL | string {
  const url = URL.parse(text);
  if (!url) return 'is no URL';
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://';
  if (url.username !== '' || url.password !== '') return 'must not have a password';
  return isLinkLocal(url.hostname) ? 'must not lead to an address of one link' : url;
}

function isLinkLocal(hostname: string): boolean {
  const parsed = parseIpAddress(hostname.replace(/^\[(.*)\]$/, '$1'));
  if (!parsed) return hostname === 'metadata.google.internal';
  const [first, second] = shortForm(parsed);
  return (first === 169 && second === 254) || (first === 0xfe && (second! & 0xc0) === 0x80);
}

/** Redirects are not followed. Throws ListError. */
export async function fetchList(url: URL, clock: Clock, signal: AbortSignal): Promise<string> {
  const late = new AbortController();
  const timer = clock.after(DEADLINE_MS, () => late.abort());
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.any([signal, late.signal]) });
    if (!response.ok) throw new ListError(`answered ${response.status}`);
    return await readText(response);
  } catch (cause) {
    if (cause instanceof ListError) throw cause;
    throw new ListError(late.signal.aborted ? `no answer in ${DEADLINE_MS} ms` : reason(cause), { cause });
  } finally {
    timer.cancel();
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new ListError(`is above ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return 'could not be read';
  return cause.cause instanceof Error ? cause.cause.message : cause.message;
}

/** Throws ListError. */
export function readEntries(text: string): readonly string[] {
  if (!/^\s*whitelist:/.test(text))
    return text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    throw new ListError('is no YAML', { cause });
  }
  const entries: unknown = isFields(content) ? content['whitelist'] : undefined;
  if (!Array.isArray(entries)) throw new ListError('whitelist is not a list');
  return entries.map(String);
}
