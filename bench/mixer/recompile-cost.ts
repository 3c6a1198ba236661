// One rule of a thousand changes, beside compiling all of them: ms until the new policy holds.
import assert from 'node:assert/strict';
import { createLogger, seededDice, systemClock } from '@meltemi/base';
import { buildView, type ConfigView, decodeResource, type LocatedResource, parseDocuments } from '@meltemi/config';
import { MANIFEST_1_0_3, MetricRegistry, PolicyStore } from '@meltemi/policy';
import { type Figure, figure } from './figure.ts';

const RULES = 1000;

function resource(text: string): LocatedResource {
  return decodeResource(parseDocuments(text, 'bench.yaml').documents[0]!).resource!;
}

function rule(index: number, version: number): LocatedResource {
  return resource(`apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: rule-${index}, namespace: istio-system}
spec:
  match: destination.service == "s${index}.default.svc.cluster.local" && source.labels["version"] == "v${version}" && request.path.startsWith("/api/${index}")
  actions: [{handler: no.denier, instances: [all.checknothing]}]
`);
}

const SHARED = [
  'apiVersion: config.istio.io/v1alpha2\nkind: denier\nmetadata: {name: no, namespace: istio-system}\nspec: {}\n',
  'apiVersion: config.istio.io/v1alpha2\nkind: checknothing\nmetadata: {name: all, namespace: istio-system}\nspec: {}\n',
].map(resource);

const clock = systemClock();
const logger = createLogger({ level: 'none', write: () => undefined, now: () => 0 });
const world = { clock, dice: seededDice(1), logger, metrics: new MetricRegistry(clock), write: () => undefined };

function storeOf(view: ConfigView): PolicyStore {
  return new PolicyStore({ world, configNamespace: 'istio-system', manifest: MANIFEST_1_0_3, logger }, view);
}

export function recompileCost(rounds: number): Figure {
  const rules = Array.from({ length: RULES }, (_, index) => rule(index, 1));
  const store = storeOf(buildView([...SHARED, ...rules], []));
  const [ours, beside]: [number[], number[]] = [[], []];
  for (let round = -3; round < rounds; round++) {
    rules[Math.abs(round * 37) % RULES] = rule(Math.abs(round * 37) % RULES, round + 10);
    const view = buildView([...SHARED, ...rules], []);
    const [changed, all] = [timed(() => store.update(view)), timed(() => storeOf(view).close())];
    assert.deepEqual([store.current.counts.rules, store.current.problems.length], [RULES, 0]);
    if (round < 0) continue;
    ours.push(changed);
    beside.push(all);
  }
  store.close();
  return figure({ name: 'one rule of 1,000 changed, to all compiled', unit: 'ms', bar: 0.1, aim: 0.02 }, ours, beside);
}

function timed(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}
