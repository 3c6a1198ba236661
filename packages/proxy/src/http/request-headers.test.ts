import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { HttpConnectionManagerSchema } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { seededDice } from '@meltemi/base';
import { Headers } from '@meltemi/wire';
import fc from 'fast-check';
import { routerFilter } from '../proxy-under-test.ts';
import { xdsRegistry } from '../xds/registry.ts';
import { type HttpSettings, httpSettings } from './http-settings.ts';
import { admitRequestHeaders, type ClientFacts } from './request-headers.ts';
import { requestId } from './request-id.ts';

const client: ClientFacts = { ip: '10.1.2.3', secure: false, localPort: 80, certEntry: undefined };

function settings(fields: object = {}): HttpSettings {
  const message = { stat_prefix: 'x', http_filters: [routerFilter()], ...fields } as JsonValue;
  return httpSettings(fromJson(HttpConnectionManagerSchema, message, { registry: xdsRegistry }));
}

function admitted(fields: Record<string, string>, manager: object = {}, from: ClientFacts = client) {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) headers.append(name, value);
  admitRequestHeaders(headers, from, settings({ generate_request_id: false, ...manager }), seededDice(1));
  return Object.fromEntries(headers.entries());
}

test('what concerns the hop goes, with what connection names', () => {
  assert.deepEqual(
    admitted({
      host: 'a',
      connection: 'keep-alive, X-Hop',
      'x-hop': '1',
      'keep-alive': 'timeout=5',
      'proxy-connection': 'close',
      'transfer-encoding': 'chunked',
      upgrade: 'h2c',
      'http2-settings': 'x',
      te: 'gzip',
      cookie: 'a=b',
    }),
    { host: 'a', cookie: 'a=b', 'x-forwarded-proto': 'http' },
  );
});

test('traces, and what others said on the way, are passed on inside of the mesh', () => {
  const passed = {
    'x-b3-traceid': '1',
    traceparent: '00-1-2-01',
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-proto': 'https',
    'x-request-id': 'mine',
    te: 'trailers',
  };
  assert.deepEqual(admitted(passed), passed);
});

test('the edge believes nothing about the client', () => {
  const forged = {
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-proto': 'https',
    'x-request-id': 'forged',
    'x-envoy-internal': 'true',
    'x-envoy-retry-on': '5xx',
    'x-envoy-original-path': '/admin',
    'x-envoy-downstream-service-cluster': 'admin',
    'x-forwarded-client-cert': 'By=spiffe://x',
  };
  const { 'x-request-id': id, ...rest } = admitted(forged, { use_remote_address: true, generate_request_id: true });
  assert.deepEqual(rest, {
    'x-forwarded-for': '1.2.3.4,10.1.2.3',
    'x-forwarded-proto': 'http',
    'x-envoy-external-address': '10.1.2.3',
  });
  assert.notEqual(id, 'forged');
});

test('only addresses that the configuration calls internal may control the proxy', () => {
  const asked = { 'x-envoy-max-retries': '3' };
  const internal = {
    use_remote_address: true,
    internal_address_config: { cidr_ranges: [{ address_prefix: '10.0.0.0', prefix_len: 8 }] },
  };
  assert.equal(admitted(asked)['x-envoy-max-retries'], undefined);
  const forwarded = { ...asked, 'x-forwarded-for': '1.2.3.4' };
  assert.equal(admitted(forwarded, internal)['x-envoy-max-retries'], undefined);
  assert.deepEqual(admitted(asked, internal), {
    'x-envoy-max-retries': '3',
    'x-forwarded-for': '10.1.2.3',
    'x-forwarded-proto': 'http',
    'x-envoy-internal': 'true',
  });
});

test('x-forwarded-client-cert by mode: only a client with a certificate may say who came before', () => {
  const secure: ClientFacts = { ...client, secure: true, certEntry: 'Hash=1' };
  const said = { 'x-forwarded-client-cert': 'Hash=0' };
  const sent = (mode: string, from: ClientFacts) =>
    admitted(said, { forward_client_cert_details: mode }, from)['x-forwarded-client-cert'];
  assert.deepEqual(
    ['SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET', 'ALWAYS_FORWARD_ONLY'].map((mode) => [
      sent(mode, secure),
      sent(mode, client),
    ]),
    [
      [undefined, undefined],
      ['Hash=0', undefined],
      ['Hash=0,Hash=1', undefined],
      ['Hash=1', undefined],
      ['Hash=0', 'Hash=0'],
    ],
  );
});

test('no field that the edge must not believe survives, whatever stands around it', () => {
  const names = fc.constantFrom('x-envoy-internal', 'x-envoy-retry-on', 'connection', 'x-a', 'cookie', 'te', 'upgrade');
  fc.assert(
    fc.property(fc.array(fc.tuple(names, fc.constantFrom('a', 'x-a', 'te', 'close')), { maxLength: 20 }), (fields) => {
      const headers = new Headers();
      for (const [name, value] of fields) headers.append(name, value);
      admitRequestHeaders(headers, client, settings({ use_remote_address: true }), seededDice(2));
      for (const name of ['x-envoy-internal', 'x-envoy-retry-on', 'connection', 'te', 'upgrade']) {
        assert.equal(headers.has(name), false, name);
      }
    }),
  );
});

test('request ids are UUIDs of version 4, and differ', () => {
  const dice = seededDice(3);
  const ids = Array.from({ length: 1000 }, () => requestId(dice));
  assert.equal(new Set(ids).size, 1000);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
