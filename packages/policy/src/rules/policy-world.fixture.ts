// A policy from YAML with a clock that stands still, and what it writes and logs.
import { createLogger, ManualClock, seededDice } from '@meltemi/base';
import { parseDocuments } from '@meltemi/config';

import { MetricRegistry } from '../adapters/metric-registry.ts';
import { AttributeBag } from '../attributes/attribute-bag.ts';
import { MANIFEST_0_2_2 } from '../attributes/manifest-0.2.2.ts';
import { MANIFEST_1_0_3 } from '../attributes/manifest-1.0.3.ts';
import { Vocabulary } from '../attributes/vocabulary.ts';
import type { Value } from '../values/value.ts';

import { compilePolicy, type Policy } from './compile-policy.ts';
import { policyEngine, type PolicyEngine } from './policy-engine.ts';
import { policyResources } from './policy-resource.ts';

const vocabulary = new Vocabulary({ ...MANIFEST_0_2_2, ...MANIFEST_1_0_3 });

export interface World {
  readonly policy: Policy;
  readonly engine: PolicyEngine;
  readonly clock: ManualClock;
  readonly lines: string[];
  readonly log: string[];
  readonly metrics: MetricRegistry;
}

/** Reads a policy; rules of istio-system are for all. */
export function world(yaml: string): World {
  const [clock, lines, log]: [ManualClock, string[], string[]] = [new ManualClock(1_500_000_000_000), [], []];
  const resources = policyResources(parseDocuments(yaml, 'policy.yaml').documents, 'default');
  const logger = createLogger({ level: 'warn', write: (line) => void log.push(line), now: () => 0 });
  const metrics = new MetricRegistry(clock);
  const adapters = { clock, dice: seededDice(1), logger, metrics, write: (line: string) => void lines.push(line) };
  const policy = compilePolicy(resources, vocabulary, adapters);
  return { policy, engine: policyEngine(policy, 'istio-system', logger), clock, lines, log, metrics };
}

export function bag(attributes: Readonly<Record<string, Value>>): AttributeBag {
  return AttributeBag.of(vocabulary, Object.entries(attributes));
}
