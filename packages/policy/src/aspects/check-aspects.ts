// Objects that a store is to hold → what is wrong with them beside those that it holds.
import type { Clock, Dice, Logger, Problem } from '@meltemi/base';
import type { ConfigStore, LocatedResource } from '@meltemi/config';

import { MetricRegistry } from '../adapters/metric-registry.ts';
import { MANIFEST_0_2_2 } from '../attributes/manifest-0.2.2.ts';
import { MANIFEST_1_0_3 } from '../attributes/manifest-1.0.3.ts';
import { Vocabulary } from '../attributes/vocabulary.ts';
import { compilePolicy } from '../rules/compile-policy.ts';
import { HandlerStore } from '../rules/handler-store.ts';
import { policyResource, viewManifest } from '../serve/view-resources.ts';

import { AspectStore } from './aspect-store.ts';

export interface AspectStoreWorld {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
}

/** Rules of `namespace` are for all requests. */
export function aspectStore(store: ConfigStore, namespace: string, world: AspectStoreWorld): AspectStore {
  return new AspectStore({ store, namespace, check: (resources) => checkAspects(resources, store, world) });
}

/** Handlers are opened to be checked, and closed again. */
function checkAspects(
  resources: readonly LocatedResource[],
  store: ConfigStore,
  world: AspectStoreWorld,
): readonly Problem[] {
  const manifest = viewManifest(store.view(), { ...MANIFEST_0_2_2, ...MANIFEST_1_0_3 });
  const handlers = new HandlerStore();
  const adapters = { ...world, write: () => undefined, metrics: new MetricRegistry(world.clock) };
  const { problems } = compilePolicy(resources.map(policyResource), new Vocabulary(manifest), adapters, handlers);
  handlers.close();
  return problems;
}
