// The RateLimitPolicies that hold for a proxy → what its listeners count, and where.
import { limitId } from '@meltemi/api';
import { parseDuration } from '@meltemi/base';
import type { LocatedResource, RateLimitPolicy, RequestLimit } from '@meltemi/config';
import type { ProxyScope } from '../scope.ts';
import type { Snapshot } from '../snapshot.ts';
import type { ListenerInput } from './listener-input.ts';
import { policiesOf } from './policy-target.ts';
import type { LimitInput, RateLimitInput } from './rate-limit-input.ts';

/** Requests are counted where they come to: at the sidecar of who serves them, and at gateways. */
export function limitedListeners(
  listeners: readonly ListenerInput[],
  scope: ProxyScope,
  snapshot: Snapshot,
  cluster: string,
): readonly ListenerInput[] {
  const rateLimits = rateLimitInput(scope, snapshot, cluster);
  if (!rateLimits) return listeners;
  return listeners.map((listener) => (listener.direction === 'outbound' ? listener : { ...listener, rateLimits }));
}

/** True where the proxy asks the rate limit service. */
export function asksLimits(scope: ProxyScope, snapshot: Snapshot): boolean {
  return rateLimitInput(scope, snapshot, '')?.cluster !== undefined;
}

function rateLimitInput(scope: ProxyScope, { config, mesh }: Snapshot, cluster: string): RateLimitInput | undefined {
  const { node, labels } = scope;
  const all = node.proxyless ? [] : config.objects('RateLimitPolicy');
  const workload = { namespace: node.namespace, labels, rootNamespace: mesh.rootNamespace };
  const policies = policiesOf(all, workload);
  const served = policies.flatMap(limitInputs).filter(({ global }) => !global || mesh.mixer !== undefined);
  if (served.length === 0) return undefined;
  const isGlobal = served.some(({ global }) => global);
  return {
    limits: served,
    cluster: isGlobal ? cluster : undefined,
    failClosed: policies.some(({ spec }) => spec.failClosed === true),
  };
}

function limitInputs({ metadata, spec }: LocatedResource<RateLimitPolicy>): readonly LimitInput[] {
  return spec.limits.map((limit) => ({
    id: limitId(metadata.namespace, metadata.name, limit.name),
    match: limit.match,
    by: limit.by ?? [],
    requests: limit.requests,
    lengthMs: parseDuration(limit.per)!,
    global: isGlobal(limit),
  }));
}

export function isGlobal({ scope = 'GLOBAL' }: RequestLimit): boolean {
  return scope === 'GLOBAL';
}
