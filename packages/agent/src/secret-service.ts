// Serves SDS (envoy.service.secret.v3) from the store, both forms: a stream gets what it named, now and at each rotation.
// https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { packAny, TYPE_URL } from '@meltemi/api';
import { SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import {
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  type DiscoveryRequest,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '@meltemi/api/envoy/service/discovery/v3/discovery_pb';
import { SecretDiscoveryService } from '@meltemi/api/envoy/service/secret/v3/sds_pb';
import type { Logger } from '@meltemi/base';
import { type GrpcCall, type GrpcReply, type GrpcService, grpcService } from '@meltemi/rpc';
import { isSecretName, type SecretName, secretResource } from './secret-resource.ts';
import type { SecretStore } from './secret-store.ts';

/** Names other than `default` and `ROOTCA` are never answered. */
export function secretService(store: SecretStore, logger: Logger): GrpcService {
  const log = logger.named('sds');
  return {
    definition: grpcService(SecretDiscoveryService),
    implementation: {
      StreamSecrets: (call: WorldCall) => streamWorld(call, store, log),
      DeltaSecrets: (call: DeltaCall) => streamDelta(call, store, log),
      FetchSecrets: (_call: unknown, reply: GrpcReply<unknown>) => reply({ code: 12, details: 'not served' }),
    },
  };
}

type WorldCall = GrpcCall<DiscoveryRequest, DiscoveryResponse>;
type DeltaCall = GrpcCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

/** What both forms share: the names of a stream, and a push when they or the secrets change. */
interface SecretStream {
  subscribe(names: Iterable<string>): void;
  unsubscribe(names: Iterable<string>): void;
  readonly names: ReadonlySet<SecretName>;
}

function openStream(
  call: { once(event: string, listener: () => void): unknown; end(): unknown },
  store: SecretStore,
  push: () => void,
): SecretStream {
  const names = new Set<SecretName>();
  const stop = store.watch(push);
  for (const event of ['end', 'close', 'cancelled', 'error']) call.once(event, stop);
  call.once('end', () => call.end());
  return {
    names,
    subscribe: (wanted) => [...wanted].filter(isSecretName).forEach((name) => names.add(name)),
    unsubscribe: (unwanted) => [...unwanted].filter(isSecretName).forEach((name) => names.delete(name)),
  };
}

function streamWorld(call: WorldCall, store: SecretStore, log: Logger): void {
  let nonce = 0;
  const push = () => {
    const resources = resourcesOf(store, stream.names);
    if (resources.length === 0) return;
    call.write(
      create(DiscoveryResponseSchema, {
        versionInfo: String(store.version),
        typeUrl: TYPE_URL.SDS,
        nonce: String(++nonce),
        resources: resources.map(({ resource }) => resource!),
      }),
    );
  };
  const stream = openStream(call, store, push);
  call.on('data', (request: DiscoveryRequest) => {
    if (request.errorDetail) return log.warn(`proxy refused a secret: ${request.errorDetail.message}`);
    if (request.responseNonce !== '' && request.responseNonce !== String(nonce)) return;
    const before = new Set(stream.names);
    stream.unsubscribe(before);
    stream.subscribe(request.resourceNames);
    const isAck = request.responseNonce !== '' && before.symmetricDifference(stream.names).size === 0;
    if (!isAck) push();
  });
}

function streamDelta(call: DeltaCall, store: SecretStore, log: Logger): void {
  let nonce = 0;
  const push = (names: ReadonlySet<SecretName>) => {
    const resources = resourcesOf(store, names);
    if (resources.length === 0) return;
    call.write(
      create(DeltaDiscoveryResponseSchema, {
        systemVersionInfo: String(store.version),
        typeUrl: TYPE_URL.SDS,
        nonce: String(++nonce),
        resources,
      }),
    );
  };
  const stream = openStream(call, store, () => push(stream.names));
  call.on('data', (request: DeltaDiscoveryRequest) => {
    if (request.errorDetail) log.warn(`proxy refused a secret: ${request.errorDetail.message}`);
    stream.unsubscribe(request.resourceNamesUnsubscribe);
    stream.subscribe(request.resourceNamesSubscribe);
    push(new Set(request.resourceNamesSubscribe.filter(isSecretName)));
  });
}

type DeltaResource = NonNullable<MessageInitShape<typeof DeltaDiscoveryResponseSchema>['resources']>[number];

function resourcesOf(store: SecretStore, names: ReadonlySet<SecretName>): DeltaResource[] {
  const secrets = store.current;
  if (!secrets) return [];
  return Array.from(names, (name) => ({
    name,
    version: String(store.version),
    resource: packAny(SecretSchema, secretResource(name, secrets)),
  }));
}
