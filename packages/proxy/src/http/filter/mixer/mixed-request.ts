// One request on its way past Mixer: asked about, let go on or answered, and reported when it is over.
import { type Attributes, type AttributeValue, FORWARDED_ATTRIBUTES, readForwarded } from '@meltemi/api/mixer';
import { isExternal } from '../../../istio/external-service.ts';
import type { FilteredStream, FilterStep, StreamFilter } from '../http-filter.ts';
import { denialAnswer } from './denial.ts';
import type { Mixer, MixerVerdict } from './mixer.ts';
import { addRequest, addResponse } from './request-attributes.ts';
import { addSource } from './source-attributes.ts';

/** What all requests of a filter share. */
export interface MixerSite {
  readonly checks: boolean;
  readonly reports: boolean;
  /** What every request has. */
  readonly own: Attributes;
  readonly quotas: ReadonlyMap<string, number>;
  /** The field that the next sidecar gets; undefined: none. */
  readonly forwarded: string | undefined;
  /** Requests come from other sidecars. */
  readonly inbound: boolean;
  readonly mixer: Mixer;
}

export class MixedRequest implements StreamFilter {
  readonly #site: MixerSite;
  #attributes: Map<string, AttributeValue> | undefined;
  #over = false;

  constructor(site: MixerSite) {
    this.#site = site;
  }

  onRequest(stream: FilteredStream): FilterStep {
    const { checks, reports } = this.#site;
    const received = this.#takeField(stream);
    if (checks || reports) this.#attributes = this.#requestAttributes(stream, received);
    return checks ? this.#check(stream) : 'next';
  }

  onFinish({ entry }: FilteredStream): void {
    this.#over = true;
    const attributes = this.#attributes;
    if (!attributes || !this.#site.reports) return;
    addResponse(attributes, entry);
    this.#site.mixer.report(attributes);
  }

  /** Whoever sent it, the field does not go on; what is ours does, to services of the mesh. */
  #takeField(stream: FilteredStream): string | undefined {
    const { headers } = stream.head;
    const { forwarded, inbound } = this.#site;
    const received = inbound ? headers.get(FORWARDED_ATTRIBUTES) : undefined;
    headers.remove(FORWARDED_ATTRIBUTES);
    if (forwarded !== undefined && !isExternal(stream)) headers.set(FORWARDED_ATTRIBUTES, forwarded);
    return received;
  }

  #requestAttributes({ entry }: FilteredStream, received: string | undefined): Map<string, AttributeValue> {
    const attributes = new Map<string, AttributeValue>();
    addSource(attributes, entry, () => readForwarded(received));
    addRequest(attributes, entry);
    for (const [name, value] of this.#site.own) attributes.set(name, value);
    return attributes;
  }

  #check(stream: FilteredStream): FilterStep {
    const { mixer, quotas } = this.#site;
    const verdict = mixer.check(this.#attributes!, quotas);
    if (!(verdict instanceof Promise)) return this.#judge(verdict, stream);
    void verdict.then((late) => {
      if (!this.#over && this.#judge(late, stream) === 'next') stream.resumeRequest(this);
    });
    return 'wait';
  }

  #judge(verdict: MixerVerdict, stream: FilteredStream): FilterStep {
    if (verdict.code === 0) return 'next';
    this.#attributes?.set('check.error_code', BigInt(verdict.code));
    this.#attributes?.set('check.error_message', verdict.message);
    stream.answer(denialAnswer(verdict, stream));
    return 'answered';
  }
}
