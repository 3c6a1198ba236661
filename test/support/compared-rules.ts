// Makes random rules for the platform on which control planes are compared: the same for the same seed.
import * as fc from 'fast-check';
import { destinationRule } from './compared-destinations.ts';
import { gateway, serviceEntry, sidecar, workloadEntry } from './compared-entries.ts';
import { delegate, virtualService } from './compared-routing.ts';

const NAMESPACES = ['alpha', 'beta', 'gamma', 'istio-system'] as const;
/** Where each kind may stand: a gateway's rules lie beside it, as anywhere. */
const KINDS = {
  VirtualService: { spec: virtualService, most: 6 },
  Delegate: { spec: delegate, most: 2 },
  DestinationRule: { spec: destinationRule, most: 5 },
  ServiceEntry: { spec: serviceEntry, most: 4 },
  WorkloadEntry: { spec: workloadEntry, most: 2 },
  Sidecar: { spec: sidecar, most: 1 },
  Gateway: { spec: gateway, most: 2 },
} as const;

/** One object in JSON, with the time at which it was made: order decides between rules of one host. */
function object(kind: keyof typeof KINDS): fc.Arbitrary<object> {
  const { spec } = KINDS[kind];
  return fc
    .record({ namespace: fc.constantFrom(...NAMESPACES), spec: spec as fc.Arbitrary<object>, second: fc.nat(59) })
    .map(({ namespace, spec: content, second }) => ({
      apiVersion: 'networking.istio.io/v1',
      kind: kind === 'Delegate' ? 'VirtualService' : kind,
      metadata: { namespace, creationTimestamp: `2020-01-01T00:00:${String(second).padStart(2, '0')}Z` },
      spec: content,
    }));
}

/** Rules name gateways and delegates of a namespace. */
function nameOf(each: object, index: number): string {
  if (isDelegate(each)) return 'leaf';
  return (each as { readonly kind: string }).kind === 'Gateway' ? 'rule-gateway' : `rule-${index}`;
}

function isDelegate(each: object): boolean {
  const { kind, spec } = each as { readonly kind: string; readonly spec: object };
  return kind === 'VirtualService' && !('hosts' in spec);
}

/** The rules of one round, each with a name of its own. */
const rules = fc
  .tuple(
    ...(Object.keys(KINDS) as (keyof typeof KINDS)[]).map((kind) =>
      fc.array(object(kind), { maxLength: KINDS[kind].most }),
    ),
  )
  .map((all) =>
    withoutTwins(
      all.flat().map((each, index) => ({
        ...each,
        metadata: { ...(each as { readonly metadata: object }).metadata, name: nameOf(each, index) },
      })),
    ),
  );

/** One Gateway a namespace, one delegate, and one Sidecar: of several Istio takes any. A namespace declares a host once. */
function withoutTwins(all: readonly object[]): readonly object[] {
  const key = (each: object, index: number) => {
    const { kind, metadata, spec } = each as {
      readonly kind: string;
      readonly metadata: { readonly namespace: string };
      readonly spec: { readonly hosts?: readonly string[] };
    };
    if (isDelegate(each)) return `delegate ${metadata.namespace}`;
    if (kind === 'ServiceEntry') return `${kind} ${metadata.namespace} ${spec.hosts![0]}`;
    return kind === 'Gateway' || kind === 'Sidecar' ? `${kind} ${metadata.namespace}` : String(index);
  };
  return [...new Map(all.map((each, index) => [key(each, index), each])).values()];
}

/** `rounds` sets of rules. */
export function randomRules(seed: number, rounds: number): readonly (readonly object[])[] {
  return fc.sample(rules, { seed, numRuns: rounds }).map((round, index) => round.map((each) => ofRound(each, index)));
}

/** istiod remembers a WorkloadEntry whose labels changed, and who once stood behind a host: neither lives on into the next round. */
function ofRound(each: object, round: number): object {
  const { kind, metadata } = each as { readonly kind: string; readonly metadata: { readonly name: string } };
  if (kind === 'WorkloadEntry') return { ...each, metadata: { ...metadata, name: `${metadata.name}-${round}` } };
  if (kind !== 'ServiceEntry') return each;
  return JSON.parse(JSON.stringify(each).replaceAll('selected.example', `selected-${round}.example`)) as object;
}
