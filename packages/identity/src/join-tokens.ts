// One-time tokens by which a machine outside any platform proves who it is, once: made by an operator, kept as hashes.
import { createHash, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@meltemi/base';
import type { Attestor } from './attestor.ts';
import { IdentityError } from './identity-error.ts';
import { readIfThere, replaceFile } from './small-file.ts';
import { type Identity, parseSpiffeId, spiffeId } from './spiffe-id.ts';

interface JoinToken {
  /** SHA-256 of the token, in hex: the file alone lets nobody in. */
  readonly hash: string;
  /** SPIFFE ID. */
  readonly identity: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

const FILE = 'join-tokens.json';
const PREFIX = 'meltemi-join.';
const FORM = /^Bearer (meltemi-join\.[A-Za-z0-9_-]{43})$/i;

export interface NewJoinToken {
  readonly identity: Identity;
  readonly ttlMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Answers the token; it is nowhere else. Throws a RangeError for an identity that can't stand in a SPIFFE ID. */
export async function createJoinToken(directory: string, { identity, ttlMs, now }: NewJoinToken): Promise<string> {
  const token = `${PREFIX}${randomBytes(32).toString('base64url')}`;
  const made = { hash: hashOf(token), identity: spiffeId(identity), expiresAt: now + ttlMs };
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const live = (await read(directory)).filter(({ expiresAt }) => expiresAt > now);
  await write(directory, [...live, made]);
  return token;
}

/** A token is good once: who shows it a second time is refused. */
export function joinTokenAttestor(options: { readonly directory: string; readonly clock: Clock }): Attestor {
  const { directory, clock } = options;
  let last: Promise<unknown> = Promise.resolve();
  return {
    attest({ authorization }) {
      const token = FORM.exec(authorization ?? '')?.[1];
      if (token === undefined) return Promise.resolve(undefined);
      const taken = last.then(() => take(directory, hashOf(token), clock.now()));
      last = taken.catch(() => undefined);
      return taken;
    },
  };
}

/** Gone from the file before it counts. */
async function take(directory: string, hash: string, now: number): Promise<Identity> {
  const tokens = await read(directory);
  const found = tokens.find((token) => token.hash === hash);
  if (!found) throw new IdentityError('BAD_PROOF', 'join token: unknown, or used before');
  await write(
    directory,
    tokens.filter((token) => token !== found),
  );
  const identity = parseSpiffeId(found.identity);
  if (!identity || found.expiresAt <= now) throw new IdentityError('BAD_PROOF', 'join token: expired');
  return identity;
}

async function read(directory: string): Promise<readonly JoinToken[]> {
  const path = join(directory, FILE);
  const text = await readIfThere(path);
  if (text === undefined) return [];
  try {
    const tokens = JSON.parse(text) as unknown;
    if (Array.isArray(tokens) && tokens.every(isJoinToken)) return tokens;
  } catch {
    // Said below, as for any other text.
  }
  throw new IdentityError('BAD_AUTHORITY', `${path} is no list of join tokens`);
}

function isJoinToken(value: unknown): value is JoinToken {
  const { hash, identity, expiresAt } = value as Partial<JoinToken>;
  return typeof hash === 'string' && typeof identity === 'string' && Number.isFinite(expiresAt);
}

async function write(directory: string, tokens: readonly JoinToken[]): Promise<void> {
  await replaceFile(join(directory, FILE), `${JSON.stringify(tokens, undefined, 2)}\n`);
}

/** 256 random bits need no salt. */
function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
