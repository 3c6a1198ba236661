// Follows requests of a listener through their traces: reads where each stands, hands that on, and reports its spans.
import type { Tracing as RouteTracing } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { Dice } from '@meltemi/base';
import type { CompiledRoute } from '@meltemi/decide';
import type { Headers } from '@meltemi/wire';
import type { StreamEntry } from '../http/stream-entry.ts';
import type { Environment } from '../environment.ts';
import { compileCustomTag } from './custom-tag.ts';
import type { FinishedSpan, SpanReporter } from './span.ts';
import { isError, requestTags, type TagSettings, upstreamTags } from './span-tags.ts';
import type { Extracted, TraceContext } from './trace-context.ts';
import { decideTrace, type Sampling, type TraceReason } from './trace-reason.ts';
import { routeSampling } from './sampling.ts';

const OPERATION = 'x-envoy-decorator-operation';

/** What a provider of tracing does in its own way. */
export interface TracingProvider {
  readonly reporter: SpanReporter;
  /** A server's span has the id of its client's. */
  readonly sharesSpans: boolean;
  /** A request that was sampled before is not sampled here where this proxy says no. */
  readonly samplesAnew: boolean;
  extract(headers: Headers): Extracted<string>;
  inject(headers: Headers, context: TraceContext, form: string): void;
  /** Of a new trace: `{traceId, spanId}`. */
  newTrace(dice: Dice): Pick<TraceContext, 'traceId' | 'spanId'>;
  newSpanId(dice: Dice): string;
  /** Where no route names it. */
  spanName(inbound: boolean, authority: string): string;
}

export interface TracerSettings {
  readonly sampling: Sampling;
  readonly tags: TagSettings;
  /** Requests come to this proxy's own service; else they leave it. */
  readonly inbound: boolean;
  readonly spawnUpstreamSpan: boolean;
  /** For the custom tags of routes. */
  readonly environment: Environment;
}

export interface TraceCounts {
  count(reason: TraceReason): void;
  close(): void;
}

export class RequestTracer {
  readonly settings: TracerSettings;
  readonly provider: TracingProvider;
  readonly dice: Dice;
  readonly #counts: TraceCounts;
  readonly #routes = new WeakMap<RouteTracing, Pick<TracerSettings, 'sampling' | 'tags'>>();

  constructor(settings: TracerSettings, provider: TracingProvider, dice: Dice, counts: TraceCounts) {
    this.settings = settings;
    this.provider = provider;
    this.dice = dice;
    this.#counts = counts;
  }

  /** Marks the request's id. Undefined: its headers can't be gone on with, and stay as they are. */
  begin(entry: StreamEntry, route: CompiledRoute | undefined): RequestSpan | undefined {
    const { headers } = entry;
    const { sampling, tags } = route?.tracing ? this.#ofRoute(route.tracing) : this.settings;
    const reason = decideTrace(headers, sampling, this.dice);
    this.#counts.count(reason);
    entry.traced = reason !== 'none';
    const extracted = this.provider.extract(headers);
    if (extracted.kind === 'malformed') return undefined;
    return new RequestSpan(this, entry, extracted, tags, route);
  }

  close(): void {
    this.provider.reporter.close();
    this.#counts.close();
  }

  /** A route's own shares take the place of the listener's; its tags come to them, by name. */
  #ofRoute(tracing: RouteTracing): Pick<TracerSettings, 'sampling' | 'tags'> {
    const known = this.#routes.get(tracing);
    if (known) return known;
    const { tags, environment } = this.settings;
    const own = tracing.customTags.map((tag) => compileCustomTag(tag, environment));
    const custom = [...tags.custom.filter(({ name }) => !own.some((tag) => tag.name === name)), ...own];
    const made = { sampling: routeSampling(tracing), tags: { ...tags, custom } };
    this.#routes.set(tracing, made);
    return made;
  }
}

/** What went on to a cluster. */
interface UpstreamSpan {
  readonly context: TraceContext;
  /** Monotonic. */
  readonly startedMs: number;
  readonly name: string;
}

/** One request of a trace. */
export class RequestSpan {
  readonly #tracer: RequestTracer;
  readonly #entry: StreamEntry;
  readonly #tags: TagSettings;
  readonly #form: string;
  readonly #context: TraceContext;
  readonly #remoteParent: boolean;
  readonly #route: CompiledRoute | undefined;
  #name: string;
  #upstream: UpstreamSpan | undefined;
  /** The caller said what the operation is, and need not be told. */
  #named = false;

  constructor(
    tracer: RequestTracer,
    entry: StreamEntry,
    extracted: Exclude<Extracted<string>, { kind: 'malformed' }>,
    tags: TagSettings,
    route: CompiledRoute | undefined,
  ) {
    this.#tracer = tracer;
    this.#entry = entry;
    this.#tags = tags;
    this.#route = route;
    this.#form = extracted.form;
    this.#remoteParent = extracted.kind === 'context';
    this.#context = this.#contextOf(extracted);
    this.#name = this.#nameOf(entry);
    entry.traceId = this.#context.traceId;
    entry.spanId = this.#context.spanId;
  }

  /** The request goes to the cluster: its headers say where it stands. `now`: monotonic. */
  forward(headers: Headers, cluster: string, now: number): void {
    const { settings, provider, dice } = this.#tracer;
    let context = this.#context;
    if (settings.spawnUpstreamSpan) {
      context = { ...context, spanId: provider.newSpanId(dice), parentId: context.spanId };
      this.#upstream = { context, startedMs: now, name: `router ${cluster} egress` };
    }
    provider.inject(headers, context, this.#form);
    const operation = this.#propagated;
    if (!settings.inbound && operation !== undefined) headers.set(OPERATION, operation);
  }

  /** The response's head: the two sides tell each other the operation's name. */
  answer(headers: Headers): void {
    if (this.#tracer.settings.inbound) {
      if (this.#propagated !== undefined && !this.#named) headers.set(OPERATION, this.#propagated);
      return;
    }
    const said = headers.get(OPERATION);
    if (said === undefined) return;
    if (said !== '') this.#name = said;
    headers.remove(OPERATION);
  }

  /** The entry is complete. */
  finish(): void {
    if (this.#context.sampled !== true) return;
    const entry = this.#entry;
    const { provider, settings } = this.#tracer;
    const server = settings.inbound || settings.spawnUpstreamSpan;
    const shared = {
      error: isError(entry),
      localAddress: entry.connection.localAddress,
    };
    provider.reporter.report({
      ...shared,
      context: this.#context,
      kind: server ? 'server' : 'client',
      name: this.#name,
      startMs: entry.startTimeMs,
      durationMs: entry.durationMs,
      tags: requestTags(entry, this.#tags),
      remoteParent: this.#remoteParent,
      shared: server && provider.sharesSpans,
    });
    if (this.#upstream) provider.reporter.report({ ...shared, ...this.#upstreamSpan(this.#upstream) });
  }

  #upstreamSpan({ context, startedMs, name }: UpstreamSpan): Omit<FinishedSpan, 'error' | 'localAddress'> {
    const entry = this.#entry;
    const before = startedMs - entry.startedMs;
    return {
      context,
      kind: 'client',
      name,
      startMs: entry.startTimeMs + before,
      durationMs: Math.max(0, entry.durationMs - before),
      tags: upstreamTags(entry, this.#tags),
      remoteParent: false,
      shared: false,
    };
  }

  #contextOf(extracted: Exclude<Extracted<string>, { kind: 'malformed' }>): TraceContext {
    const { provider, dice, settings } = this.#tracer;
    if (extracted.kind === 'none') {
      const sampled = extracted.sampled ?? this.#entry.traced;
      return { ...provider.newTrace(dice), parentId: undefined, sampled, state: '' };
    }
    const { context } = extracted;
    const { traced } = this.#entry;
    const sampled = (context.sampled ?? traced) && (traced || !provider.samplesAnew);
    const server = settings.inbound || settings.spawnUpstreamSpan;
    if (server && provider.sharesSpans) return { ...context, sampled };
    return { ...context, sampled, spanId: provider.newSpanId(dice), parentId: context.spanId };
  }

  #nameOf({ headers, authority }: StreamEntry): string {
    const { settings, provider } = this.#tracer;
    const said = settings.inbound ? headers.get(OPERATION) : undefined;
    if (said !== undefined) headers.remove(OPERATION);
    this.#named = said !== undefined;
    return said || this.#route?.operation || provider.spanName(settings.inbound, authority);
  }

  /** Of the route, where it is to be told. */
  get #propagated(): string | undefined {
    return this.#route?.propagateOperation === false ? undefined : this.#route?.operation;
  }
}
