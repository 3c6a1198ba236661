// The check of values against protobuf's own reader.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { extensionRegistry } from '@meltemi/api';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import fc from 'fast-check';
import { protobufFindings } from './protobuf-value.ts';

const registry = extensionRegistry();
const TYPE = 'type.googleapis.com/envoy.extensions.filters';

const LISTENER: JsonObject = {
  name: 'a',
  address: { socket_address: { address: '127.0.0.1', portValue: 80 } },
  per_connection_buffer_limit_bytes: 1024,
  listener_filters_timeout: '1.5s',
  metadata: { filter_metadata: { istio: { any: ['thing', 1, null] } } },
  filter_chains: [
    {
      filter_chain_match: { destination_port: 80, server_names: ['a.example'] },
      filters: [
        {
          name: 'lua',
          typed_config: {
            '@type': `${TYPE}.http.lua.v3.Lua`,
            source_codes: { hello: { inline_string: 'return 1' } },
          },
        },
        { name: 'other', typed_config: { '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct', value: { a: 1 } } },
      ],
    },
  ],
};

function findings(change: (listener: JsonObject) => void): unknown[] {
  const listener = structuredClone(LISTENER);
  change(listener);
  return protobufFindings(ListenerSchema, listener, registry).map(({ path, message, hint }) =>
    [path.join('.'), message, ...(hint ? [hint] : [])].join(' | '),
  );
}

function filter(listener: JsonObject): JsonObject {
  const [chain] = listener['filter_chains'] as JsonObject[];
  return (chain!['filters'] as JsonObject[])[0]!;
}

test('says what of a value a message does not take, and where', () => {
  assert.deepEqual(
    findings(() => undefined),
    [],
  );
  assert.deepEqual(
    findings((listener) => (listener['filter_chain'] = [])),
    ['filter_chain | envoy.config.listener.v3.Listener has no field "filter_chain" | did you mean "filter_chains"?'],
  );
  assert.deepEqual(
    findings((listener) => (listener['name'] = 1)),
    ['name | envoy.config.listener.v3.Listener.name: expected string, got 1'],
  );
  assert.match(
    String(findings((listener) => (listener['listener_filters_timeout'] = 'soon'))),
    /^listener_filters_timeout \| google\.protobuf\.Duration/,
  );
  assert.deepEqual(
    findings((listener) => ((filter(listener)['typed_config'] as JsonObject)['inline_cod'] = 'x')),
    [
      'filter_chains.0.filters.0.typed_config.inline_cod | envoy.extensions.filters.http.lua.v3.Lua has no field "inline_cod" | did you mean "inline_code"?',
    ],
  );
  assert.deepEqual(
    findings((listener) => (filter(listener)['typed_config'] = { '@type': `${TYPE}.http.lua.v2.Lua` })),
    [
      'filter_chains.0.filters.0.typed_config.@type | the type "type.googleapis.com/envoy.extensions.filters.http.lua.v2.Lua" is not known | the API of today is its third version',
    ],
  );
  assert.deepEqual(
    findings((listener) => (filter(listener)['typed_config'] = { name: 'a' })),
    ['filter_chains.0.filters.0.typed_config | "@type" is needed'],
  );
});

test('agrees with the reader, whatever is changed', () => {
  const paths = pathsOf(LISTENER);
  const change = fc.tuple(
    fc.constantFrom(...paths),
    fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('1s', 'a', 1, -1, 1.5, true, null, [], {}, ['a'], { a: 1 }),
    ),
  );
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const value = changes.reduce<JsonValue>(
        (last, [path, entry]) => withEntry(last, path, entry as JsonValue),
        LISTENER,
      );
      const said = protobufFindings(ListenerSchema, value, registry);
      // The reader takes an `Any` of no type, which says nothing.
      fc.pre(!said.some(({ message }) => message === '"@type" is needed'));
      assert.equal(said.length === 0, reads(value), JSON.stringify([value, said]));
    }),
    { numRuns: 500 },
  );
});

function reads(value: JsonValue): boolean {
  try {
    fromJson(ListenerSchema, value, { registry });
    return true;
  } catch {
    return false;
  }
}

function pathsOf(value: JsonValue): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, entry]) => [[key], ...pathsOf(entry).map((path) => [key, ...path])]);
}

/** The same with an entry at the path; where the path leads nowhere any more, as it is. */
function withEntry(value: JsonValue, [step, ...rest]: readonly string[], entry: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null || step === undefined) return value;
  const changed = rest.length === 0 ? entry : withEntry((value as JsonObject)[step] ?? null, rest, entry);
  if (Array.isArray(value)) return value.map((each, index) => (index === Number(step) ? changed : each));
  return { ...value, [step]: changed };
}
