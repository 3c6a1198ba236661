// Answers to checks, kept as long and for as many requests as Mixer allows.
import type { CheckResponse_PreconditionResult } from '@meltemi/api/istio/mixer/v1/mixer_pb';
import { durationToMs } from '@meltemi/base';

import type { Status } from '../adapters/adapter.ts';
import type { AttributeBag } from '../attributes/attribute-bag.ts';
import { decodeReferences } from '../attributes/referenced-attributes.ts';

import { ReferenceCache } from './reference-cache.ts';

interface Kept {
  readonly status: Status;
  readonly untilMs: number;
  uses: number;
}

export class CheckCache {
  readonly #answers: ReferenceCache<Kept>;

  constructor(maxEntries: number) {
    this.#answers = new ReferenceCache(maxEntries);
  }

  /** Counts as a use. `nowMs` is monotonic. */
  find(attributes: AttributeBag, nowMs: number): Status | undefined {
    const kept = this.#answers.find(attributes, ({ untilMs, uses }) => nowMs < untilMs && uses > 0);
    if (!kept) return undefined;
    kept.uses--;
    return kept.status;
  }

  /** An answer to a request with these attributes, which is its first use. Throws AttributesError. */
  put(attributes: AttributeBag, answer: CheckResponse_PreconditionResult, nowMs: number): void {
    const { status, validDuration, validUseCount, referencedAttributes } = answer;
    const validMs = validDuration ? durationToMs(validDuration) : 0;
    if (validMs <= 0 || validUseCount <= 1 || !referencedAttributes) return;
    const kept = {
      status: { code: status?.code ?? 0, message: status?.message ?? '' },
      untilMs: nowMs + validMs,
      uses: validUseCount - 1,
    };
    this.#answers.put(attributes, decodeReferences(referencedAttributes), kept);
  }
}
