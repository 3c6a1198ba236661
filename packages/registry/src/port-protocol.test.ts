// Ports speak what their author wrote.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portProtocol } from './port-protocol.ts';

test('appProtocol, then the prefix of the name, then TCP', () => {
  const cases = [
    [{ name: 'http' }, 'http'],
    [{ name: 'http-web' }, 'http'],
    [{ name: 'HTTP2-x' }, 'http2'],
    [{ name: 'grpc-web-x' }, 'grpc-web'],
    [{ name: 'grpc-webby' }, 'grpc'],
    [{ name: 'httpx' }, 'tcp'],
    [{ name: 'http', appProtocol: 'grpc' }, 'grpc'],
    [{ name: 'http', appProtocol: 'example.com/own' }, 'http'],
    [{ appProtocol: 'kubernetes.io/h2c' }, 'http2'],
    [{ name: 'dns', protocol: 'UDP' }, 'udp'],
    [{}, 'tcp'],
  ] as const;
  for (const [words, protocol] of cases) assert.equal(portProtocol(words), protocol, JSON.stringify(words));
});
