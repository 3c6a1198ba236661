// Turns a ConfigSource into what serves it: a stream to a server, or a file.
import {
  type ApiConfigSource,
  ApiConfigSource_ApiType as ApiType,
  ApiVersion,
  type ConfigSource,
} from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { type ClusterAddress, clusterAddress } from '../bootstrap/cluster-address.ts';
import { identity, type WatchedFile } from './watched-file.ts';
import type { XdsForm } from './xds-method.ts';

export type ConfigTarget =
  | { readonly kind: 'file'; readonly file: WatchedFile }
  /** `aggregated`: all types on one stream. */
  | { readonly kind: 'server'; readonly aggregated: boolean; readonly form: XdsForm; readonly server: ServerAddress };

export type ServerAddress = Extract<ClusterAddress, { kind: 'address' }>;

/** A config source names nothing that can be asked. */
export class XdsSourceError extends Error {
  readonly code = 'XDS_SOURCE';
}

const FORMS: ReadonlyMap<ApiType, XdsForm> = new Map([
  [ApiType.GRPC, 'sotw'],
  [ApiType.AGGREGATED_GRPC, 'sotw'],
  [ApiType.DELTA_GRPC, 'delta'],
  [ApiType.AGGREGATED_DELTA_GRPC, 'delta'],
]);

const AGGREGATED: readonly ApiType[] = [ApiType.AGGREGATED_GRPC, ApiType.AGGREGATED_DELTA_GRPC];

/** Throws XdsSourceError. */
export function configTarget(source: ConfigSource | undefined, bootstrap: Bootstrap): ConfigTarget {
  if (source?.resourceApiVersion === ApiVersion.V2)
    throw new XdsSourceError('resource_api_version V2 is not supported: use V3');
  const specifier = source?.configSourceSpecifier;
  switch (specifier?.case) {
    case 'ads':
    case 'self':
      return adsTarget(bootstrap);
    case 'apiConfigSource':
      return serverTarget(specifier.value, AGGREGATED.includes(specifier.value.apiType), bootstrap);
    case 'path':
      return fileTarget(specifier.value, undefined);
    case 'pathConfigSource':
      return fileTarget(specifier.value.path, specifier.value.watchedDirectory?.path);
    default:
      throw new XdsSourceError('the config source says neither ads, self, api_config_source nor path_config_source');
  }
}

/** `self`, which stands in what a server sent, is that server too. */
function adsTarget(bootstrap: Bootstrap): ConfigTarget {
  const api = bootstrap.dynamicResources?.adsConfig;
  if (!api) throw new XdsSourceError('the source is ads, and the bootstrap has no dynamic_resources.ads_config');
  return serverTarget(api, true, bootstrap);
}

function serverTarget(api: ApiConfigSource, aggregated: boolean, bootstrap: Bootstrap): ConfigTarget {
  const form = FORMS.get(api.apiType);
  if (!form) throw new XdsSourceError(`api_type ${ApiType[api.apiType]} is not supported: use GRPC or DELTA_GRPC`);
  if (api.transportApiVersion === ApiVersion.V2)
    throw new XdsSourceError('transport_api_version V2 is not supported: use V3');
  const server = clusterAddress(bootstrap, api);
  if (server.kind === 'refused') throw new XdsSourceError(server.message);
  return { kind: 'server', aggregated, form, server };
}

function fileTarget(path: string, directory: string | undefined): ConfigTarget {
  if (identity(path) === undefined) throw new XdsSourceError(`there is no file ${path}`);
  return { kind: 'file', file: { path, ...(directory !== undefined && { directory }) } };
}
