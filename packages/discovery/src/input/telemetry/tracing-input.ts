// Telemetries → the spans of a proxy's listeners.
// https://istio.io/latest/docs/reference/config/telemetry/#Tracing
import { parseDuration } from '@meltemi/base';
import type { ExtensionProvider, Telemetry, Tracing, TracingTag } from '@meltemi/config';
import type { ProxyScope } from '../../scope.ts';
import type { MeshSettings, TracingSettings } from '../../mesh.ts';
import { proxyConfigOf, tracingSettings } from '../../proxy-config.ts';
import { collectorOf, headerPairs } from './collector.ts';
import { isOf, providerByName } from './provider-choice.ts';
import { istioTags } from './istio-tags.ts';
import type { SpanTagInput, TracerInput, TracingInput } from './telemetry-input.ts';

/** Undefined: nothing is traced. */
export function tracingInput(
  telemetries: readonly Telemetry[],
  scope: ProxyScope,
  mesh: MeshSettings,
  mode: 'CLIENT' | 'SERVER',
): TracingInput | undefined {
  const said = telemetries.flatMap(({ tracing = [] }) => tracing);
  const [fallback] = mesh.defaultProviders.tracing;
  const asked = said.length > 0 || fallback !== undefined;
  if (!asked && !mesh.tracing.enabled) return undefined;
  const settings = tracingSettings(proxyConfigOf(scope.node.metadata)?.tracing, mesh.tracing);
  if (!asked) return startedWith(scope, settings);
  const spec = joined(said.filter(({ match }) => isOf(match?.mode, mode)));
  const provider = providerByName(mesh.providers, spec.providers?.[0]?.name ?? fallback);
  const tracer = provider && tracerOf(provider, scope);
  if (!tracer || spec.disableSpanReporting) return undefined;
  return {
    tracer,
    sampling: spec.randomSamplingPercentage ?? settings.sampling,
    maxPathTagLength: maxTagLength(provider) || settings.maxPathTagLength,
    tags: tagsOf(scope, spec.enableIstioTags ?? true, spec.customTags, settings),
    upstreamSpans: scope.node.kind === 'router',
    sampledInRequestId: spec.useRequestIdForTraceSampling ?? true,
  };
}

/** Of what is said twice the last stands; a list of no providers says nothing. */
function joined(entries: readonly Tracing[]): Tracing {
  const said = entries.flatMap((entry) => Object.entries(entry));
  return Object.fromEntries(said.filter(([, value]) => !Array.isArray(value) || value.length > 0)) as Tracing;
}

/** By what the proxy was started with, as its own settings say. */
function startedWith(scope: ProxyScope, tracing: TracingSettings): TracingInput {
  return {
    tracer: undefined,
    sampling: tracing.sampling,
    maxPathTagLength: tracing.maxPathTagLength,
    tags: tagsOf(scope, tracing.istioTags, undefined, tracing),
    upstreamSpans: false,
    sampledInRequestId: true,
  };
}

function tracerOf(provider: ExtensionProvider, scope: ProxyScope): TracerInput | undefined {
  const { zipkin, opentelemetry } = provider;
  const asked = zipkin ?? opentelemetry;
  const collector = asked && collectorOf(asked, scope.visible);
  if (!collector) return undefined;
  if (zipkin) {
    return {
      kind: 'zipkin',
      collector,
      path: zipkin.path || '/api/v2/spans',
      longTraceIds: zipkin.enable64bitTraceId !== true,
      w3c: zipkin.traceContextOption === 'USE_B3_WITH_W3C_PROPAGATION',
      timeoutMs: milliseconds(zipkin.timeout) ?? 5000,
      headers: headerPairs(zipkin.headers),
    };
  }
  const { http, grpc } = opentelemetry!;
  return {
    kind: 'opentelemetry',
    collector,
    serviceName: scope.node.cluster,
    httpPath: http?.path,
    timeoutMs: milliseconds(http?.timeout ?? grpc?.timeout),
    headers: headerPairs(http?.headers ?? grpc?.initialMetadata),
  };
}

function milliseconds(written: string | undefined): number | undefined {
  return written === undefined ? undefined : parseDuration(written);
}

function maxTagLength({ zipkin, opentelemetry }: ExtensionProvider): number {
  return zipkin?.maxTagLength ?? opentelemetry?.maxTagLength ?? 0;
}

/** Tags of a Telemetry take the place of those of the mesh. */
function tagsOf(
  scope: ProxyScope,
  ofIstio: boolean,
  own: Tracing['customTags'],
  mesh: TracingSettings,
): readonly SpanTagInput[] {
  const custom = own && Object.keys(own).length > 0 ? own : mesh.customTags;
  const tags = [
    ...(ofIstio ? istioTags(scope) : []),
    ...Object.entries(custom).flatMap(([tag, from]) => tagOf(tag, from) ?? []),
  ];
  return tags.sort((a, b) => (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0));
}

function tagOf(tag: string, { literal, environment, header }: TracingTag): SpanTagInput | undefined {
  if (literal) return { tag, kind: 'literal', value: literal.value };
  const from = environment ?? header;
  const kind = environment ? 'environment' : 'header';
  return from && { tag, kind, name: from.name, default: from.defaultValue ?? '' };
}
