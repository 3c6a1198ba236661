// Requests' attributes → Mixer's verdicts, from what it said before where that still holds, and reports in batches.
import { create } from '@bufbuild/protobuf';
import { type CheckResponse, CheckRequestSchema } from '@meltemi/api/istio/mixer/v1/mixer_pb';
import { type Clock, durationToMs } from '@meltemi/base';

import { type Status, STATUS } from '../adapters/adapter.ts';
import type { AttributeBag } from '../attributes/attribute-bag.ts';
import { compressAttributes } from '../attributes/compressed-attributes.ts';
import { GLOBAL_WORDS } from '../attributes/global-words.ts';
import { decodeReferences } from '../attributes/referenced-attributes.ts';

import type { Value } from '../values/value.ts';

import { CheckCache } from './check-cache.ts';
import type { MixerTransport } from './mixer-transport.ts';
import { QuotaPool } from './quota-pool.ts';
import { ReferenceCache } from './reference-cache.ts';
import { ReportBatch } from './report-batch.ts';

export interface MixerClientOptions {
  readonly transport: MixerTransport;
  readonly clock: Clock;
  /** Begins the deduplication ids of this client: no other may have it. */
  readonly name: string;
  /** Requests go on when Mixer can't be asked. */
  readonly failOpen: boolean;
  readonly lostReports: (count: number, cause: unknown) => void;
}

/** Amounts by the names of quotas. */
export type QuotaAmounts = ReadonlyMap<string, number>;

const CACHE_ENTRIES = 10_000;
const REPORT_ENTRIES = 100;
const REPORT_WAIT_MS = 1000;
const NO_QUOTAS: QuotaAmounts = new Map();
const OK: Status = { code: STATUS.OK, message: '' };

interface KeptPool {
  readonly pool: QuotaPool;
  /** What the amounts depended on, as Mixer said it. */
  readonly depends: string;
  /** Rules came by which they depend on something else. */
  stale: boolean;
}

export class MixerClient {
  readonly #options: MixerClientOptions;
  readonly #checks = new CheckCache(CACHE_ENTRIES);
  readonly #pools = new Map<string, ReferenceCache<KeptPool>>();
  readonly #reports: ReportBatch;
  #sent = 0;

  constructor(options: MixerClientOptions) {
    const { transport, clock, lostReports: lost } = options;
    this.#options = options;
    this.#reports = new ReportBatch({
      clock,
      maxEntries: REPORT_ENTRIES,
      maxWaitMs: REPORT_WAIT_MS,
      send: (report) => transport.report(report),
      lost,
    });
  }

  /** At once where Mixer need not be asked. Quotas are taken only for a request that may go on. */
  check(attributes: AttributeBag, quotas: QuotaAmounts = NO_QUOTAS): Status | Promise<Status> {
    const nowMs = this.#options.clock.monotonic();
    const known = this.#checks.find(attributes, nowMs);
    if (known && (known.code !== STATUS.OK || quotas.size === 0)) return known;
    return this.#checkWith(known, attributes, quotas, nowMs);
  }

  /** For a request that others let go on. At once where Mixer need not be asked. */
  take(attributes: AttributeBag, quotas: QuotaAmounts): Status | Promise<Status> {
    return quotas.size === 0 ? OK : this.#checkWith(OK, attributes, quotas, this.#options.clock.monotonic());
  }

  /** They stay as they are until they are sent. */
  report(attributes: ReadonlyMap<string, Value>): void {
    this.#reports.add(attributes);
  }

  /** Sends the reports that wait. */
  async close(): Promise<void> {
    await this.#reports.close();
    this.#options.transport.close();
  }

  /** `known`: the verdict without quotas; undefined: Mixer must be asked for it. */
  #checkWith(
    known: Status | undefined,
    attributes: AttributeBag,
    quotas: QuotaAmounts,
    nowMs: number,
  ): Status | Promise<Status> {
    const amounts = new Map<string, number>();
    for (const [name, amount] of quotas) {
      const answer = known && this.#pool(attributes, name)?.take(amount, nowMs);
      if (answer?.kind === 'refused') return exhausted(name);
      if (answer?.kind !== 'granted') amounts.set(name, answer ? answer.amount : amount);
    }
    return known && amounts.size === 0 ? known : this.#ask(attributes, quotas, amounts);
  }

  async #ask(attributes: AttributeBag, quotas: QuotaAmounts, amounts: QuotaAmounts): Promise<Status> {
    const { transport, clock, name, failOpen } = this.#options;
    const params = [...amounts].map(
      ([quota, amount]) => [quota, { amount: BigInt(amount), bestEffort: true }] as const,
    );
    const request = create(CheckRequestSchema, {
      attributes: compressAttributes(attributes.entries()),
      globalWordCount: GLOBAL_WORDS.length,
      deduplicationId: `${name}${this.#sent++}`,
      quotas: Object.fromEntries(params),
    });
    try {
      const response = await transport.check(request);
      return this.#learn(attributes, quotas, amounts, { response, nowMs: clock.monotonic() });
    } catch (error) {
      return failOpen
        ? OK
        : { code: STATUS.UNAVAILABLE, message: error instanceof Error ? error.message : 'unavailable' };
    }
  }

  #learn(
    attributes: AttributeBag,
    quotas: QuotaAmounts,
    amounts: QuotaAmounts,
    { response, nowMs }: { readonly response: CheckResponse; readonly nowMs: number },
  ): Status {
    const { precondition } = response;
    if (precondition) this.#checks.put(attributes, precondition, nowMs);
    const status = precondition?.status;
    if (status && status.code !== STATUS.OK) return { code: status.code, message: status.message };
    // All are taken in, also behind one that is refused: what was granted is there for the next request.
    const refused = [...amounts.keys()].filter(
      (name) => !this.#fill(attributes, name, quotas.get(name)!, response, nowMs),
    );
    return refused.length > 0 ? exhausted(refused[0]!) : OK;
  }

  #fill(attributes: AttributeBag, name: string, amount: number, { quotas }: CheckResponse, nowMs: number): boolean {
    const result = quotas[name];
    // The original grants a quota that Mixer says nothing about.
    if (!result) return true;
    const { grantedAmount, validDuration, referencedAttributes } = result;
    const references = referencedAttributes ? decodeReferences(referencedAttributes) : [];
    const depends = JSON.stringify(references);
    const known = this.#kept(attributes, name);
    if (known && known.depends !== depends) known.stale = true;
    const pool = known?.depends === depends ? known.pool : new QuotaPool();
    const validDurationMs = validDuration ? durationToMs(validDuration) : 0;
    const answer = pool.refill({ granted: Number(grantedAmount), validDurationMs }, amount, nowMs);
    if (pool !== known?.pool && validDurationMs > 0 && referencedAttributes) {
      this.#poolsOf(name).put(attributes, references, { pool, depends, stale: false });
    }
    return answer === 'granted';
  }

  #pool(attributes: AttributeBag, name: string): QuotaPool | undefined {
    return this.#kept(attributes, name)?.pool;
  }

  #kept(attributes: AttributeBag, name: string): KeptPool | undefined {
    return this.#poolsOf(name).find(attributes, ({ stale }) => !stale);
  }

  #poolsOf(name: string): ReferenceCache<KeptPool> {
    let pools = this.#pools.get(name);
    if (!pools) this.#pools.set(name, (pools = new ReferenceCache(CACHE_ENTRIES)));
    return pools;
  }
}

function exhausted(name: string): Status {
  return { code: STATUS.RESOURCE_EXHAUSTED, message: `Quota is exhausted for: ${name}` };
}
