// One request on its way past a rate limit service: asks, waits, lets it go on or answers.
import type { HeaderValue } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { type RateLimitResponse, RateLimitResponse_Code as Code } from '@meltemi/api/envoy/service/ratelimit/v3/rls_pb';
import { applyHeaderChanges, type Decision, type Fraction, type RateLimitRule } from '@meltemi/decide';
import type { Headers } from '@meltemi/wire';
import type { RunningCall } from '../../../call/http-call.ts';
import { requestDescriptors } from '../../../rate-limit/request-descriptors.ts';
import { isGrpcRequest } from '../../grpc-answer.ts';
import { localAnswer, type OwnAnswer } from '../../own-answer.ts';
import type { HttpFilterParts } from '../filter-type.ts';
import type { FilteredResponse, FilteredStream, FilterStep, StreamFilter } from '../http-filter.ts';
import { limitHeaders, retryAfterSeconds } from './limit-headers.ts';
import { limitedAnswer } from './limited-answer.ts';
import { askRateLimit } from './rate-limit-call.ts';
import type { RateLimitSettings, RouteRateLimit } from './rate-limit-settings.ts';

/** Set by filters before: how much the request counts. */
const HITS_STATE = 'envoy.ratelimit.hits_addend';
const LIMITED = { flag: 'RL', details: 'request_rate_limited' };
const FAILED = { body: '', flag: 'RLSE', details: 'rate_limiter_error' };

type Fields = readonly (readonly [string, string])[];

/** What all requests of a filter share. */
export interface RateLimitSite {
  readonly settings: RateLimitSettings;
  readonly parts: HttpFilterParts;
  /** Whether chance puts a request in the fraction. */
  rolls(fraction: Fraction): boolean;
  ofRoute(stream: FilteredStream): RouteRateLimit | undefined;
  rulesFor(decision: Decision, ofRoute: RouteRateLimit | undefined): readonly RateLimitRule[];
  count(cluster: string, outcome: 'ok' | 'error' | 'over_limit' | 'failure_mode_allowed'): void;
}

export class LimitedRequest implements StreamFilter {
  readonly #filter: RateLimitSite;
  #call: RunningCall | undefined;
  /** Goes on the response, the upstream's or our own. */
  #added: Fields = [];
  #counts = false;

  constructor(filter: RateLimitSite) {
    this.#filter = filter;
  }

  onRequest(stream: FilteredStream): FilterStep {
    this.#counts = this.#concerns(stream) && stream.cluster() !== undefined;
    if (!this.#counts || !this.#ask(stream, false)) return 'next';
    return 'wait';
  }

  onResponse({ headers, fromUpstream }: FilteredResponse): void {
    // What the service says of the type of its own body counts.
    if (!fromUpstream && this.#added.some(([name]) => name === 'content-type')) headers.remove('content-type');
    for (const [name, value] of this.#added) headers.add(name, value);
    this.#added = [];
  }

  onFinish(stream: FilteredStream): void {
    this.#call?.cancel();
    this.#call = undefined;
    if (this.#counts) this.#ask(stream, true);
  }

  #concerns({ head }: FilteredStream): boolean {
    const { requests, enabled } = this.#filter.settings;
    const internal = head.headers.get('x-envoy-internal') === 'true';
    if (requests !== 'both' && internal !== (requests === 'internal')) return false;
    return this.#filter.rolls(enabled);
  }

  /** False: there is nothing to ask for. `done`: the stream is over, and nobody waits for the answer. */
  #ask(stream: FilteredStream, done: boolean): boolean {
    const { settings, parts } = this.#filter;
    const decision = stream.decision();
    if (decision.kind !== 'route') return false;
    const ofRoute = this.#filter.ofRoute(stream);
    const rules = this.#filter
      .rulesFor(decision, ofRoute)
      .filter(({ onStreamDone }: RateLimitRule) => onStreamDone === done);
    const descriptors = requestDescriptors(rules, stream, parts.node?.cluster ?? '');
    if (descriptors.length === 0) return false;
    const question = { domain: ofRoute?.domain || settings.domain, descriptors, hits: hitsOf(stream) };
    const call = askRateLimit(settings, question, parts, (response) => {
      if (!done) this.#answered(response, decision.cluster, stream);
    });
    if (!done) this.#call = call;
    return true;
  }

  #answered(response: RateLimitResponse | undefined, cluster: string, stream: FilteredStream): void {
    this.#call = undefined;
    if (!response || response.overallCode === Code.UNKNOWN) return this.#failed(cluster, stream);
    const { settings } = this.#filter;
    const limited = response.overallCode === Code.OVER_LIMIT;
    this.#filter.count(cluster, limited ? 'over_limit' : 'ok');
    if (response.dynamicMetadata) stream.entry.addMetadata(settings.metadataNamespace, response.dynamicMetadata);
    this.#added = [
      ...fieldsOf(response.responseHeadersToAdd),
      ...(limited && settings.marksLimited ? ([['x-envoy-ratelimited', 'true']] as const) : []),
      ...(settings.announced ? limitHeaders(response) : []),
    ];
    if (limited) stream.cluster()?.stats.countStatus(settings.limitedStatus);
    if (limited && this.#filter.rolls(settings.enforced)) return stream.answer(this.#refusal(response, stream));
    addFields(stream.head.headers, fieldsOf(response.requestHeadersToAdd));
    stream.resumeRequest(this);
  }

  #refusal(response: RateLimitResponse, stream: FilteredStream): OwnAnswer {
    const { settings } = this.#filter;
    const body = Buffer.from(response.rawBody).toString('latin1');
    // Of a gRPC answer the body is its message.
    if (isGrpcRequest(stream.head.headers)) this.#added = this.#added.filter(([name]) => name !== 'content-type');
    const answer = limitedAnswer({ ...LIMITED, status: settings.limitedStatus, body }, stream, settings);
    stream.entry.responseCodeDetails = LIMITED.details;
    applyHeaderChanges(settings.responseHeaders, answer.headers, stream.entry);
    const after = settings.retryAfter && settings.limitedStatus === 429 ? retryAfterSeconds(response) : undefined;
    const said = answer.headers.has('retry-after') || this.#added.some(([name]) => name === 'retry-after');
    if (after !== undefined && !said) answer.headers.set('retry-after', String(after));
    return answer;
  }

  #failed(cluster: string, stream: FilteredStream): void {
    const { settings } = this.#filter;
    this.#filter.count(cluster, 'error');
    if (this.#filter.rolls(settings.deniesOnError))
      return stream.answer(localAnswer({ ...FAILED, status: settings.errorStatus }));
    this.#filter.count(cluster, 'failure_mode_allowed');
    stream.resumeRequest(this);
  }
}

function hitsOf({ entry }: FilteredStream): number {
  const hits = Number(entry.filterState?.get(HITS_STATE) ?? 0);
  return Number.isSafeInteger(hits) && hits >= 0 ? hits : 0;
}

function fieldsOf(values: readonly HeaderValue[]): Fields {
  return values.map(({ key, value, rawValue }) => [
    key.toLowerCase(),
    value === '' ? Buffer.from(rawValue).toString('latin1') : value,
  ]);
}

function addFields(headers: Headers, fields: Fields): void {
  for (const [name, value] of fields) headers.add(name, value);
}
