import assert from 'node:assert/strict';
import { connect as connectTls } from 'node:tls';
import { test } from 'node:test';
import { ManualClock } from '@meltemi/base';
import { RawClient } from '../proxy-under-test.ts';
import { address, filter, listener, listenersUnderTest, saying } from './listeners-under-test.ts';

const HTTP = filter('listener.http_inspector.v3.HttpInspector');
const TLS = filter('listener.tls_inspector.v3.TlsInspector');

async function hear(context: { after(close: () => void): void }, port: number, text: string): Promise<string> {
  const client = new RawClient(port);
  context.after(() => client.close());
  client.send(text);
  return client.untilEnd();
}

test('the HTTP inspector tells HTTP from other bytes, and which version', async (context) => {
  const rig = listenersUnderTest(context);
  const chains = ['http/1.0', 'http/1.1', 'h2c'].map((protocol) =>
    saying(protocol, { filter_chain_match: { application_protocols: [protocol], transport_protocol: 'raw_buffer' } }),
  );
  const fields = { listener_filters: [TLS, HTTP], filter_chains: chains, default_filter_chain: saying('other') };
  assert.deepEqual(rig.apply(listener('a', fields)), []);
  const port = await rig.port('a');
  const heard: string[] = [];
  for (const text of [
    'GET / HTTP/1.0\r\n\r\n',
    'POST /x HTTP/1.1\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '*1\r\n$4\r\nPING\r\n',
  ]) {
    heard.push(await hear(context, port, text));
  }
  assert.deepEqual(heard, ['http/1.0', 'http/1.1', 'h2c', 'other']);
  const counted = ['http10_found', 'http11_found', 'http2_found', 'http_not_found'];
  assert.deepEqual(
    counted.map((name) => rig.stat(`http_inspector.${name}`)),
    [1, 1, 1, 1],
  );
  assert.equal(rig.stat('tls_inspector.tls_not_found'), 4);
});

test('a filter that is disabled for the port does not wait for bytes', async (context) => {
  const rig = listenersUnderTest(context);
  const anywhere = { filter_disabled: { destination_port_range: { start: 1, end: 65_536 } } };
  rig.apply(listener('a', { listener_filters: [{ ...HTTP, ...anywhere }], filter_chains: [saying('hello')] }));
  const client = new RawClient(await rig.port('a'));
  context.after(() => client.close());
  assert.equal(await client.untilEnd(), 'hello');
});

test('when filters wait too long the connection is closed, or goes on where that is wanted', async (context) => {
  const clock = new ManualClock(1);
  const rig = listenersUnderTest(context, clock);
  const fields = {
    listener_filters: [HTTP],
    listener_filters_timeout: '3s',
    filter_chains: [saying('hello')],
  };
  rig.apply(listener('a', fields), listener('b', { ...fields, continue_on_listener_filters_timeout: true }));
  const clients = [new RawClient(await rig.port('a')), new RawClient(await rig.port('b'))];
  context.after(() => clients.forEach((client) => client.close()));
  while (rig.stat('listener.a.downstream_pre_cx_active') + rig.stat('listener.b.downstream_pre_cx_active') < 2)
    await new Promise(setImmediate);
  clock.advance(3000);
  assert.deepEqual(await Promise.all(clients.map((client) => client.untilEnd())), ['', 'hello']);
  assert.deepEqual(
    ['a', 'b'].map((name) => rig.stat(`listener.${name}.downstream_pre_cx_timeout`)),
    [1, 1],
  );
  assert.deepEqual(
    ['a', 'b'].map((name) => rig.stat(`listener.${name}.downstream_pre_cx_active`)),
    [0, 0],
  );
});

test('the PROXY header names both ends, and without one nobody is let in unless that is allowed', async (context) => {
  const rig = listenersUnderTest(context);
  const proxied = (config: object) => filter('listener.proxy_protocol.v3.ProxyProtocol', { ...config });
  const chains = [
    saying('from afar to 8443', {
      filter_chain_match: {
        destination_port: 8443,
        source_prefix_ranges: [{ address_prefix: '192.0.2.0', prefix_len: 24 }],
      },
    }),
  ];
  const fields = { filter_chains: chains, default_filter_chain: saying('direct') };
  rig.apply(
    listener('strict', { ...fields, listener_filters: [proxied({ disallowed_versions: ['V2'] })] }),
    listener('lax', { ...fields, listener_filters: [proxied({ allow_requests_without_proxy_protocol: true })] }),
  );
  const header = 'PROXY TCP4 192.0.2.7 198.51.100.1 1000 8443\r\n';
  const second = '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x01\x03\xe8\x20\xfb';
  const strict = await rig.port('strict');
  const lax = await rig.port('lax');
  assert.equal(await hear(context, strict, header), 'from afar to 8443');
  assert.equal(await hear(context, strict, 'GET / HTTP/1.1\r\n'), '');
  assert.equal(await hear(context, strict, second), '');
  assert.equal(await hear(context, lax, second), 'from afar to 8443');
  assert.equal(await hear(context, lax, 'GET / HTTP/1.1\r\n'), 'direct');
  const names = [
    'versions.v1.found',
    'versions.v2.found',
    'versions.v2.disallowed',
    'not_found_allowed',
    'not_found_disallowed',
  ];
  assert.deepEqual(
    names.map((name) => rig.stat(`proxy_proto.${name}`)),
    [1, 1, 1, 1, 1],
  );
});

test('the server name chooses the chain by a match tree; a name of no chain closes the connection', async (context) => {
  const rig = listenersUnderTest(context);
  const input = (name: string) => ({
    name,
    typed_config: { '@type': `type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3.${name}` },
  });
  const to = (value: string) => ({
    action: { name: 'chain', typed_config: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value } },
  });
  const byPort = {
    matcher_tree: {
      input: input('DestinationPortInput'),
      exact_match_map: { map: { '1': to('gone') } },
    },
    on_no_match: to('other'),
  };
  const tree = {
    matcher_tree: {
      input: input('SourceIPInput'),
      custom_match: {
        name: 'ip',
        typed_config: {
          '@type': 'type.googleapis.com/xds.type.matcher.v3.IPMatcher',
          range_matchers: [
            { ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }], on_match: { matcher: byPort } },
            { ranges: [{ address_prefix: '127.0.0.9', prefix_len: 32 }], on_match: to('gone') },
          ],
        },
      },
    },
  };
  const fields = { filter_chains: [saying('one', { name: 'one' }), saying('other', { name: 'other' })] };
  assert.deepEqual(rig.apply(listener('a', { ...fields, filter_chain_matcher: tree })), []);
  assert.deepEqual(
    rig.apply(listener('b', { ...fields, filter_chain_matcher: to('gone').action && { on_no_match: to('gone') } })),
    [],
  );
  assert.equal(await hear(context, await rig.port('a'), ''), 'other');
  assert.equal(await hear(context, await rig.port('b'), ''), '');
  assert.equal(rig.stat('listener.b.no_filter_chain_match'), 1);
});

test('what is unknown, misplaced or can not be honoured is refused by name', (context) => {
  const rig = listenersUnderTest(context);
  const chains = { filter_chains: [saying('x')] };
  const unknown = {
    name: 'mine',
    typed_config: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: 'x' },
  };
  const same = { filter_chain_match: { destination_port: 1 } };
  assert.deepEqual(
    rig.apply(
      listener('a', { ...chains, listener_filters: [unknown] }),
      listener('b', { ...chains, freebind: true }),
      listener('c', { ...chains, address: address('nowhere.example', 1) }),
      listener('d', { filter_chains: [saying('x', same), saying('y', same)] }),
      listener('e', {}),
      listener('f', { filter_chains: [saying('x', { filter_chain_match: { server_names: ['a.*.b'] } })] }),
      listener('g', { filter_chains: [{ filters: [filter('http.buffer.v3.Buffer')] }] }),
    ),
    [
      'listener filter mine: unknown type google.protobuf.StringValue',
      'freebind is not supported',
      'neither an IP address with a port nor a pipe',
      'filter chains 0 and 1 have overlapping matching rules',
      'no filter chains',
      'filter_chain_match: a partial wildcard in server_names is not supported',
      'network filter http.buffer.v3.Buffer: unknown type envoy.extensions.filters.http.buffer.v3.Buffer',
    ],
  );
});

test('the hello’s name and protocols choose the chain', async (context) => {
  const rig = listenersUnderTest(context);
  const chains = [
    saying('by name', { filter_chain_match: { server_names: ['*.example'] } }),
    saying('by protocol', { filter_chain_match: { application_protocols: ['istio'] } }),
  ];
  rig.apply(listener('a', { filter_chains: chains, default_filter_chain: saying('neither') }));
  const port = await rig.port('a');
  const answer = (servername: string, protocols: string[]) =>
    new Promise<string>((resolve) => {
      const socket = connectTls({
        port,
        host: '127.0.0.1',
        servername,
        ALPNProtocols: protocols,
        rejectUnauthorized: false,
      });
      // The chain answers in plain text, which ends the handshake.
      socket.on('error', () => {}).on('close', () => resolve(''));
    });
  await answer('a.example', ['h2']);
  await answer('b', ['h2', 'istio']);
  assert.deepEqual(
    ['tls_found', 'sni_found', 'alpn_found'].map((name) => rig.stat(`tls_inspector.${name}`)),
    [2, 2, 2],
  );
});
