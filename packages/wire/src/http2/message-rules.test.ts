import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asRequest, Bench, END, get, headers } from './connection-bench.ts';
import { flag, frameType } from './frame.ts';
import { block, frame } from './frame-text.ts';

const refusals = /^(RST_STREAM|GOAWAY)/;

/** What a request with these fields and body comes to: its events, and the resets and farewells that were sent. */
async function verdict(fields: Readonly<Record<string, string>>, ...rest: Buffer[]): Promise<string> {
  const bench = new Bench();
  bench.receive(headers(1, fields, rest.length > 0 ? flag.endHeaders : END), ...rest);
  const refusal = (await bench.wrote()).find((line) => refusals.test(line));
  return refusal ?? bench.events.map((event) => event.split(' ')[1]).join(' ');
}

describe('message rules (RFC 9113 §8)', () => {
  const refused = 'RST_STREAM 1 PROTOCOL_ERROR';

  it('resets what HTTP/1.1 would read differently, and tells nobody', async () => {
    const bad: Record<string, Record<string, string>> = {
      'upper case': { ...get, 'X-A': 'b' },
      'empty name': { ...get, '': 'b' },
      'colon in a name': { ...get, 'a:b': 'c' },
      'space in a name': { ...get, 'a b': 'c' },
      'CR LF in a name': { ...get, 'a\r\nb': 'c' },
      'CR LF in a value': { ...get, a: 'b\r\nc: d' },
      'NUL in a value': { ...get, a: 'b\0c' },
      'space before a value': { ...get, a: ' b' },
      'tab behind a value': { ...get, a: 'b\t' },
      connection: { ...get, connection: 'close' },
      'transfer-encoding': { ...get, 'transfer-encoding': 'chunked' },
      upgrade: { ...get, upgrade: 'websocket' },
      te: { ...get, te: 'gzip' },
      'no path': { ':method': 'GET', ':scheme': 'http', ':authority': 'a' },
      'empty path': { ...get, ':path': '' },
      'space in the path': { ...get, ':path': '/a b' },
      'a path that is a URI': { ...get, ':path': 'http://b/' },
      'a path that begins with nothing': { ...get, ':path': 'a' },
      'space in the method': { ...get, ':method': 'GET / HTTP/1.1' },
      'no authority': { ':method': 'GET', ':scheme': 'http', ':path': '/' },
      'user in the authority': { ...get, ':authority': 'u@a' },
      'two hosts': { ...get, host: 'b' },
      'a status': { ...get, ':status': '200' },
      'unknown pseudo-header': { ...get, ':protocol': 'websocket' },
      'pseudo-header behind a field': { ':method': 'GET', ':scheme': 'http', a: 'b', ':path': '/', ':authority': 'a' },
      'CONNECT with a path': { ...get, ':method': 'CONNECT' },
      'content-length without body': { ...get, 'content-length': '1' },
      'content-length with a sign': { ...get, 'content-length': '+0' },
      'content-length too large': { ...get, 'content-length': '9007199254740993' },
    };
    for (const [what, fields] of Object.entries(bad)) assert.equal(await verdict(fields), refused, what);
  });

  it('takes what is allowed', async () => {
    for (const fields of [
      get,
      { ...get, te: 'trailers' },
      { ...get, host: 'A' },
      { ':method': 'GET', ':scheme': 'https', ':path': '/', host: 'a:80' },
      { ':method': 'CONNECT', ':authority': 'a:443' },
      { ...get, ':method': 'OPTIONS', ':path': '*' },
      { ...get, a: '', b: 'caf\xe9', c: 'a\tb' },
      { ...get, 'content-length': '0' },
    ]) {
      assert.equal(await verdict(fields as Record<string, string>), 'head end', JSON.stringify(fields));
    }
  });

  it('compares content-length with the body', async () => {
    const sized = { ...get, 'content-length': '3' };
    const data = (text: string, flags: number = flag.endStream) => frame(frameType.data, flags, 1, Buffer.from(text));
    assert.equal(await verdict(sized, data('abc')), 'head body end');
    assert.equal(await verdict(sized, data('a', 0), data('bc')), 'head body end');
    for (const wrong of [[data('ab')], [data('abcd')], [data('ab', 0), data('cd')], [data('ab', 0), headers(1, {})]]) {
      assert.equal(await verdict(sized, ...wrong), refused);
    }
  });

  it('takes trailers, but none that say how the message is framed or routed', async () => {
    assert.equal(await verdict(get, headers(1, { a: 'b' })), 'head end');
    for (const trailer of [':path', 'host', 'content-length', 'cookie', 'connection']) {
      assert.equal(await verdict(get, headers(1, { [trailer]: '1' })), refused, trailer);
    }
    assert.equal(await verdict(get, headers(1, { a: 'b' }, flag.endHeaders)), refused);
  });

  it('joins cookie crumbs and takes the authority from host', () => {
    const bench = new Bench();
    const crumbs = Buffer.concat([
      block({ ':method': 'GET', ':scheme': 'http', ':path': '/', cookie: 'a=1', x: 'y', host: 'h' }),
      block({ cookie: 'b=2' }),
    ]);
    bench.receive(frame(frameType.headers, END, 1, crumbs));
    const expected = {
      ...asRequest,
      authority: 'h',
      fields: [
        ['cookie', 'a=1; b=2'],
        ['x', 'y'],
      ],
    };
    assert.deepEqual(JSON.parse(bench.events[0]!.slice('1 head '.length, -' true'.length)), expected);
  });
});
