import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededDice } from '@meltemi/base';
import { Headers } from '@meltemi/wire';
import * as fc from 'fast-check';
import { extractB3, injectB3 } from './b3-headers.ts';
import { decideTrace } from './trace-reason.ts';
import type { TraceContext } from './trace-context.ts';
import { extractW3c, injectW3c } from './w3c-headers.ts';

function headersOf(fields: Readonly<Record<string, string>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) headers.set(name, value);
  return headers;
}

const hex = (length: number) =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((text) => !/^0+$/.test(text));
const context = fc.record({
  traceId: fc.oneof(hex(16), hex(32)),
  spanId: hex(16),
  parentId: fc.option(hex(16), { nil: undefined }),
  sampled: fc.boolean(),
  state: fc.constant(''),
});

test('a place in a trace survives either form of B3', () => {
  fc.assert(
    fc.property(context, fc.constantFrom('single' as const, 'multi' as const), (drawn: TraceContext, form) => {
      const headers = new Headers();
      const place = { ...drawn };
      injectB3(headers, place, form);
      assert.deepEqual(extractB3(headers), { kind: 'context', context: place, form });
    }),
  );
});

test('a place in a trace survives the W3C headers', () => {
  fc.assert(
    fc.property(context, hex(32), fc.stringMatching(/^[a-z]=[a-z]{0,3}$/), (place, traceId, state) => {
      const headers = new Headers();
      const wanted = { ...place, traceId, parentId: undefined, state };
      injectW3c(headers, wanted);
      assert.deepEqual(extractW3c(headers), { kind: 'context', context: wanted, form: 'w3c' });
    }),
  );
});

test('nothing that a client sends breaks the readers, or is handed on in another shape', () => {
  const text = fc.stringMatching(/^[\x20-\x7e]{0,60}$/);
  const names = fc.constantFrom('b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'traceparent', 'tracestate');
  fc.assert(
    fc.property(fc.dictionary(names, text), (fields) => {
      for (const extracted of [extractB3(headersOf(fields)), extractW3c(headersOf(fields))]) {
        if (extracted.kind === 'context') assert.match(extracted.context.spanId, /^[0-9a-f]{16}$/);
      }
    }),
  );
});

test('headers that are not as their format wants are malformed, those that are not there are none', () => {
  const parent = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
  const cases: readonly Readonly<Record<string, string>>[] = [
    { traceparent: `00-${parent}-01` },
    { traceparent: `00-${parent}-01-more` },
    { traceparent: `cc-${parent}-01-more` },
    { traceparent: `ff-${parent}-01` },
    { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` },
    {},
  ];
  const kinds = cases.map((fields) => extractW3c(headersOf(fields)).kind);
  assert.deepEqual(kinds, ['context', 'malformed', 'context', 'malformed', 'malformed', 'none']);
  const singles = ['d', '1-2', '463ac35c9f6413ad-a2fb4a1d1a96d312-x', '463ac35c9f6413ad-a2fb4a1d1a96d312'].map(
    (b3) => extractB3(headersOf({ b3 })).kind,
  );
  assert.deepEqual(singles, ['none', 'malformed', 'malformed', 'context']);
});

const ID = '00000bb8-9f64-43ad-8848-5a3953bb6124';
const marked = (mark: string) => ID.slice(0, 14) + mark + ID.slice(15);
/** The id above stands for 30 percent. */
const none = { client: 0, random: 0, overall: 100 };

test('why a request is traced is decided once, and stands in its id', () => {
  const decided = (fields: Readonly<Record<string, string>>, sampling: object, id = ID) => {
    const headers = headersOf({ 'x-request-id': id, ...fields });
    const reason = decideTrace(headers, { ...none, ...sampling }, seededDice(1));
    return [reason, headers.get('x-request-id')];
  };
  assert.deepEqual(
    [
      decided({}, { random: 31 }),
      decided({}, { random: 30 }),
      decided({ 'x-envoy-force-trace': 'true' }, {}),
      decided({ 'x-client-trace-id': 'c' }, { client: 100 }),
      decided({ 'x-client-trace-id': 'c' }, {}),
      decided({}, {}, marked('9')),
      decided({}, { overall: 30 }, marked('a')),
      decided({}, { random: 100 }, 'no-uuid'),
    ],
    [
      ['sampled', marked('9')],
      ['none', ID],
      ['service', marked('a')],
      ['client', marked('b')],
      ['none', ID],
      ['sampled', marked('9')],
      ['none', ID],
      ['none', 'no-uuid'],
    ],
  );
});
