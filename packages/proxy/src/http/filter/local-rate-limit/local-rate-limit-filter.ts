// Refuses requests that come faster than the buckets of the listener or of the route allow.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/local_rate_limit_filter
import { fromBinary } from '@bufbuild/protobuf';
import { LocalRateLimitSchema } from '@meltemi/api/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb';
import type { Dice } from '@meltemi/base';
import { applyHeaderChanges, falls, type Fraction, isAlways, type RateLimitDescriptor } from '@meltemi/decide';
import { LocalLimiter } from '../../../rate-limit/local-limiter.ts';
import { requestDescriptors, routeRules } from '../../../rate-limit/request-descriptors.ts';
import type { TokenBucket } from '../../../rate-limit/token-bucket.ts';
import { localCounters } from '../../../workers/shared-counters.ts';
import { limitedAnswer } from '../rate-limit/limited-answer.ts';
import type { OwnAnswer } from '../../own-answer.ts';
import type { HttpFilterParts, HttpFilterType } from '../filter-type.ts';
import type { FilteredResponse, FilteredStream, FilterStep, HttpFilter, StreamFilter } from '../http-filter.ts';
import { readMessage } from '../read-message.ts';
import { type LocalRateLimitSettings, localRateLimitSettings } from './local-rate-limit-settings.ts';
import { type LocalRateLimitStats, localRateLimitStats } from './local-rate-limit-stats.ts';

export const LOCAL_RATE_LIMIT_FILTER: HttpFilterType = {
  typeName: LocalRateLimitSchema.typeName,
  compile(name, config, parts) {
    return new LocalRateLimitFilter(name, localRateLimitSettings(fromBinary(LocalRateLimitSchema, config)), parts);
  },
  readRouteConfig: (config, place) => localRateLimitSettings(readMessage(config, LocalRateLimitSchema), place),
};

const LIMITED = { body: 'local_rate_limited', flag: 'RL', details: 'local_rate_limited' };

/** What the filter has of one configuration. */
interface Limit {
  readonly settings: LocalRateLimitSettings;
  readonly limiter: LocalLimiter;
  readonly stats: LocalRateLimitStats;
}

/** One a connection, whichever filter and route made it, as in Envoy. */
const ofConnections = new WeakMap<object, LocalLimiter>();

class LocalRateLimitFilter implements HttpFilter {
  readonly name: string;
  readonly sourceCluster: string;
  readonly #parts: HttpFilterParts;
  readonly #own: Limit;
  readonly #ofRoutes = new WeakMap<LocalRateLimitSettings, Limit>();
  /** Limits of routes go with the route tables that they belong to. */
  readonly #abandoned = new FinalizationRegistry<Omit<Limit, 'settings'>>(closeLimit);

  constructor(name: string, settings: LocalRateLimitSettings, parts: HttpFilterParts) {
    this.name = name;
    this.sourceCluster = parts.node?.cluster ?? '';
    this.#parts = parts;
    this.#own = this.#limitOf(settings);
  }

  get dice(): Dice {
    return this.#parts.dice;
  }

  open(): StreamFilter {
    return new LimitedRequest(this);
  }

  close(): void {
    closeLimit(this.#own);
  }

  /** Of the most specific level that has one. */
  limitFor(stream: FilteredStream): Limit {
    for (const { config } of stream.routeConfigs(this.name)) {
      if (!config) continue;
      const settings = config as LocalRateLimitSettings;
      const known = this.#ofRoutes.get(settings);
      if (known) return known;
      const limit = this.#limitOf(settings);
      this.#ofRoutes.set(settings, limit);
      this.#abandoned.register(settings, { limiter: limit.limiter, stats: limit.stats });
      return limit;
    }
    return this.#own;
  }

  limiterFor({ settings, limiter }: Limit, stream: FilteredStream): LocalLimiter {
    if (!settings.perConnection) return limiter;
    const { connection } = stream.entry;
    const known = ofConnections.get(connection);
    if (known) return known;
    const own = new LocalLimiter(settings.limiter, '', { clock: this.#parts.clock, counters: localCounters });
    ofConnections.set(connection, own);
    return own;
  }

  #limitOf(settings: LocalRateLimitSettings): Limit {
    const { statPrefix, stats } = this.#parts;
    const name = `http-rate-limit/${statPrefix}/${this.name}/${settings.fingerprint}`;
    return {
      settings,
      limiter: new LocalLimiter(settings.limiter, name, this.#parts),
      stats: localRateLimitStats(stats, settings.statPrefix),
    };
  }
}

function closeLimit({ limiter, stats }: Omit<Limit, 'settings'>): void {
  limiter.close();
  stats.close();
}

class LimitedRequest implements StreamFilter {
  readonly #filter: LocalRateLimitFilter;
  /** Whose numbers the response shows. */
  #shown: TokenBucket | undefined;

  constructor(filter: LocalRateLimitFilter) {
    this.#filter = filter;
  }

  onRequest(stream: FilteredStream): FilterStep {
    const limit = this.#filter.limitFor(stream);
    const { settings, stats } = limit;
    if (!this.#rolls(settings.enabled)) return 'next';
    stats.enabled.increment();
    const verdict = this.#filter.limiterFor(limit, stream).admit(this.#descriptors(settings, stream));
    if (verdict.announced ?? settings.announced) this.#shown = verdict.bucket;
    if (verdict.shadowed) stats.shadowed.increment();
    if (verdict.allowed && !verdict.shadowed) {
      stats.ok.increment();
      return 'next';
    }
    stats.limited.increment();
    if (verdict.allowed) return 'next';
    if (!this.#rolls(settings.enforced)) {
      applyHeaderChanges(settings.requestHeaders, stream.head.headers, stream.entry);
      return 'next';
    }
    stats.enforced.increment();
    const answer = limitedAnswer({ ...LIMITED, status: settings.status }, stream, settings);
    applyHeaderChanges(settings.responseHeaders, answer.headers, stream.entry);
    if (settings.retryAfter && settings.status === 429) addRetryAfter(answer.headers, verdict.bucket);
    stream.answer(answer);
    return 'answered';
  }

  onResponse({ headers }: FilteredResponse): void {
    if (this.#shown) {
      headers.set('x-ratelimit-limit', String(this.#shown.size.maxTokens));
      headers.set('x-ratelimit-remaining', String(this.#shown.remaining));
      headers.set('x-ratelimit-reset', String(resetSeconds(this.#shown)));
    }
  }

  #rolls(fraction: Fraction): boolean {
    return isAlways(fraction) || falls(this.#filter.dice.roll(), fraction);
  }

  #descriptors(settings: LocalRateLimitSettings, stream: FilteredStream): readonly RateLimitDescriptor[] {
    if (settings.limiter.descriptors.length === 0) return [];
    const { rules: own, stage, virtualHost } = settings;
    const { sourceCluster } = this.#filter;
    if (own.length > 0) return requestDescriptors(own, stream, sourceCluster);
    const rules = routeRules(stream.decision(), { stage, virtualHost, skipsKeyed: true });
    return requestDescriptors(rules, stream, sourceCluster);
  }
}

/** What the configuration says of it stays. */
function addRetryAfter(headers: OwnAnswer['headers'], bucket: TokenBucket | undefined): void {
  if (bucket && !headers.has('retry-after')) headers.set('retry-after', String(Math.max(1, resetSeconds(bucket))));
}

function resetSeconds(bucket: TokenBucket): number {
  return Math.ceil(bucket.nextTokenMs / 1000);
}
