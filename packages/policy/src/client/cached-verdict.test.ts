// Whatever the policy and the requests: an answer from the cache is the answer that Mixer would give.
import assert from 'node:assert/strict';
import test from 'node:test';

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { CheckRequestSchema, CheckResponseSchema } from '@meltemi/api/istio/mixer/v1/mixer_pb';
import { ManualClock, seededDice, silentLogger } from '@meltemi/base';
import fc from 'fast-check';

import { MetricRegistry } from '../adapters/metric-registry.ts';
import { AttributeBag } from '../attributes/attribute-bag.ts';
import { Vocabulary } from '../attributes/vocabulary.ts';
import { compileExpression } from '../expr/compile.ts';
import { printExpression } from '../expr/print.ts';
import { attributes, expression, MANIFEST } from '../expr/random-expression.fixture.ts';
import { compilePolicy } from '../rules/compile-policy.ts';
import { policyEngine, type PolicyEngine } from '../rules/policy-engine.ts';
import type { PolicyResource } from '../rules/policy-resource.ts';
import { check } from '../serve/mixer-service.ts';

import { MixerClient } from './mixer-client.ts';
import type { MixerTransport } from './mixer-transport.ts';

const vocabulary = new Vocabulary({ ...MANIFEST, 'destination.service': 'STRING' });
const clock = new ManualClock();
const source = { file: 'policy.yaml', line: 1, column: 1 };

const texts = fc.array(expression.map(printExpression), { minLength: 1, maxLength: 4 });
const namespace = fc.constantFrom('istio-system', 'shop');
const service = fc.constantFrom(undefined, 'a.shop.svc', 'a.other.svc');
const request = fc.tuple(attributes, service).map(([some, host]) => {
  return AttributeBag.of(vocabulary, host === undefined ? some : [...some, ['destination.service', host] as const]);
});

test('a verdict from the cache is the one that Mixer gives', async () => {
  let [hits, refusals] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      texts,
      namespace,
      fc.array(request, { minLength: 2, maxLength: 12 }),
      async (rules, where, bags) => {
        const engine = engineOf(rules.flatMap((text, index) => resources(text, index, where)));
        const { client, asked } = clientOf(engine);
        for (const bag of [...bags, ...bags]) {
          const before = asked();
          const verdict = await client.check(bag);
          assert.deepEqual(verdict, engine.check(bag).status);
          if (asked() === before) hits++;
          if (verdict.code !== 0) refusals++;
        }
        await client.close();
      },
    ),
    { numRuns: 150 },
  );
  assert.ok(hits > 200 && refusals > 100, `only ${hits} hits and ${refusals} refusals were seen`);
});

/** A condition decides whether a denier is asked; any other value is looked up in a list. */
function resources(text: string, index: number, namespaceOf: string): readonly PolicyResource[] {
  const condition = compileExpression(text, vocabulary).type === 'BOOL';
  const make = (kind: string, name: string, spec: PolicyResource['spec']): PolicyResource => ({
    kind,
    name,
    spec,
    namespace: namespaceOf,
    source,
    locate: () => source,
  });
  const adapter = condition ? 'denier' : 'listchecker';
  const template = condition ? 'checknothing' : 'listentry';
  return [
    make(
      adapter,
      `handler${index}`,
      condition ? { status: { code: 7, message: text } } : { overrides: ['a', '1', ''] },
    ),
    make(template, `instance${index}`, condition ? {} : { value: text }),
    make('rule', `rule${index}`, {
      match: condition ? text : '',
      actions: [{ handler: `handler${index}.${adapter}`, instances: [`instance${index}.${template}`] }],
    }),
  ];
}

function engineOf(all: readonly PolicyResource[]): PolicyEngine {
  const adapters = {
    clock,
    dice: seededDice(1),
    logger: silentLogger,
    metrics: new MetricRegistry(clock),
    write: () => undefined,
  };
  const policy = compilePolicy(all, vocabulary, adapters);
  assert.deepEqual(policy.problems, []);
  return policyEngine(policy, 'istio-system', silentLogger);
}

function clientOf(engine: PolicyEngine): { readonly client: MixerClient; readonly asked: () => number } {
  let asked = 0;
  const policy = { vocabulary, engine, problems: [], counts: { attributes: 0, resources: 0, rules: 0 } };
  const transport: MixerTransport = {
    check: async (message) => {
      asked++;
      const received = fromBinary(CheckRequestSchema, toBinary(CheckRequestSchema, message));
      return fromBinary(CheckResponseSchema, toBinary(CheckResponseSchema, await check(policy, received)));
    },
    report: () => Promise.reject(new Error('nothing is reported here')),
    close: () => undefined,
  };
  const client = new MixerClient({ transport, clock, name: 'test', failOpen: false, lostReports: () => undefined });
  return { client, asked: () => asked };
}
