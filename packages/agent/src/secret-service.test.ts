import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { unpackAny } from '@meltemi/api';
import { SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { SecretDiscoveryService } from '@meltemi/api/envoy/service/secret/v3/sds_pb';
import { silentLogger } from '@meltemi/base';
import { grpcClient, grpcService, serveGrpc } from '@meltemi/rpc';
import { secretService } from './secret-service.ts';
import { SecretStore } from './secret-store.ts';

const secrets = {
  privateKey: 'key-1',
  certificateChain: 'chain-1',
  roots: 'roots-1',
  revocationLists: '',
  bundles: [],
  notBefore: 0,
  notAfter: 1,
};
const rotated = { ...secrets, privateKey: 'key-2', certificateChain: 'chain-2' };

async function serve(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'mesh-sds-'));
  const address = { path: join(directory, 'SDS') };
  const store = new SecretStore();
  const server = await serveGrpc({ address, services: [secretService(store, silentLogger)] });
  const client = grpcClient(grpcService(SecretDiscoveryService), address);
  t.after(async () => {
    client.close();
    await server.close(0);
    await rm(directory, { recursive: true });
  });
  const open = <Request, Response>(method: string) => {
    const stream = (client[method] as unknown as () => ClientDuplexStream<Request, Response>).call(client);
    stream.on('error', () => {});
    t.after(() => stream.cancel());
    return stream;
  };
  /** What was sent on the connection before is with the server when this resolves. */
  const roundTrip = () =>
    new Promise<void>((resolve) => {
      const call = client['FetchSecrets'] as unknown as (request: DiscoveryRequest, done: () => void) => void;
      call.call(client, create(DiscoveryRequestSchema), resolve);
    });
  return { store, open, roundTrip };
}

function world(open: Awaited<ReturnType<typeof serve>>['open']) {
  const stream = open<DiscoveryRequest, DiscoveryResponse>('StreamSecrets');
  return {
    send: (request: MessageInitShape<typeof DiscoveryRequestSchema>) =>
      stream.write(create(DiscoveryRequestSchema, request)),
    next: async () => (await once(stream, 'data'))[0] as DiscoveryResponse,
  };
}

function contents(response: DiscoveryResponse | DeltaDiscoveryResponse): readonly string[] {
  return response.resources.map((resource) => {
    const secret = unpackAny(
      resource.$typeName === 'google.protobuf.Any' ? resource : resource.resource,
      SecretSchema,
    )!;
    const { type } = secret;
    if (type.case === 'tlsCertificate')
      return `${secret.name}: ${text(type.value.certificateChain)} ${text(type.value.privateKey)}`;
    if (type.case === 'validationContext') return `${secret.name}: ${text(type.value.trustedCa)}`;
    return secret.name;
  });
}

function text(source: { readonly specifier: { readonly value?: unknown } } | undefined): string {
  return Buffer.from(source?.specifier.value as Uint8Array).toString();
}

test('gives what is asked for, and again when it rotates', async (t) => {
  const { store, open } = await serve(t);
  store.replace(secrets);
  const { send, next } = world(open);
  send({ resourceNames: ['default', 'ROOTCA'] });
  const first = await next();
  assert.deepEqual(contents(first), ['default: chain-1 key-1', 'ROOTCA: roots-1']);
  send({ resourceNames: ['default', 'ROOTCA'], versionInfo: first.versionInfo, responseNonce: first.nonce });
  const second = next();
  store.replace(rotated);
  assert.deepEqual(contents(await second), ['default: chain-2 key-2', 'ROOTCA: roots-1']);
  assert.notEqual((await second).versionInfo, first.versionInfo);
});

test('a stream that comes before the first certificate gets it when it is there', async (t) => {
  const { store, open, roundTrip } = await serve(t);
  const { send, next } = world(open);
  const answer = next();
  send({ resourceNames: ['default', 'kubernetes://stolen'] });
  await roundTrip();
  store.replace(secrets);
  assert.deepEqual(contents(await answer), ['default: chain-1 key-1']);
});

test('acknowledgements, refusals and stale nonces bring nothing; a new name brings an answer', async (t) => {
  const { store, open } = await serve(t);
  store.replace(secrets);
  const { send, next } = world(open);
  send({ resourceNames: ['default'] });
  const first = await next();
  const second = next();
  send({ resourceNames: ['default'], responseNonce: first.nonce, versionInfo: first.versionInfo });
  send({ resourceNames: ['default'], responseNonce: first.nonce, errorDetail: { code: 3, message: 'no' } });
  send({ resourceNames: ['default', 'ROOTCA'], responseNonce: 'stale' });
  send({ resourceNames: ['ROOTCA'], responseNonce: first.nonce });
  assert.deepEqual([(await second).nonce, contents(await second)], ['2', ['ROOTCA: roots-1']]);
});

test('the delta form gives what is subscribed, and stops when it is not', async (t) => {
  const { store, open } = await serve(t);
  store.replace(secrets);
  const stream = open<DeltaDiscoveryRequest, DeltaDiscoveryResponse>('DeltaSecrets');
  const send = (request: MessageInitShape<typeof DeltaDiscoveryRequestSchema>) =>
    stream.write(create(DeltaDiscoveryRequestSchema, request));
  const next = async () => (await once(stream, 'data'))[0] as DeltaDiscoveryResponse;
  send({ resourceNamesSubscribe: ['default'] });
  const first = await next();
  assert.deepEqual(contents(first), ['default: chain-1 key-1']);
  const second = next();
  send({ responseNonce: first.nonce });
  send({ resourceNamesSubscribe: ['ROOTCA'], resourceNamesUnsubscribe: ['default'] });
  assert.deepEqual(contents(await second), ['ROOTCA: roots-1']);
  const third = next();
  store.replace(rotated);
  assert.deepEqual(contents(await third), ['ROOTCA: roots-1']);
});
