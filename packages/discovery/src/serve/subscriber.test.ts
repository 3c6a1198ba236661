// Scripted streams of both variants, request by request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { xdsTypeOf } from '@meltemi/api';
import { encodeFragment, type Fragment } from '../fragment.ts';
import { NO_RESOURCES, type ProxyResources, type ServedType } from '../resources.ts';
import { Subscriber } from './subscriber.ts';

/** A response as `CDS#1 a=1 b=1 -c`: type, nonce, resources with their content, removals. */
interface Stream {
  readonly subscriber: Subscriber;
  readonly log: string[];
  /** What came since it was last asked. */
  news(): string[];
  ask(type: ServedType, names: readonly string[], nonce?: string, error?: string): void;
  delta(
    type: ServedType,
    change: {
      subscribe?: string[];
      unsubscribe?: string[];
      nonce?: string;
      error?: string;
      initial?: Record<string, string>;
    },
  ): void;
}

const contents = new Map<string, string>();

function fragment(name: string, content: string, uses: readonly string[] = []): Fragment {
  const made = encodeFragment(
    ClusterSchema,
    name,
    toBinary(ClusterSchema, create(ClusterSchema, { name, altStatName: content })),
    uses,
  );
  contents.set(made.version, content);
  return made;
}

/** `{CDS: 'a=1 b=2'}`; clusters and listeners use what has their name. */
function resources(text: Partial<Record<ServedType, string>>): ProxyResources {
  const parts = Object.entries(text).map(([type, list]) => {
    const words = list.split(' ').filter((word) => word !== '');
    return [
      type,
      new Map(
        words.map((word) => {
          const [name, content] = word.split('=') as [string, string];
          return [name, fragment(name, content, type === 'CDS' || type === 'LDS' ? [name] : [])];
        }),
      ),
    ];
  });
  return { ...NO_RESOURCES, ...Object.fromEntries(parts) };
}

function open(variant: 'sotw' | 'delta'): Stream {
  const log: string[] = [];
  let read = 0;
  const subscriber = new Subscriber({
    variant,
    quarantine: new Map(),
    send: ({ parts }) => log.push((variant === 'sotw' ? showSotw : showDelta)(Buffer.concat(parts))),
    events: {
      sent: () => {},
      acknowledged: () => {},
      rejected: (type, nonce, error) => log.push(`rejected ${type}#${nonce} ${error}`),
      converged: (version) => log.push(`converged ${version}`),
    },
  });
  return {
    subscriber,
    log,
    news: () => log.slice(read, (read = log.length)),
    ask: (type, names, nonce = '', error) =>
      subscriber.receive({ type, nonce, error, change: { kind: 'names', names } }),
    delta: (type, { subscribe = [], unsubscribe = [], nonce = '', error, initial = {} }) =>
      subscriber.receive({
        type,
        nonce,
        error,
        change: { kind: 'delta', subscribe, unsubscribe },
        initialVersions: initial,
      }),
  };
}

function showSotw(bytes: Uint8Array): string {
  const { typeUrl, nonce, resources: list } = fromBinary(DiscoveryResponseSchema, bytes);
  const clusters = list.map(({ value }) => fromBinary(ClusterSchema, value));
  return [`${xdsTypeOf(typeUrl)}#${nonce}`, ...clusters.map(({ name, altStatName }) => `${name}=${altStatName}`)].join(
    ' ',
  );
}

function showDelta(bytes: Uint8Array): string {
  const { typeUrl, nonce, resources: list, removedResources } = fromBinary(DeltaDiscoveryResponseSchema, bytes);
  const shown = list.map(({ name, version }) => `${name}=${contents.get(version)}`);
  return [`${xdsTypeOf(typeUrl)}#${nonce}`, ...shown, ...removedResources.map((name) => `-${name}`)].join(' ');
}

for (const variant of ['sotw', 'delta'] as const) {
  const subscribe = (stream: Stream, type: ServedType, names: readonly string[]) =>
    variant === 'sotw' ? stream.ask(type, names) : stream.delta(type, { subscribe: [...names] });
  const ack = (stream: Stream, type: ServedType, nonce: string, names: readonly string[] = [], error?: string) =>
    variant === 'sotw'
      ? stream.ask(type, names, nonce, error)
      : stream.delta(type, { nonce, ...(error !== undefined && { error }) });

  test(`${variant}: nothing is sent before there are resources`, () => {
    const stream = open(variant);
    subscribe(stream, 'CDS', []);
    assert.deepEqual(stream.news(), []);
    stream.subscriber.update(resources({ CDS: 'a=1' }), 1);
    assert.deepEqual(stream.news(), ['CDS#1 a=1']);
  });

  test(`${variant}: what did not change is not sent`, () => {
    const stream = open(variant);
    stream.subscriber.update(resources({ CDS: 'a=1', EDS: 'a=1' }), 1);
    subscribe(stream, 'CDS', []);
    ack(stream, 'CDS', '1');
    stream.subscriber.update(resources({ CDS: 'a=1', EDS: 'a=2' }), 2);
    assert.deepEqual(stream.news(), ['CDS#1 a=1', 'converged 1', 'converged 2']);
  });

  test(`${variant}: one response of a type is under way, and changes merge behind it`, () => {
    const stream = open(variant);
    stream.subscriber.update(resources({ EDS: 'a=1' }), 1);
    subscribe(stream, 'EDS', ['a']);
    for (const version of [2, 3, 4]) stream.subscriber.update(resources({ EDS: `a=${version}` }), version);
    assert.deepEqual(stream.news(), ['EDS#1 a=1']);
    ack(stream, 'EDS', '1', ['a']);
    assert.deepEqual(stream.news(), ['EDS#2 a=4']);
  });

  test(`${variant}: a later type waits for an earlier one that has more to send`, () => {
    const stream = open(variant);
    stream.subscriber.update(resources({ CDS: 'a=1', RDS: 'r=1' }), 1);
    subscribe(stream, 'CDS', []);
    subscribe(stream, 'RDS', ['r']);
    ack(stream, 'RDS', '2', ['r']);
    stream.news();
    stream.subscriber.update(resources({ CDS: 'a=1 b=1', RDS: 'r=b' }), 2);
    assert.deepEqual(stream.news(), []);
    ack(stream, 'CDS', '1');
    assert.deepEqual(stream.news(), [variant === 'sotw' ? 'CDS#3 a=1 b=1' : 'CDS#3 b=1', 'RDS#4 r=b']);
  });

  test(`${variant}: routes wait until the endpoints of a new cluster were asked for`, () => {
    const stream = open(variant);
    stream.subscriber.update(resources({ CDS: 'a=1', EDS: 'a=1', RDS: 'r=a' }), 1);
    subscribe(stream, 'CDS', []);
    ack(stream, 'CDS', '1');
    subscribe(stream, 'EDS', ['a']);
    ack(stream, 'EDS', '2', ['a']);
    subscribe(stream, 'RDS', ['r']);
    ack(stream, 'RDS', '3', ['r']);
    stream.news();
    stream.subscriber.update(resources({ CDS: 'a=1 b=1', EDS: 'a=1 b=1', RDS: 'r=b' }), 2);
    ack(stream, 'CDS', '4');
    assert.deepEqual(stream.news(), [variant === 'sotw' ? 'CDS#4 a=1 b=1' : 'CDS#4 b=1']);
    if (variant === 'sotw') stream.ask('EDS', ['a', 'b'], '2');
    else stream.delta('EDS', { subscribe: ['b'] });
    assert.deepEqual(stream.news(), ['EDS#5 b=1', 'RDS#6 r=b']);
  });

  test(`${variant}: nobody waits for the endpoints of a cluster that was refused`, () => {
    const stream = open(variant);
    stream.subscriber.update(resources({ CDS: 'a=1', EDS: 'a=1', RDS: 'r=a' }), 1);
    subscribe(stream, 'CDS', []);
    ack(stream, 'CDS', '1');
    subscribe(stream, 'EDS', ['a']);
    ack(stream, 'EDS', '2', ['a']);
    subscribe(stream, 'RDS', ['r']);
    ack(stream, 'RDS', '3', ['r']);
    stream.news();
    stream.subscriber.update(resources({ CDS: 'a=1 b=1', EDS: 'a=1 b=1', RDS: 'r=c' }), 2);
    ack(stream, 'CDS', '4', [], 'not this one');
    assert.deepEqual(stream.news().slice(1), ['rejected CDS#4 not this one', 'RDS#5 r=c']);
  });

  test(`${variant}: a cluster goes only when the routes that named it have been taken`, () => {
    const stream = open(variant);
    stream.subscriber.update(resources({ CDS: 'old=1', RDS: 'r=old' }), 1);
    subscribe(stream, 'CDS', []);
    ack(stream, 'CDS', '1');
    subscribe(stream, 'RDS', ['r']);
    ack(stream, 'RDS', '2', ['r']);
    stream.news();
    stream.subscriber.update(resources({ CDS: 'new=1', RDS: 'r=new' }), 2);
    assert.deepEqual(stream.news(), [variant === 'sotw' ? 'CDS#3 new=1 old=1' : 'CDS#3 new=1', 'RDS#4 r=new']);
    ack(stream, 'CDS', '3');
    assert.deepEqual(stream.news(), []);
    ack(stream, 'RDS', '4', ['r']);
    assert.deepEqual(stream.news(), [variant === 'sotw' ? 'CDS#5 new=1' : 'CDS#5 -old']);
    ack(stream, 'CDS', '5');
    assert.deepEqual(stream.news(), ['converged 2']);
  });

  test(`${variant}: what was refused is not sent again until it changes, and what it replaced stays`, () => {
    const stream = open(variant);
    stream.subscriber.update(resources({ CDS: 'a=1', RDS: 'r=a' }), 1);
    subscribe(stream, 'CDS', []);
    ack(stream, 'CDS', '1');
    subscribe(stream, 'RDS', ['r']);
    ack(stream, 'RDS', '2', ['r']);
    stream.subscriber.update(resources({ CDS: 'b=1', RDS: 'r=bad' }), 2);
    ack(stream, 'CDS', '3');
    stream.news();
    ack(stream, 'RDS', '4', ['r'], 'no such thing');
    assert.deepEqual(stream.news(), ['rejected RDS#4 no such thing']);
    stream.subscriber.update(resources({ CDS: 'b=1', RDS: 'r=bad' }), 3);
    assert.deepEqual(stream.news(), [], 'neither the bad routes again, nor the removal of a');
    stream.subscriber.update(resources({ CDS: 'b=1', RDS: 'r=b' }), 4);
    ack(stream, 'RDS', '5', ['r']);
    assert.deepEqual(stream.news(), ['RDS#5 r=b', variant === 'sotw' ? 'CDS#6 b=1' : 'CDS#6 -a']);
  });

  test(`${variant}: an answer to an older response is ignored`, () => {
    const stream = open(variant);
    stream.subscriber.update(resources({ EDS: 'a=1' }), 1);
    subscribe(stream, 'EDS', ['a']);
    ack(stream, 'EDS', '1', ['a']);
    stream.subscriber.update(resources({ EDS: 'a=2' }), 2);
    stream.subscriber.update(resources({ EDS: 'a=3' }), 3);
    stream.news();
    ack(stream, 'EDS', '1', ['a'], 'late');
    ack(stream, 'EDS', '1', ['a']);
    assert.deepEqual(stream.news(), []);
    ack(stream, 'EDS', '2', ['a']);
    assert.deepEqual(stream.news(), ['EDS#3 a=3']);
  });

  test(`${variant}: endpoints follow a changed cluster though they did not change`, () => {
    const stream = open(variant);
    stream.subscriber.update(resources({ CDS: 'a=1 b=1', EDS: 'a=1 b=1' }), 1);
    subscribe(stream, 'CDS', []);
    ack(stream, 'CDS', '1');
    subscribe(stream, 'EDS', ['a', 'b']);
    ack(stream, 'EDS', '2', ['a', 'b']);
    stream.news();
    stream.subscriber.update(resources({ CDS: 'a=2 b=1', EDS: 'a=1 b=1' }), 2);
    assert.deepEqual(stream.news(), [variant === 'sotw' ? 'CDS#3 a=2 b=1' : 'CDS#3 a=2', 'EDS#4 a=1']);
  });

  test(`${variant}: a name that is not there yet is sent when it appears`, () => {
    const stream = open(variant);
    stream.subscriber.update(resources({ CDS: 'x=1' }), 1);
    subscribe(stream, 'RDS', ['r']);
    if (variant === 'delta') {
      assert.deepEqual(stream.news(), ['RDS#1 -r']);
      ack(stream, 'RDS', '1');
    }
    stream.news();
    stream.subscriber.update(resources({ RDS: 'r=1' }), 2);
    assert.deepEqual(stream.news(), [variant === 'sotw' ? 'RDS#1 r=1' : 'RDS#2 r=1']);
  });

  test(`${variant}: a listener that is gone goes at once`, () => {
    const stream = open(variant);
    stream.subscriber.update(resources({ LDS: 'a=1 b=1' }), 1);
    subscribe(stream, 'LDS', []);
    ack(stream, 'LDS', '1');
    stream.news();
    stream.subscriber.update(resources({ LDS: 'b=1' }), 2);
    assert.deepEqual(stream.news(), [variant === 'sotw' ? 'LDS#2 b=1' : 'LDS#2 -a']);
  });

  test(`${variant}: a wildcard is answered even when there is nothing`, () => {
    const stream = open(variant);
    stream.subscriber.update(resources({}), 1);
    subscribe(stream, 'LDS', []);
    assert.deepEqual(stream.news(), ['LDS#1']);
  });
}

test('sotw: an empty list after names unsubscribes from all; as the first it asks for all', () => {
  const stream = open('sotw');
  stream.subscriber.update(resources({ CDS: 'a=1 b=1' }), 1);
  stream.ask('CDS', ['a']);
  assert.deepEqual(stream.news(), ['CDS#1 a=1']);
  stream.ask('CDS', [], '1');
  stream.news();
  stream.subscriber.update(resources({ CDS: 'a=2 b=2' }), 2);
  assert.deepEqual(stream.news(), ['converged 2']);
  stream.ask('CDS', ['*'], '1');
  assert.deepEqual(stream.news(), ['CDS#2 a=2 b=2']);
});

test('sotw: an added name brings only its resource', () => {
  const stream = open('sotw');
  stream.subscriber.update(resources({ EDS: 'a=1 b=1' }), 1);
  stream.ask('EDS', ['a']);
  stream.ask('EDS', ['a', 'b'], '1');
  assert.deepEqual(stream.news(), ['EDS#1 a=1', 'EDS#2 b=1']);
});

test('delta: what an earlier stream brought is not sent again, and what is gone since is removed', () => {
  const stream = open('delta');
  const now = resources({ CDS: 'a=1 b=1' });
  stream.subscriber.update(now, 7);
  const held = { a: now.CDS.get('a')!.version, b: 'older', c: 'gone' };
  stream.delta('CDS', { subscribe: ['*'], initial: held });
  assert.deepEqual(stream.news(), ['CDS#1 b=1']);
  stream.delta('CDS', { nonce: '1' });
  assert.deepEqual(stream.news(), ['CDS#2 -c']);
});

test('delta: a name that is subscribed to again is sent again', () => {
  const stream = open('delta');
  stream.subscriber.update(resources({ EDS: 'a=1' }), 1);
  stream.delta('EDS', { subscribe: ['a'] });
  stream.delta('EDS', { nonce: '1' });
  stream.news();
  stream.delta('EDS', { subscribe: ['a'] });
  assert.deepEqual(stream.news(), ['EDS#2 a=1']);
});

test('delta: what is unsubscribed is not sent', () => {
  const stream = open('delta');
  stream.subscriber.update(resources({ EDS: 'a=1 b=1' }), 1);
  stream.delta('EDS', { subscribe: ['a', 'b'] });
  stream.delta('EDS', { nonce: '1', unsubscribe: ['a'] });
  stream.news();
  stream.subscriber.update(resources({ EDS: 'a=2 b=2' }), 2);
  assert.deepEqual(stream.news(), ['EDS#2 b=2']);
});
