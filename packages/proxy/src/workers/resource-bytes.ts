// Turns resources of configuration discovery, and the sources that they come from, into bytes and back: workers share no objects.
import { type DescMessage, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { XdsType } from '@meltemi/api';
import { ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { type ConfigSource, ConfigSourceSchema } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import { TypedExtensionConfigSchema } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import { ClusterLoadAssignmentSchema } from '@meltemi/api/envoy/config/endpoint/v3/endpoint_pb';
import { ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import { RouteConfigurationSchema } from '@meltemi/api/envoy/config/route/v3/route_pb';
import { SecretSchema } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import type { XdsResources } from '../xds/xds-client.ts';

/** Any resource that discovery brings. */
export type Resource = XdsResources[XdsType];

const SCHEMAS: Readonly<Record<XdsType, DescMessage>> = {
  CDS: ClusterSchema,
  EDS: ClusterLoadAssignmentSchema,
  LDS: ListenerSchema,
  RDS: RouteConfigurationSchema,
  SDS: SecretSchema,
  ECDS: TypedExtensionConfigSchema,
  VHDS: RouteConfigurationSchema,
};

export function resourceBytes(type: XdsType, resource: Resource): Uint8Array {
  return toBinary(SCHEMAS[type], resource);
}

/** Throws for bytes that `resourceBytes` did not make. */
export function resourceOf(type: XdsType, bytes: Uint8Array): Resource {
  return fromBinary(SCHEMAS[type], bytes) as unknown as Resource;
}

/** The same for the same source, in every worker. */
export function sourceKey(source: ConfigSource | undefined): string {
  return source ? Buffer.from(toBinary(ConfigSourceSchema, source)).toString('base64') : '';
}
