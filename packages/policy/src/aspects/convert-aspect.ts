// An aspect of Istio 0.1 with its adapter → a handler and instances in the form of 0.2.
import type { Fields, SpecReader } from '../adapters/spec-reader.ts';

import type { AspectAdapter, AspectKind } from './aspect-adapters.ts';

export interface ConvertedAspect {
  readonly handler: { readonly kind: string; readonly spec: Fields };
  readonly instances: readonly ConvertedInstance[];
}

export interface ConvertedInstance {
  readonly kind: string;
  /** What its name begins with; empty: nothing of its own. */
  readonly name: string;
  readonly spec: Fields;
}

/** `base`: what names of the handler's quotas are known by, after the quota's own. */
type Convert = (params: SpecReader, adapter: AspectAdapter, qualified: (quota: string) => string) => ConvertedAspect;

export const CONVERSIONS: Readonly<Record<AspectKind, Convert>> = {
  denials: convertDenials,
  lists: convertLists,
  quotas: convertQuotas,
  'access-logs': convertAccessLogs,
  'application-logs': convertApplicationLogs,
};

function convertDenials(params: SpecReader, adapter: AspectAdapter): ConvertedAspect {
  params.only([]);
  const error = adapter.params['error'];
  const handler = { kind: 'denier', spec: error === undefined ? {} : { status: error } };
  return { handler: orNoop(adapter, handler), instances: [{ kind: 'checknothing', name: '', spec: {} }] };
}

function convertLists(params: SpecReader, adapter: AspectAdapter): ConvertedAspect {
  params.only(['blacklist', 'checkExpression']);
  if (!params.has('checkExpression')) params.refuse('checkExpression', 'is required');
  const { listEntries, providerUrl, refreshInterval, ttl } = adapter.params;
  const spec = {
    overrides: listEntries ?? [],
    ...(providerUrl !== undefined && { providerUrl }),
    ...(refreshInterval !== undefined && { refreshInterval }),
    ...(ttl !== undefined && { ttl }),
    ...(adapter.impl === 'ipListChecker' && { entryType: 'IP_ADDRESSES' }),
    blacklist: params.flag('blacklist'),
  };
  const instance = { kind: 'listentry', name: '', spec: { value: params.text('checkExpression') } };
  return { handler: orNoop(adapter, { kind: 'listchecker', spec }), instances: [instance] };
}

/** `RequestCount` is `requestcount`, as sidecars ask for it. */
function convertQuotas(
  params: SpecReader,
  adapter: AspectAdapter,
  qualified: (quota: string) => string,
): ConvertedAspect {
  params.only(['quotas']);
  const quotas = params.objects('quotas').map((quota) => {
    quota.only(['descriptorName', 'labels', 'maxAmount', 'expiration']);
    if (!quota.has('descriptorName')) quota.refuse('descriptorName', 'is required');
    const name = quota.text('descriptorName').toLowerCase();
    const limit = { maxAmount: quota.integer('maxAmount', 0), validDuration: quota.text('expiration', '0s') };
    return { name, limit, dimensions: quota.fields('labels') };
  });
  const redis = adapter.impl === 'redisQuota';
  const handler = {
    kind: redis ? 'redisquota' : 'memquota',
    spec: {
      ...(redis && { redisServerUrl: adapter.params['redisServerUrl'] ?? '' }),
      quotas: quotas.map(({ name, limit }) => ({ name: qualified(name), ...limit })),
    },
  };
  const instances = quotas.map(({ name, dimensions }) => ({ kind: 'quota', name, spec: { dimensions } }));
  return { handler: orNoop(adapter, handler), instances };
}

function convertAccessLogs(params: SpecReader, adapter: AspectAdapter): ConvertedAspect {
  params.only(['logName', 'log']);
  return logged(adapter, [params.object('log')]);
}

function convertApplicationLogs(params: SpecReader, adapter: AspectAdapter): ConvertedAspect {
  params.only(['logName', 'logs']);
  return logged(adapter, params.objects('logs'));
}

/** Texts that a template makes are variables by their names; the template itself is its descriptor's. */
function logged(adapter: AspectAdapter, logs: readonly SpecReader[]): ConvertedAspect {
  const instances = logs.map((log) => {
    log.only(['descriptorName', 'severity', 'timestamp', 'labels', 'templateExpressions']);
    const variables = { ...log.fields('templateExpressions'), ...log.fields('labels') };
    const spec = {
      severity: log.text('severity', '"Default"'),
      timestamp: log.text('timestamp', 'request.time'),
      variables,
    };
    return { kind: 'logentry', name: '', spec };
  });
  return { handler: orNoop(adapter, { kind: 'stdio', spec: { outputAsJson: true } }), instances };
}

function orNoop({ impl }: AspectAdapter, handler: ConvertedAspect['handler']): ConvertedAspect['handler'] {
  return impl === 'noop' ? { kind: 'noop', spec: {} } : handler;
}
