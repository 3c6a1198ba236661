// Turns a packed resource of a response into its message and its name.
import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { TypedExtensionConfigSchema } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import { ClusterLoadAssignmentSchema } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { TYPE_URL, type XdsType } from '@meltemi/api';
import type { XdsResources } from './xds-client.ts';

export type XdsMessage = XdsResources[XdsType];

/** A resource as it came, decoded. `version` is its own (delta) or that of its response. */
export interface DecodedResource {
  readonly name: string;
  readonly version: string;
  readonly any: Any;
  readonly message: XdsMessage;
  /** It is gone when it isn't renewed within this time. */
  readonly ttlMs?: number;
}

/** How a type's bytes become a message with a name. */
interface Decoder {
  readonly decode: (bytes: Uint8Array) => XdsMessage;
  readonly nameOf: (message: XdsMessage) => string;
}

const DECODERS: Readonly<Record<XdsType, Decoder>> = {
  CDS: decoder(ClusterSchema, (cluster) => cluster.name),
  EDS: decoder(ClusterLoadAssignmentSchema, (assignment) => assignment.clusterName),
  LDS: decoder(ListenerSchema, (listener) => listener.name),
  RDS: decoder(RouteConfigurationSchema, (routes) => routes.name),
  SDS: decoder(SecretSchema, (secret) => secret.name),
  ECDS: decoder(TypedExtensionConfigSchema, (config) => config.name),
  VHDS: decoder(RouteConfigurationSchema, (routes) => routes.name),
};

/** Throws an Error that says what is wrong with the bytes, the type or the name. */
export function decodeResource(type: XdsType, any: Any, version: string): DecodedResource {
  if (any.typeUrl !== TYPE_URL[type]) throw new TypeError(`a ${any.typeUrl} came as ${type}`);
  const { decode, nameOf } = DECODERS[type];
  const message = decode(any.value);
  const name = nameOf(message);
  if (name === '') throw new TypeError(`a ${type} resource has no name`);
  return { name, version, any, message };
}

function decoder<Desc extends DescMessage>(schema: Desc, nameOf: (message: MessageShape<Desc>) => string): Decoder {
  return {
    decode: (bytes) => fromBinary(schema, bytes) as unknown as XdsMessage,
    nameOf: (message) => nameOf(message as unknown as MessageShape<Desc>),
  };
}
