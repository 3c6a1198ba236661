// What configuration asks of a DNS resolver of its own, and can't have: names are asked of the system's.
import { type FieldFault, unpackAny } from '@meltemi/api';
import type { TypedExtensionConfig } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import type { DnsResolutionConfig } from '@meltemi/api/envoy/config/core/v3/resolver_pb';
import { CaresDnsResolverConfigSchema } from '@meltemi/api/envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver_pb';
import { refusedType } from './refused-types.ts';
import { typeOf } from './typed-struct.ts';

/** Of `dns_resolution_config`. */
export function resolutionFaults(config: DnsResolutionConfig | undefined): readonly FieldFault[] {
  return namedResolvers('dns_resolution_config', config?.resolvers.length ?? 0);
}

const GETADDRINFO = 'envoy.extensions.network.dns_resolver.getaddrinfo.v3.GetAddrInfoDnsResolverConfig';

/** Of `typed_dns_resolver_config`. */
export function typedResolverFaults(config: TypedExtensionConfig | undefined): readonly FieldFault[] {
  const path = 'typed_dns_resolver_config.typed_config';
  const cares = unpackAny(config?.typedConfig, CaresDnsResolverConfigSchema);
  if (cares) return namedResolvers(path, cares.resolvers.length);
  const type = typeOf(config?.typedConfig);
  if (type === GETADDRINFO) return [];
  return [{ path, message: refusedType(type) ?? `extension type ${type} is not supported` }];
}

function namedResolvers(path: string, resolvers: number): readonly FieldFault[] {
  if (resolvers === 0) return [];
  return [{ path: `${path}.resolvers`, message: 'the system resolver is used: leave the list empty' }];
}
