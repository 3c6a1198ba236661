// Placements are read as they are written, and mistakes are named.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatPlacement, parsePlacement, type Placement } from './placement.ts';

const port = fc.integer({ min: 1, max: 65_535 });
const socket = fc.record({ host: fc.constantFrom('127.0.0.1', '::1', 'localhost'), port });
const placement: fc.Arbitrary<Placement> = fc.record({
  inbound: fc.uniqueArray(fc.record({ containerPort: port, listen: socket, app: socket }), {
    selector: (item) => item.containerPort,
  }),
  outbound: fc.uniqueArray(fc.record({ host: fc.constantFrom('a.example', 'b.example'), port, listen: socket }), {
    selector: (item) => `${item.host}:${item.port}`,
  }),
  httpProxy: fc.option(socket, { nil: undefined }),
  gateway: fc.uniqueArray(fc.record({ port, listen: socket }), { selector: (item) => item.port }),
});

test('what is written is read', () => {
  fc.assert(
    fc.property(placement, (written) => {
      const read = parsePlacement(formatPlacement(written));
      assert.ok(read.kind === 'placement');
      assert.deepEqual(sorted(read.placement), sorted(written));
    }),
  );
});

test('any text is read, or said to be wrong', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parsePlacement(text)));
});

test('a mistake is named', () => {
  const reason = (text: string) => {
    const result = parsePlacement(text);
    return result.kind === 'invalid' ? result.reason : '';
  };
  assert.equal(reason('{"inbound":{"x":{}}}'), '"x" is not a port');
  assert.equal(reason('{"inbound":{"80":{"listen":"a"}}}'), 'inbound 80 listen: "a" is not host:port');
  assert.equal(reason('[]'), 'the annotation is not an object');
});

/** Keys of an object that are numbers come in their own order. */
function sorted(value: Placement): unknown {
  const byText = (list: readonly unknown[]) => list.map((item) => JSON.stringify(item)).sort();
  const { inbound, outbound, gateway, httpProxy } = value;
  return {
    inbound: byText(
      inbound.map(({ containerPort, listen: l, app }) => [containerPort, l.host, l.port, app.host, app.port]),
    ),
    outbound: byText(outbound.map(({ host, port: p, listen: l }) => [host, p, l.host, l.port])),
    gateway: byText(gateway.map(({ port: p, listen: l }) => [p, l.host, l.port])),
    httpProxy: httpProxy && [httpProxy.host, httpProxy.port],
  };
}
