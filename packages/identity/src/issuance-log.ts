// Remembers every certificate that was issued, a line each, a file a day: who got what when, and what to take back with an identity.
import { mkdirSync, openSync, readdirSync, rmSync, writeSync, closeSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@meltemi/base';

export interface IssuedEntry {
  /** Lower-case hex. */
  readonly serialNumber: string;
  /** SPIFFE ID. */
  readonly identity: string;
  /** Address of who asked. */
  readonly caller: string;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly notAfter: number;
}

const FOLDER = 'issued';
const NAME = /^(\d{4}-\d{2}-\d{2})\.jsonl$/;
const DAY_MS = 24 * 3_600_000;
/** No certificate of a workload lives longer; audits may want to look back that far, too. */
const KEPT_DAYS = 90;

/** One writer a directory. */
export class IssuanceLog {
  readonly #folder: string;
  readonly #clock: Clock;
  #day = '';
  #file: number | undefined;

  constructor(directory: string, clock: Clock) {
    this.#folder = join(directory, FOLDER);
    this.#clock = clock;
  }

  /** On disk when this returns: what is not written down is not given out. */
  record(entry: IssuedEntry): void {
    writeSync(this.#fileOf(dayOf(this.#clock.now())), `${JSON.stringify(entry)}\n`);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#day = '';
  }

  #fileOf(day: string): number {
    if (this.#file !== undefined && this.#day === day) return this.#file;
    this.close();
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#removeOlderThan(dayOf(this.#clock.now() - KEPT_DAYS * DAY_MS));
    this.#file = openSync(join(this.#folder, `${day}.jsonl`), 'a', 0o600);
    this.#day = day;
    return this.#file;
  }

  #removeOlderThan(first: string): void {
    const old = readdirSync(this.#folder).filter((name) => (NAME.exec(name)?.[1] ?? first) < first);
    for (const name of old) rmSync(join(this.#folder, name));
  }
}

/** Those of an identity that have not expired. A line that was cut off by a crash is left out: what it was about was never given out. */
export async function liveCertificates(
  directory: string,
  identity: string,
  now: number,
): Promise<readonly IssuedEntry[]> {
  const folder = join(directory, FOLDER);
  const names = await readdir(folder).catch(() => []);
  const texts = await Promise.all(
    names.filter((name) => NAME.test(name)).map((name) => readFile(join(folder, name), 'utf8')),
  );
  return texts
    .flatMap((text) => text.split('\n'))
    .flatMap((line) => entryOf(line) ?? [])
    .filter((entry) => entry.identity === identity && entry.notAfter > now);
}

function entryOf(line: string): IssuedEntry | undefined {
  try {
    return JSON.parse(line) as IssuedEntry;
  } catch {
    return undefined;
  }
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
