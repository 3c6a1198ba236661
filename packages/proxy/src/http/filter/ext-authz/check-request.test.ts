// What an authorization server is told of the two ends of a connection over TLS.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary } from '@bufbuild/protobuf';
import { ApiVersion } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { NodeSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { ExtAuthzSchema } from '@meltemi/api/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import { CheckRequestSchema } from '@meltemi/api/envoy/service/auth/v3/external_auth_pb';
import type { PeerNames } from '@meltemi/decide';
import type { TlsFacts } from '@meltemi/telemetry';
import { type ConnectionEntry, StreamEntry } from '../../stream-entry.ts';
import { authzSettings } from './authz-settings.ts';
import { checkRequest } from './check-request.ts';

const PEM = '-----BEGIN CERTIFICATE-----\nAB+/=\n-----END CERTIFICATE-----\n';

function connection(peer: PeerNames): ConnectionEntry {
  const ends = { local: { host: '10.0.0.1', port: 8080 }, remote: { host: '10.0.0.2', port: 40_000 } };
  const tls: TlsFacts = {
    version: 'TLSv1.3',
    cipher: 'x',
    serverName: 'shop.test',
    localUris: ['spiffe://local'],
    peer: { pem: PEM } as NonNullable<TlsFacts['peer']>,
  };
  return {
    ...ends,
    localAddress: '10.0.0.1:8080',
    remoteAddress: '10.0.0.2:40000',
    originalDestination: undefined,
    filterChainName: '',
    direct: ends.remote,
    directRemoteAddress: '10.0.0.2:40000',
    id: 1,
    serverName: 'shop.test',
    tls,
    peer,
  };
}

function attributesOf(peer: PeerNames) {
  const config = create(ExtAuthzSchema, {
    services: { case: 'grpcService', value: {} },
    transportApiVersion: ApiVersion.V3,
    includePeerCertificate: true,
    includeTlsSession: true,
    bootstrapMetadataLabelsKey: 'labels',
  });
  const node = create(NodeSchema, { metadata: { labels: { app: 'shop', count: 1 } } });
  const entry = new StreamEntry(connection(peer));
  const bytes = checkRequest(entry, authzSettings(config, node), { route: 'r' }, undefined);
  return fromBinary(CheckRequestSchema, bytes).attributes!;
}

test('a peer is known by a URI, else a DNS name, else the subject of its certificate', () => {
  const names = { uris: ['spiffe://a', 'spiffe://b'], dns: ['a.test'], subject: 'CN=a' };
  const principals = [names, { ...names, uris: [] }, { ...names, uris: [], dns: [] }].map(
    (peer) => attributesOf(peer).source?.principal,
  );
  assert.deepEqual(principals, ['spiffe://a', 'a.test', 'CN=a']);
});

test('the server is told our own name and labels, the certificate and the server name, if it is to know them', () => {
  const { source, destination, tlsSession, contextExtensions } = attributesOf({ uris: [], dns: [], subject: '' });
  assert.equal(destination?.principal, 'spiffe://local');
  assert.deepEqual(destination.labels, { app: 'shop', count: '' });
  assert.equal(decodeURIComponent(source!.certificate), PEM);
  assert.match(source!.certificate, /AB%2B%2F%3D%0A/);
  assert.equal(tlsSession?.sni, 'shop.test');
  assert.deepEqual(contextExtensions, { route: 'r' });
});
