// Turns the .proto files of Envoy (from the npm package @grpc/grpc-js-xds) and our own
// (packages/api/proto) into packages/api/gen: the messages reachable from `roots`, as JavaScript with types.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeExtensions } from './extension-descriptors.ts';
import { insertNewerFields } from './newer-fields.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const api = join(root, 'packages/api');
const gen = join(api, 'gen');
/** Written whole, then put in the place of `gen`: who reads meanwhile sees the old or the new, and two that write do not meet. */
const next = join(api, `gen.next-${process.pid}`);
const require = createRequire(import.meta.url);

const roots: readonly string[] = [
  'SpiffeWorkloadAPI',
  'envoy.admin.v3.BootstrapConfigDump',
  'envoy.admin.v3.Certificates',
  'envoy.admin.v3.Clusters',
  'envoy.admin.v3.ClustersConfigDump',
  'envoy.admin.v3.EcdsConfigDump',
  'envoy.admin.v3.EndpointsConfigDump',
  'envoy.admin.v3.Listeners',
  'envoy.admin.v3.ListenersConfigDump',
  'envoy.admin.v3.Memory',
  'envoy.admin.v3.MutexStats',
  'envoy.admin.v3.RoutesConfigDump',
  'envoy.admin.v3.ScopedRoutesConfigDump',
  'envoy.admin.v3.SecretsConfigDump',
  'envoy.admin.v3.ServerInfo',
  'envoy.admin.v3.TapRequest',
  'envoy.admin.v3.UnreadyTargetsDumps',
  'envoy.config.bootstrap.v3.Bootstrap',
  'envoy.config.cluster.v3.Cluster',
  'envoy.config.core.v3.TypedExtensionConfig',
  'envoy.config.endpoint.v3.ClusterLoadAssignment',
  'envoy.config.listener.v3.Listener',
  'envoy.config.metrics.v3.StatsdSink',
  'envoy.config.overload.v3.ScaleTimersOverloadActionConfig',
  'envoy.config.rbac.v3.Action',
  'envoy.config.route.v3.FilterConfig',
  'envoy.config.route.v3.RouteConfiguration',
  'envoy.config.route.v3.RouteList',
  'envoy.config.trace.v3.OpenTelemetryConfig',
  'envoy.config.trace.v3.ZipkinConfig',
  'envoy.data.accesslog.v3.HTTPAccessLogEntry',
  'envoy.data.accesslog.v3.TCPAccessLogEntry',
  'envoy.data.core.v3.HealthCheckEvent',
  'envoy.data.tap.v3.TraceWrapper',
  'envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter',
  'envoy.extensions.access_loggers.file.v3.FileAccessLog',
  'envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig',
  'envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig',
  'envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig',
  'envoy.extensions.access_loggers.stream.v3.StderrAccessLog',
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
  'envoy.extensions.bootstrap.internal_listener.v3.InternalListener',
  'envoy.extensions.clusters.aggregate.v3.ClusterConfig',
  'envoy.extensions.clusters.dns.v3.DnsCluster',
  'envoy.extensions.compression.brotli.compressor.v3.Brotli',
  'envoy.extensions.compression.brotli.decompressor.v3.Brotli',
  'envoy.extensions.compression.gzip.compressor.v3.Gzip',
  'envoy.extensions.compression.gzip.decompressor.v3.Gzip',
  'envoy.extensions.compression.zstd.compressor.v3.Zstd',
  'envoy.extensions.compression.zstd.decompressor.v3.Zstd',
  'envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency',
  'envoy.extensions.filters.http.admission_control.v3.AdmissionControl',
  'envoy.extensions.filters.http.buffer.v3.Buffer',
  'envoy.extensions.filters.http.buffer.v3.BufferPerRoute',
  'envoy.extensions.filters.http.compressor.v3.Compressor',
  'envoy.extensions.filters.http.compressor.v3.CompressorPerRoute',
  'envoy.extensions.filters.http.cors.v3.Cors',
  'envoy.extensions.filters.http.cors.v3.CorsPolicy',
  'envoy.extensions.filters.http.decompressor.v3.Decompressor',
  'envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
  'envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute',
  'envoy.extensions.filters.http.fault.v3.HTTPFault',
  'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig',
  'envoy.extensions.filters.http.grpc_web.v3.GrpcWeb',
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute',
  'envoy.extensions.filters.http.header_to_metadata.v3.Config',
  'envoy.extensions.filters.http.health_check.v3.HealthCheck',
  'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
  'envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig',
  'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
  'envoy.extensions.filters.http.on_demand.v3.OnDemand',
  'envoy.extensions.filters.http.on_demand.v3.PerRouteConfig',
  'envoy.extensions.filters.http.ratelimit.v3.RateLimit',
  'envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute',
  'envoy.extensions.filters.http.rbac.v3.RBAC',
  'envoy.extensions.filters.http.rbac.v3.RBACPerRoute',
  'envoy.extensions.filters.http.router.v3.Router',
  'envoy.extensions.filters.http.set_filter_state.v3.Config',
  'envoy.extensions.filters.http.set_metadata.v3.Config',
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSession',
  'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute',
  'envoy.extensions.filters.http.tap.v3.Tap',
  'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec',
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector',
  'envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit',
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst',
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
  'envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit',
  'envoy.extensions.filters.network.direct_response.v3.Config',
  'envoy.extensions.filters.network.echo.v3.Echo',
  'envoy.extensions.filters.network.ext_authz.v3.ExtAuthz',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  'envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit',
  'envoy.extensions.filters.network.mongo_proxy.v3.MongoProxy',
  'envoy.extensions.filters.network.rbac.v3.RBAC',
  'envoy.extensions.filters.network.redis_proxy.v3.RedisProxy',
  'envoy.extensions.filters.network.set_filter_state.v3.Config',
  'envoy.extensions.filters.network.sni_cluster.v3.SniCluster',
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  'envoy.extensions.formatter.metadata.v3.Metadata',
  'envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery',
  'envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig',
  'envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig',
  'envoy.extensions.http.original_ip_detection.xff.v3.XffConfig',
  'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState',
  'envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState',
  'envoy.extensions.internal_redirect.allow_listed_routes.v3.AllowListedRoutesConfig',
  'envoy.extensions.internal_redirect.previous_routes.v3.PreviousRoutesConfig',
  'envoy.extensions.internal_redirect.safe_cross_scheme.v3.SafeCrossSchemeConfig',
  'envoy.extensions.load_balancing_policies.cluster_provided.v3.ClusterProvided',
  'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest',
  'envoy.extensions.load_balancing_policies.maglev.v3.Maglev',
  'envoy.extensions.load_balancing_policies.random.v3.Random',
  'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash',
  'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin',
  'envoy.extensions.load_balancing_policies.subset.v3.Subset',
  'envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality',
  'envoy.extensions.matching.common_inputs.network.v3.ApplicationProtocolInput',
  'envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput',
  'envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput',
  'envoy.extensions.matching.common_inputs.network.v3.DirectSourceIPInput',
  'envoy.extensions.matching.common_inputs.network.v3.ServerNameInput',
  'envoy.extensions.matching.common_inputs.network.v3.SourceIPInput',
  'envoy.extensions.matching.common_inputs.network.v3.SourcePortInput',
  'envoy.extensions.matching.common_inputs.network.v3.SourceTypeInput',
  'envoy.extensions.matching.common_inputs.network.v3.TransportProtocolInput',
  'envoy.extensions.matching.common_inputs.ssl.v3.DnsSanInput',
  'envoy.extensions.matching.common_inputs.ssl.v3.SubjectInput',
  'envoy.extensions.matching.common_inputs.ssl.v3.UriSanInput',
  'envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
  'envoy.extensions.network.dns_resolver.getaddrinfo.v3.GetAddrInfoDnsResolverConfig',
  'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
  'envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig',
  'envoy.extensions.regex_engines.v3.GoogleRE2',
  'envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig',
  'envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
  'envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig',
  'envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate',
  'envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig',
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
  'envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig',
  'envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport',
  'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport',
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
  'envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig',
  'envoy.extensions.transport_sockets.tls.v3.Secret',
  'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  'envoy.service.accesslog.v3.AccessLogService',
  'envoy.service.auth.v3.Authorization',
  'envoy.service.discovery.v3.AggregatedDiscoveryService',
  'envoy.service.discovery.v3.DeltaDiscoveryRequest',
  'envoy.service.discovery.v3.DeltaDiscoveryResponse',
  'envoy.service.discovery.v3.DiscoveryRequest',
  'envoy.service.discovery.v3.DiscoveryResponse',
  'envoy.service.ratelimit.v3.RateLimitService',
  'envoy.service.route.v3.VirtualHostDiscoveryService',
  'envoy.service.secret.v3.SecretDiscoveryService',
  'envoy.service.status.v3.ClientStatusDiscoveryService',
  'envoy.tcp.metadataexchange.config.MetadataExchange',
  'envoy.type.matcher.v3.HttpRequestHeaderMatchInput',
  'google.rpc.Status',
  'io.istio.http.peer_metadata.Config',
  'istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig',
  'istio.mixer.v1.Attributes',
  'istio.mixer.v1.Mixer',
  'istio.networking.nds.v1.NameTable',
  'istio.v1.auth.IstioCAService',
  'istio.v1.auth.IstioCertificateService',
  'istio.workload.Address',
  'istio.workload.BootstrapExtension',
  'meltemi.mixer.v1.MixerFilter',
  'opentelemetry.proto.collector.logs.v1.LogsService',
  'opentelemetry.proto.collector.trace.v1.TraceService',
  'stats.PluginConfig',
  'udpa.type.v1.TypedStruct',
  'xds.type.matcher.v3.IPMatcher',
  'xds.type.matcher.v3.Matcher',
  'xds.type.v3.TypedStruct',
];

/** The messages of the roots live in these folders; nothing else of the trees is compiled. */
const folders = [...new Set(roots.filter((name) => /^(?:envoy|xds|udpa)\./.test(name)).map(folderOf))];

const protos = join(next, '.proto');
const stamp = join(gen, '.stamp');
const fingerprint = createHash('sha256')
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .update(readFileSync(fileURLToPath(import.meta.resolve('./newer-fields.ts'))))
  .update(readFileSync(fileURLToPath(import.meta.resolve('./extension-descriptors.ts'))))
  .update(packageVersion('@grpc/grpc-js-xds'))
  .update(packageVersion('@bufbuild/protoc-gen-es'))
  .update(
    ownProtos()
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n'),
  )
  .digest('hex');

if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) process.exit(0);
rmSync(next, { recursive: true, force: true });
collectProtos();
compile();
describeExtensions({ protos, buf: bufProgram(), out: next });
rmSync(protos, { recursive: true });
writeFileSync(join(next, '.stamp'), fingerprint);
rmSync(gen, { recursive: true, force: true });
renameSync(next, gen);

function collectProtos(): void {
  const deps = join(packageFolder('@grpc/grpc-js-xds'), 'deps');
  mkdirSync(protos, { recursive: true });
  for (const folder of ['admin', 'annotations', 'config', 'data', 'extensions', 'service', 'type']) {
    cpSync(join(deps, 'envoy-api/envoy', folder), join(protos, 'envoy', folder), { recursive: true });
  }
  // Nothing here uses these two, and what they import does not come with the package.
  for (const file of ['opencensus', 'trace']) rmSync(join(protos, `envoy/config/trace/v3/${file}.proto`));
  for (const folder of ['udpa', 'xds']) cpSync(join(deps, 'xds', folder), join(protos, folder), { recursive: true });
  for (const folder of ['google/api', 'google/rpc']) {
    cpSync(join(deps, 'googleapis', folder), join(protos, folder), { recursive: true });
  }
  mkdirSync(join(protos, 'validate'));
  const validate = readFileSync(join(deps, 'protoc-gen-validate/validate/validate.proto'), 'utf8');
  writeFileSync(join(protos, 'validate/validate.proto'), withIgnoreEmpty(validate));
  insertNewerFields(protos);
  cpSync(join(api, 'proto'), protos, { recursive: true });
}

/** Envoy's files use `ignore_empty`, which the bundled rules file is too old to declare. */
function withIgnoreEmpty(proto: string): string {
  return proto.replaceAll(/^message (\w+Rules) \{$/gm, '$&\n    optional bool ignore_empty = 1000;');
}

function compile(): void {
  const template = {
    version: 'v2',
    inputs: [
      {
        directory: protos,
        paths: [...folders, 'google/rpc', 'istio', 'meltemi', 'opentelemetry', 'spiffe'].map((folder) =>
          join(protos, folder),
        ),
        types: roots,
        exclude_types: ['validate', 'udpa.annotations', 'xds.annotations.v3', 'envoy.annotations'],
      },
    ],
    plugins: [
      {
        local: [process.execPath, join(packageFolder('@bufbuild/protoc-gen-es'), 'bin/protoc-gen-es')],
        out: next,
        opt: ['target=js+dts', 'import_extension=js'],
        strategy: 'all',
        include_imports: true,
      },
    ],
  };
  execFileSync(process.execPath, [bufProgram(), 'generate', '--template', JSON.stringify(template)], {
    cwd: api,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

function bufProgram(): string {
  return join(packageFolder('@bufbuild/buf'), 'bin/buf');
}

function folderOf(type: string): string {
  return type.split('.').slice(0, -1).join('/');
}

function ownProtos(): string[] {
  const folder = join(api, 'proto');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.proto'))
    .sort()
    .map((file) => join(folder, file));
}

function packageFolder(name: string): string {
  for (const base of require.resolve.paths(name) ?? []) {
    if (existsSync(join(base, name, 'package.json'))) return join(base, name);
  }
  throw new Error(`package ${name} is not installed`);
}

function packageVersion(name: string): string {
  return JSON.parse(readFileSync(join(packageFolder(name), 'package.json'), 'utf8')).version as string;
}
