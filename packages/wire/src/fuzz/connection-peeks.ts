// The first bytes of a connection → what our parsers of PROXY headers and of ClientHello say at each cut: once sure, the same.
import assert from 'node:assert/strict';
import { peekClientHello } from '../io/client-hello.ts';
import { peekProxyHeader } from '../proxy-protocol/parse.ts';
import type { FuzzTarget } from './fuzz-target.ts';

export const proxyHeaders: FuzzTarget = {
  name: 'proxy-headers',
  words: [
    'PROXY ',
    'TCP4 ',
    'TCP6 ',
    'UNKNOWN',
    '\r\n',
    ' ',
    '::',
    '65536',
    '0',
    '\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c',
  ],
  check: (bytes) => staysSure(bytes, peekProxyHeader),
};

export const clientHellos: FuzzTarget = {
  name: 'client-hellos',
  words: ['\x16\x03\x01', '\x16\x03\x01\x00\x01', '\x01\x00', '\x00\x00', '\xff\xff', '\x00\x10', 'a.example'],
  check: (bytes) => staysSure(bytes, peekClientHello),
};

function staysSure(bytes: Buffer, peek: (bytes: Buffer) => { readonly kind: string }): void {
  let sure: { readonly kind: string } | undefined;
  for (let size = 0; size <= bytes.length; size++) {
    const now = peek(bytes.subarray(0, size));
    if (sure) assert.deepEqual(now, sure, `after ${size} bytes`);
    else if (now.kind !== 'need-more') sure = now;
  }
}
