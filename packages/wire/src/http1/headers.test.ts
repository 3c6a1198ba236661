import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeRequestHead, encodeResponseHead } from './encode.ts';
import { type FieldSpelling, heardSpelling, PROPER_CASE } from './field-spelling.ts';
import { Headers } from './headers.ts';

const names = fc.constantFrom('a', 'b', 'cookie', 'x-y');
const values = fc.string({ unit: fc.constantFrom(...'xyz ,'.split('')), maxLength: 4 });
const steps = fc.array(
  fc.oneof(
    fc.record({ step: fc.constantFrom('add' as const, 'set' as const), name: names, value: values }),
    fc.record({ step: fc.constant('remove' as const), name: names }),
  ),
);

describe('Headers', () => {
  it('behaves as an ordered multimap', () => {
    fc.assert(
      fc.property(steps, (steps) => {
        const headers = new Headers();
        let model: [string, string][] = [];
        for (const change of steps) {
          const first = model.findIndex(([name]) => name === change.name);
          if (change.step === 'remove') {
            headers.remove(change.name);
            model = model.filter(([name]) => name !== change.name);
          } else if (change.step === 'add' || first < 0) {
            headers[change.step](change.name, change.value);
            model.push([change.name, change.value]);
          } else {
            headers.set(change.name, change.value);
            model = model.filter(([name], i) => i <= first || name !== change.name);
            model[first] = [change.name, change.value];
          }
        }
        assert.deepEqual([...headers.entries()], model);
        assert.equal(headers.size, model.length);
        for (const name of ['a', 'b', 'cookie', 'x-y']) {
          const all = model.filter(([field]) => field === name).map(([, value]) => value);
          assert.deepEqual(headers.getAll(name), all);
          assert.equal(headers.has(name), all.length > 0);
          assert.equal(headers.get(name), all.length > 0 ? all.join(name === 'cookie' ? '; ' : ',') : undefined);
        }
        assert.deepEqual([...headers.clone().entries()], model);
      }),
    );
  });

  it('refuses what a message cannot carry', () => {
    const headers = new Headers();
    // U+010D and U+010A would be CR and LF once cut to latin1.
    for (const value of ['a\rb', 'a\nb', 'a\0b', 'a\x7f', '\u010d\u010a', '\u{1f600}']) {
      assert.throws(() => headers.set('x', value), { code: 'BAD_FIELD_VALUE' });
      assert.throws(() => headers.add('x', value), { code: 'BAD_FIELD_VALUE' });
    }
    for (const name of ['', 'a b', 'a:', 'a\r\n', 'é', 'Upper']) {
      assert.throws(() => headers.set(name, 'x'), { code: 'BAD_FIELD_NAME' });
      assert.throws(() => headers.add(name, 'x'), { code: 'BAD_FIELD_NAME' });
    }
    assert.equal(headers.size, 0);
  });

  it('puts one field where the first stood, as set does', () => {
    const values = ['a', 'b', 'c'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...values)), fc.constantFrom(...values), (names, name) => {
        const [put, set] = [new Headers(), new Headers()];
        for (const [i, each] of names.entries()) for (const headers of [put, set]) headers.append(each, String(i));
        put.put(name, 'new');
        set.set(name, 'new');
        assert.deepEqual([...put.entries()], [...set.entries()]);
        assert.deepEqual(put.getAll(name), ['new']);
      }),
    );
  });
});

describe('encode', () => {
  it('writes heads', () => {
    const headers = new Headers();
    headers.add('host', 'a');
    headers.add('x', 'caf\xe9');
    assert.equal(encodeRequestHead('GET', '/', headers), 'GET / HTTP/1.1\r\nhost: a\r\nx: caf\xe9\r\n\r\n');
    assert.equal(
      encodeResponseHead(404, 'Not Found', headers),
      'HTTP/1.1 404 Not Found\r\nhost: a\r\nx: caf\xe9\r\n\r\n',
    );
  });

  it('writes names as the message had them, and others as it is told', () => {
    const headers = new Headers();
    for (const name of ['host', 'x-b', 'x_c', '1d']) headers.add(name, '');
    assert.equal(
      encodeResponseHead(200, 'OK', headers, PROPER_CASE),
      'HTTP/1.1 200 OK\r\nHost: \r\nX-B: \r\nX_C: \r\n1d: \r\n\r\n',
    );
    const heard = (others: FieldSpelling | undefined) => {
      headers.spelling = heardSpelling('HOST:a\r\nX-b: c: d\r\nx-B:\r\n', { others });
      return encodeRequestHead('GET', '/', headers.clone(), PROPER_CASE);
    };
    assert.equal(heard(undefined), 'GET / HTTP/1.1\r\nHOST: \r\nX-b: \r\nx_c: \r\n1d: \r\n\r\n');
    assert.equal(heard(PROPER_CASE), 'GET / HTTP/1.1\r\nHOST: \r\nX-b: \r\nX_C: \r\n1d: \r\n\r\n');
  });

  it('refuses methods, targets and reasons that would be read as something else', () => {
    const headers = new Headers();
    for (const text of ['', 'a b', 'a\r\n', '\u010a', '\0']) {
      assert.throws(() => encodeRequestHead(text, '/', headers), { code: 'BAD_METHOD' });
      assert.throws(() => encodeRequestHead('GET', text, headers), { code: 'BAD_TARGET' });
    }
    for (const text of ['a\r\nb', '\u010a', '\0']) {
      assert.throws(() => encodeResponseHead(200, text, headers), { code: 'BAD_STATUS_LINE' });
    }
    assert.throws(() => encodeResponseHead(20, 'OK', headers), { code: 'BAD_STATUS_LINE' });
  });
});
