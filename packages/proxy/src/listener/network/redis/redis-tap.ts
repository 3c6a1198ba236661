// Counts the commands of one Redis connection and their answers, which come in the order of the commands.
import type { Clock } from '@meltemi/base';
import type { LayerTap } from '../transport-layer.ts';
import type { CommandStats, RedisStats } from './redis-stats.ts';
import { type RespValue, RespReader } from './resp-reader.ts';

/** Commands without an answer that are remembered; more are counted and not waited for. */
const MAX_WAITING = 10_000;
/** What the server says of its own accord. */
const PUSH = '>';

interface AskedCommand {
  readonly stats: CommandStats | undefined;
  readonly atMs: number;
}

export class RedisTap implements LayerTap {
  readonly #stats: RedisStats;
  readonly #clock: Clock;
  #waiting: AskedCommand[] = [];
  #commands: RespReader | undefined = new RespReader((value) => this.#asked(value));
  #answers: RespReader | undefined = new RespReader((value) => this.#answered(value));

  constructor(stats: RedisStats, clock: Clock) {
    this.#stats = stats;
    this.#clock = clock;
    stats.cxTotal.increment();
    stats.cxActive.increment();
  }

  received(bytes: Buffer): Buffer {
    this.#stats.rxBytes.add(bytes.length);
    if (this.#commands && !this.#commands.read(bytes)) this.#giveUp();
    return bytes;
  }

  sending(data: Buffer | string): void {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    this.#stats.txBytes.add(bytes.length);
    if (this.#answers && !this.#answers.read(bytes)) this.#giveUp();
  }

  ended(): undefined {
    return undefined;
  }

  closed(): void {
    this.#stats.cxActive.decrement();
    for (const { stats } of this.#waiting) stats?.error.increment();
    this.#forget();
  }

  /** What can't be read is carried on and counted no more. */
  #giveUp(): void {
    this.#stats.protocolError.increment();
    this.#commands = this.#answers = undefined;
    this.#forget();
  }

  #forget(): void {
    this.#stats.rqActive.add(-this.#waiting.length);
    this.#waiting = [];
  }

  #asked({ kind, word }: RespValue): void {
    this.#stats.rqTotal.increment();
    const stats = kind === '*' ? this.#stats.command(word) : undefined;
    if (kind !== '*' || word === '') this.#stats.invalid.increment();
    else if (!stats) this.#stats.unsupported.increment();
    stats?.total.increment();
    if (this.#waiting.length >= MAX_WAITING) return this.#giveUp();
    this.#waiting.push({ stats, atMs: this.#clock.monotonic() });
    this.#stats.rqActive.increment();
  }

  #answered({ kind }: RespValue): void {
    if (kind === PUSH) return;
    const asked = this.#waiting.shift();
    if (!asked) return;
    this.#stats.rqActive.decrement();
    // As Envoy: an answer is a success, even one that says what was wrong.
    asked.stats?.success.increment();
    asked.stats?.latency.record(this.#clock.monotonic() - asked.atMs);
  }
}
