// The rules that a sidecar was sent → what they say to its requests, in its own process.
import type { Policy as PolicyMessage } from '@meltemi/api/meltemi/mixer/v1/mixer_filter_pb';
import type { Clock, Dice, Logger } from '@meltemi/base';

import type { Status } from '../adapters/adapter.ts';
import { MetricRegistry } from '../adapters/metric-registry.ts';
import type { AttributeBag } from '../attributes/attribute-bag.ts';
import { Vocabulary } from '../attributes/vocabulary.ts';
import { compilePolicy } from '../rules/compile-policy.ts';
import { HandlerStore } from '../rules/handler-store.ts';
import { type GoodResources, lastGoodPolicy } from '../rules/last-good.ts';
import { policyEngine } from '../rules/policy-engine.ts';
import type { PolicyResource } from '../rules/policy-resource.ts';
import { isValueType } from '../values/value-type.ts';

export interface SidecarWorld {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
}

export interface SidecarPolicy {
  readonly vocabulary: Vocabulary;
  check(attributes: AttributeBag): Status;
  /** Ends what its handlers began. */
  close(): void;
}

/** Opens one policy after the other; resources that are bad in the next are served as they were good in the last. */
export class SidecarPolicies {
  #good: GoodResources = new Map();

  /** `otherwise`: the attributes where none are declared. */
  open(message: PolicyMessage, otherwise: Vocabulary, { clock, dice, logger }: SidecarWorld): SidecarPolicy {
    const vocabulary = declared(message) ?? otherwise;
    const handlers = new HandlerStore();
    // Only checks are asked of it: nothing is written or counted.
    const world = { clock, dice, logger, write: () => undefined, metrics: new MetricRegistry(clock) };
    const { policy, good } = lastGoodPolicy(message.resources.map(resourceOf), this.#good, (resources) =>
      compilePolicy(resources, vocabulary, world, handlers),
    );
    handlers.closeUnused();
    this.#good = good;
    const engine = policyEngine(policy, message.configNamespace, logger);
    const check = (attributes: AttributeBag) => engine.check(attributes).status;
    return { vocabulary, check, close: () => handlers.close() };
  }
}

function declared({ manifest }: PolicyMessage): Vocabulary | undefined {
  const entries = Object.entries(manifest).flatMap(([name, type]) =>
    isValueType(type) ? [[name, type] as const] : [],
  );
  return entries.length === 0 ? undefined : new Vocabulary(Object.fromEntries(entries));
}

/** Where it was written, Mixer knows and says. */
function resourceOf({ kind, namespace, name, spec }: PolicyMessage['resources'][number]): PolicyResource {
  const source = { file: 'the control plane', line: 1, column: 1 };
  return { kind, namespace, name, spec: spec ?? {}, source, locate: () => source };
}
