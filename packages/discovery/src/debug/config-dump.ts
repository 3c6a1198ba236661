// What a proxy is to have → Envoy's config_dump of it, as messages or as JSON; keys of secrets are left out.
import {
  create,
  type DescMessage,
  fromBinary,
  type JsonObject,
  type JsonValue,
  type MessageInitShape,
  toJson,
} from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { extensionRegistry, packAny } from '@meltemi/api';
import { BootstrapConfigDumpSchema, SecretsConfigDumpSchema } from '@meltemi/api/envoy/admin/v3/config_dump_pb';
import {
  ClustersConfigDumpSchema,
  EcdsConfigDumpSchema,
  EndpointsConfigDumpSchema,
  ListenersConfigDumpSchema,
  RoutesConfigDumpSchema,
  ScopedRoutesConfigDumpSchema,
} from '@meltemi/api/envoy/admin/v3/config_dump_shared_pb';
import type { Fragment } from '../fragment.ts';
import type { ProxyResources, ServedType } from '../resources.ts';
import { redacted } from './redacted-secret.ts';

export interface DumpOptions {
  /** Of the snapshot that the resources are of. */
  readonly version: string;
  readonly includeEndpoints: boolean;
}

/** One section of a dump. */
interface Section {
  readonly any: () => Any;
  readonly json: (names: FieldNames) => JsonObject;
}

/** `proto`: `route_config`, as proxies' own dumps say; `json`: `routeConfig`. */
export type FieldNames = 'json' | 'proto';

/** https://www.envoyproxy.io/docs/envoy/latest/api-v3/admin/v3/config_dump.proto, as far as it is served. */
export function configDumpJson(resources: ProxyResources, names: FieldNames, options: DumpOptions): JsonValue {
  return { configs: sections(resources, options).map((section) => section.json(names)) };
}

/** The sections of a dump, as xDS carries them. */
export function configDumpAnys(resources: ProxyResources, options: DumpOptions): readonly Any[] {
  return sections(resources, options).map((section) => section.any());
}

/** The resources of some types, each as `{"@type": …, …}`. */
export function resourcesDump(resources: ProxyResources, types: readonly ServedType[]): JsonValue {
  return { configs: types.flatMap((type) => resourcesJson(resources[type])) };
}

/** Each resource as `{"@type": …, …}`. */
export function resourcesJson(fragments: ReadonlyMap<string, Fragment>): JsonValue[] {
  return [...fragments.values()].map((fragment) =>
    toJson(AnySchema, anyOf(fragment), { registry: extensionRegistry() }),
  );
}

/** In istiod's order. */
function sections(resources: ProxyResources, { version, includeEndpoints }: DumpOptions): readonly Section[] {
  const list = (type: ServedType) => [...resources[type].values()].map(anyOf);
  const versionInfo = version;
  return [
    section(BootstrapConfigDumpSchema, {}),
    section(ClustersConfigDumpSchema, {
      versionInfo,
      dynamicActiveClusters: list('CDS').map((cluster) => ({ cluster })),
    }),
    ...(includeEndpoints
      ? [
          section(EndpointsConfigDumpSchema, {
            dynamicEndpointConfigs: list('EDS').map((endpointConfig) => ({ versionInfo, endpointConfig })),
          }),
        ]
      : []),
    section(ListenersConfigDumpSchema, {
      versionInfo,
      dynamicListeners: [...resources.LDS.values()].map((fragment) => ({
        name: fragment.name,
        activeState: { versionInfo, listener: anyOf(fragment) },
      })),
    }),
    section(ScopedRoutesConfigDumpSchema, {}),
    section(RoutesConfigDumpSchema, {
      dynamicRouteConfigs: list('RDS').map((routeConfig) => ({ versionInfo, routeConfig })),
    }),
    section(SecretsConfigDumpSchema, {
      dynamicActiveSecrets: [...resources.SDS.values()].map((fragment) => ({
        name: fragment.name,
        versionInfo,
        secret: anyOf(fragment),
      })),
    }),
    section(EcdsConfigDumpSchema, { ecdsFilters: list('ECDS').map((ecdsFilter) => ({ versionInfo, ecdsFilter })) }),
  ];
}

function section<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): Section {
  const message = create(schema, init);
  return {
    any: () => packAny(schema, message),
    json: (names) => {
      const options = { registry: extensionRegistry(), useProtoFieldName: names === 'proto' };
      const type = { '@type': `type.googleapis.com/${schema.typeName}` };
      return { ...type, ...(toJson(schema, message, options) as JsonObject) };
    },
  };
}

function anyOf({ any }: Fragment): Any {
  return redacted(fromBinary(AnySchema, any));
}
