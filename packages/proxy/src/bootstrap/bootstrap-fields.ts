// Says of each top-level field of a bootstrap what becomes of it: honoured, harmless to leave alone, or refused.
import { isMessage } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { type FieldFault, fieldFaults, type FieldRules, unpackAny } from '@meltemi/api';
import { type Bootstrap, BootstrapSchema } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import { TypedExtensionConfigSchema } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import { FileAccessLogSchema } from '@meltemi/api/envoy/extensions/access_loggers/file/v3/file_pb';
import { refusedType } from './refused-types.ts';
import { resolutionFaults, typedResolverFaults } from './resolver-faults.ts';
import { typeOf } from './typed-struct.ts';

/** By the names of the fields; a test checks that none is left out. */
export const BOOTSTRAP_FIELDS: FieldRules<Bootstrap> = {
  node: 'honoured',
  node_context_params: 'harmless',
  static_resources: 'honoured',
  dynamic_resources: dynamicFaults,
  cluster_manager: clusterManagerFaults,
  hds_config: { refused: 'health discovery is not supported: use health_checks of the clusters' },
  flags_path: 'harmless',
  stats_sinks: 'honoured',
  deferred_stat_options: 'harmless',
  stats_config: statsConfigFaults,
  stats_flush_interval: 'honoured',
  stats_flush_on_admin: (bootstrap) =>
    bootstrap.statsSinks.length === 0
      ? []
      : [{ path: 'stats_flush_on_admin', message: 'sinks are fed by time: use stats_flush_interval' }],
  watchdog: 'harmless',
  watchdogs: 'harmless',
  tracing: { refused: 'a tracer for the whole process is not supported: use tracing of the connection managers' },
  layered_runtime: runtimeFaults,
  admin: adminFaults,
  overload_manager: 'honoured',
  enable_dispatcher_stats: 'harmless',
  header_prefix: (bootstrap) =>
    bootstrap.headerPrefix === 'x-envoy' ? [] : [{ path: 'header_prefix', message: 'only x-envoy is supported' }],
  stats_server_version_override: 'harmless',
  use_tcp_for_dns_lookups: { refused: 'the system resolver decides how names are asked for' },
  dns_resolution_config: (bootstrap) => resolutionFaults(bootstrap.dnsResolutionConfig),
  typed_dns_resolver_config: (bootstrap) => typedResolverFaults(bootstrap.typedDnsResolverConfig),
  bootstrap_extensions: extensionFaults,
  fatal_actions: { refused: 'actions at a crash are not supported' },
  config_sources: { refused: 'xdstp:// resources are not supported' },
  default_config_source: { refused: 'xdstp:// resources are not supported' },
  default_socket_interface: { refused: 'other socket interfaces are not supported' },
  certificate_provider_instances: { refused: 'certificate providers are not supported: use SDS' },
  inline_headers: 'harmless',
  perf_tracing_file_path: 'harmless',
  default_regex_engine: (bootstrap) =>
    namedFaults('default_regex_engine', bootstrap.defaultRegexEngine?.typedConfig, [
      'envoy.extensions.regex_engines.v3.GoogleRE2',
    ]),
  xds_delegate_extension: { refused: 'delegates of configuration discovery are not supported' },
  xds_config_tracker_extension: { refused: 'trackers of configuration discovery are not supported' },
  listener_manager: (bootstrap) =>
    namedFaults('listener_manager', bootstrap.listenerManager?.typedConfig, [
      'envoy.config.listener.v3.ListenerManager',
      'envoy.config.listener.v3.ValidationListenerManager',
    ]),
  application_log_config: 'harmless',
  grpc_async_client_manager_config: 'harmless',
  memory_allocator_manager: 'harmless',
};

/** Faults of all fields that are set. */
export function bootstrapFaults(bootstrap: Bootstrap): readonly FieldFault[] {
  return fieldFaults(BootstrapSchema, BOOTSTRAP_FIELDS, bootstrap);
}

function dynamicFaults({ dynamicResources }: Bootstrap): readonly FieldFault[] {
  const message = 'xdstp:// resources are not supported';
  return [
    ...(dynamicResources?.ldsResourcesLocator ? [{ path: 'dynamic_resources.lds_resources_locator', message }] : []),
    ...(dynamicResources?.cdsResourcesLocator ? [{ path: 'dynamic_resources.cds_resources_locator', message }] : []),
  ];
}

function clusterManagerFaults({ clusterManager }: Bootstrap): readonly FieldFault[] {
  return [
    ...(clusterManager?.loadStatsConfig
      ? [{ path: 'cluster_manager.load_stats_config', message: 'load reporting (LRS) is not supported' }]
      : []),
    ...(clusterManager?.localClusterName
      ? [{ path: 'cluster_manager.local_cluster_name', message: 'zone-aware routing is not supported' }]
      : []),
  ];
}

function statsConfigFaults({ statsConfig }: Bootstrap): readonly FieldFault[] {
  if (!statsConfig || statsConfig.histogramBucketSettings.length === 0) return [];
  const message = 'buckets of histograms can not be chosen: they are those of a default Envoy';
  return [{ path: 'stats_config.histogram_bucket_settings', message }];
}

function runtimeFaults({ layeredRuntime }: Bootstrap): readonly FieldFault[] {
  return (layeredRuntime?.layers ?? []).flatMap(({ layerSpecifier }, index) => {
    const path = `layered_runtime.layers[${index}]`;
    switch (layerSpecifier.case) {
      case 'staticLayer':
      case 'adminLayer':
        return [];
      case 'diskLayer':
        return [
          { path: `${path}.disk_layer`, message: 'runtime values from disk are not supported: use static_layer' },
        ];
      case 'rtdsLayer':
        return [{ path: `${path}.rtds_layer`, message: 'runtime discovery is not supported: use static_layer' }];
      default:
        return [{ path, message: 'a layer needs one of static_layer and admin_layer' }];
    }
  });
}

/** What nobody reads needs no writer: agents send admin logs to /dev/null. */
function adminFaults({ admin }: Bootstrap): readonly FieldFault[] {
  const logged = (admin?.accessLog ?? []).flatMap(({ configType }, index) => {
    const path = `admin.access_log[${index}]`;
    const file = configType.case === 'typedConfig' ? unpackAny(configType.value, FileAccessLogSchema) : undefined;
    return file?.path === '/dev/null'
      ? []
      : [{ path, message: 'requests for admin pages are not logged: use /dev/null' }];
  });
  if (!admin?.accessLogPath || admin.accessLogPath === '/dev/null') return logged;
  return [
    ...logged,
    { path: 'admin.access_log_path', message: 'requests for admin pages are not logged: use /dev/null' },
  ];
}

/** Internal listeners belong to waypoints, which nothing here leads to; Istio's agent always asks for them. */
const EXTENSIONS: readonly string[] = [
  'envoy.extensions.bootstrap.internal_listener.v3.InternalListener',
  'istio.workload.BootstrapExtension',
];

function extensionFaults({ bootstrapExtensions }: Bootstrap): readonly FieldFault[] {
  return bootstrapExtensions.flatMap((extension, index) =>
    isMessage(extension, TypedExtensionConfigSchema)
      ? namedFaults(`bootstrap_extensions[${index}]`, extension.typedConfig, EXTENSIONS)
      : [],
  );
}

function namedFaults(path: string, config: Any | undefined, known: readonly string[]): readonly FieldFault[] {
  const type = typeOf(config);
  if (known.includes(type)) return [];
  return [{ path: `${path}.typed_config`, message: refusedType(type) ?? `extension type ${type} is not supported` }];
}
