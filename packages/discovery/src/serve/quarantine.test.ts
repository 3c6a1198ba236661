// A receiver that refuses some resources gets all others, and keeps what it had of those.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { unpackAny } from '@meltemi/api';
import { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import fc from 'fast-check';
import { encodeFragment, type Fragment } from '../fragment.ts';
import { NO_RESOURCES, type ProxyResources } from '../resources.ts';
import { isNamed } from './named-in-error.ts';
import type { ProxyQuarantine } from './quarantines.ts';
import { Subscriber, type SubscriptionRequest } from './subscriber.ts';

type Variant = 'sotw' | 'delta';

/** Takes a response whole or not at all, as the protocol has it. Contents that begin with `bad` are refused. */
class Receiver {
  readonly held = new Map<string, string>();
  responses = 0;
  readonly subscriber: Subscriber;
  readonly #variant: Variant;
  readonly #names: boolean;
  readonly #waiting: (() => void)[] = [];

  constructor(variant: Variant, names: boolean, quarantine: ProxyQuarantine = new Map()) {
    this.#variant = variant;
    this.#names = names;
    const ignore = () => undefined;
    const events = { sent: ignore, acknowledged: ignore, rejected: ignore, converged: ignore };
    this.subscriber = new Subscriber({
      variant,
      send: ({ parts }) => this.#take(Buffer.concat(parts)),
      events,
      quarantine,
    });
    this.#request({ nonce: '', error: undefined });
  }

  /** Answers until nothing more comes. */
  settle(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) next();
  }

  #take(bytes: Uint8Array): void {
    this.responses++;
    const { nonce, entries, removed } = this.#variant === 'sotw' ? readSotw(bytes) : readDelta(bytes);
    const bad = entries.filter(([, content]) => content.startsWith('bad')).map(([name]) => name);
    this.#waiting.push(() => {
      if (bad.length === 0) {
        if (this.#variant === 'sotw') this.held.clear();
        for (const [name, content] of entries) this.held.set(name, content);
        for (const name of removed) this.held.delete(name);
      }
      const words = this.#names ? `Error adding/updating cluster(s) ${bad.join(': no, ')}: no` : 'no';
      this.#request({ nonce, error: bad.length > 0 ? words : undefined });
    });
  }

  #request(answer: Pick<SubscriptionRequest, 'nonce' | 'error'>): void {
    const change =
      this.#variant === 'sotw'
        ? ({ kind: 'names', names: [] } as const)
        : ({ kind: 'delta', subscribe: [], unsubscribe: [] } as const);
    this.subscriber.receive({ type: 'CDS', ...answer, change });
  }
}

function readSotw(bytes: Uint8Array) {
  const { nonce, resources } = fromBinary(DiscoveryResponseSchema, bytes);
  return { nonce, entries: resources.map((any) => entryOf(unpackAny(any, ClusterSchema)!)), removed: [] };
}

function readDelta(bytes: Uint8Array) {
  const { nonce, resources, removedResources } = fromBinary(DeltaDiscoveryResponseSchema, bytes);
  const entries = resources.map(({ resource }) => entryOf(unpackAny(resource, ClusterSchema)!));
  return { nonce, entries, removed: removedResources };
}

function entryOf({ name, altStatName }: { readonly name: string; readonly altStatName: string }) {
  return [name, altStatName] as const;
}

function resources(contents: ReadonlyMap<string, string>): ProxyResources {
  const fragments = [...contents].map(([name, altStatName]): [string, Fragment] => {
    const value = toBinary(ClusterSchema, create(ClusterSchema, { name, altStatName }));
    return [name, encodeFragment(ClusterSchema, name, value)];
  });
  return { ...NO_RESOURCES, CDS: new Map(fragments) };
}

const someContents = fc
  .dictionary(
    fc.integer({ min: 1, max: 12 }).map((number) => `outbound|80||${number}`),
    fc.constantFrom('1', '2', 'bad', 'bad-2'),
  )
  .map((contents) => new Map(Object.entries(contents)));

for (const variant of ['sotw', 'delta'] as const) {
  for (const names of [true, false]) {
    test(`${variant}: what is ${names ? 'named' : 'not named'} in a refusal is kept back alone, until it changes`, () => {
      fc.assert(
        fc.property(fc.array(someContents, { minLength: 1, maxLength: 5 }), (worlds) => {
          const receiver = new Receiver(variant, names);
          const [good, ever] = [new Map<string, string>(), new Map<string, string>()];
          for (const [index, contents] of worlds.entries()) {
            receiver.subscriber.update(resources(contents), index + 1);
            receiver.settle();
            for (const [name, content] of contents)
              if (!content.startsWith('bad')) for (const known of [good, ever]) known.set(name, content);
            for (const name of good.keys()) if (!contents.has(name)) good.delete(name);
            const refused = receiver.subscriber.subscriptions[0]!.quarantine.refused;
            const bad = [...contents].filter(([, content]) => content.startsWith('bad')).map(([name]) => name);
            assert.deepEqual(refused.map(({ fragment }) => fragment.name).toSorted(), bad.toSorted());
            for (const name of contents.keys()) {
              const held = receiver.held.get(name);
              // What was gone for a while may have stayed, for as long as something else of before was in use.
              if (good.has(name) || held !== undefined) assert.equal(held, good.get(name) ?? ever.get(name));
            }
            if (bad.length === 0) assert.equal(receiver.held.size, contents.size);
          }
        }),
      );
    });
  }

  test(`${variant}: one among a thousand is found in few responses`, () => {
    const receiver = new Receiver(variant, false);
    const contents = new Map(Array.from({ length: 1000 }, (_, index) => [`c${index}`, index === 617 ? 'bad' : '1']));
    receiver.subscriber.update(resources(contents), 1);
    receiver.settle();
    assert.equal(receiver.held.size, 999);
    assert.ok(receiver.responses <= 22, `${receiver.responses} responses`);
  });

  test(`${variant}: a proxy that comes again keeps what it had of what it refused`, () => {
    const quarantine: ProxyQuarantine = new Map();
    const first = new Receiver(variant, true, quarantine);
    first.subscriber.update(
      resources(
        new Map([
          ['a', '1'],
          ['b', '1'],
        ]),
      ),
      1,
    );
    first.settle();
    first.subscriber.update(
      resources(
        new Map([
          ['a', 'bad'],
          ['b', '2'],
        ]),
      ),
      2,
    );
    first.settle();
    const again = new Receiver(variant, true, quarantine);
    again.subscriber.update(
      resources(
        new Map([
          ['a', 'bad'],
          ['b', '2'],
        ]),
      ),
      2,
    );
    again.settle();
    const expected = new Map([
      ['a', '1'],
      ['b', '2'],
    ]);
    assert.deepEqual(again.held, expected);
    assert.equal(again.responses, 1);
  });

  test(`${variant}: who refuses everything is not asked about each`, () => {
    const receiver = new Receiver(variant, false);
    const contents = new Map(Array.from({ length: 1000 }, (_, index) => [`c${index}`, 'bad']));
    receiver.subscriber.update(resources(contents), 1);
    receiver.settle();
    assert.ok(receiver.responses < 200, `${receiver.responses} responses`);
    receiver.subscriber.update(resources(new Map([['c1', '1']])), 2);
    receiver.settle();
    assert.deepEqual(receiver.held, new Map([['c1', '1']]));
  });
}

test('a resource is named by its whole name', () => {
  const envoy = 'Error adding/updating listener(s) 0.0.0.0_80: no; virtualInbound: bad\n';
  for (const name of ['0.0.0.0_80', 'virtualInbound']) assert.ok(isNamed(name, envoy), name);
  for (const name of ['0.0.0.0_8', '0.0.0_80', 'Inbound', 'virtual', '']) assert.ok(!isNamed(name, envoy), name);
  assert.ok(isNamed('outbound|80||b', 'cluster outbound|80||b.'));
  assert.ok(!isNamed('outbound|80||b', 'cluster outbound|80||b.demo'));
  assert.ok(!isNamed('80', 'Duplicate entry of 80 domains in 8080'));
  assert.ok(isNamed('80', "route configuration '80' is wrong") && isNamed('80', 'RDS: 80: wrong'));
});
