// Turns the .proto files of Envoy (from the npm package @grpc/grpc-js-xds) and our own
// (packages/api/proto) into packages/api/gen: the messages reachable from `roots`, as JavaScript with types.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const api = join(root, 'packages/api');
const gen = join(api, 'gen');
const require = createRequire(import.meta.url);

const roots: readonly string[] = [
  'envoy.config.bootstrap.v3.Bootstrap',
  'envoy.config.listener.v3.Listener',
  'envoy.config.route.v3.RouteConfiguration',
  'envoy.config.cluster.v3.Cluster',
  'envoy.config.endpoint.v3.ClusterLoadAssignment',
  'envoy.config.core.v3.TypedExtensionConfig',
  'envoy.service.discovery.v3.AggregatedDiscoveryService',
  'envoy.service.discovery.v3.DiscoveryRequest',
  'envoy.service.discovery.v3.DiscoveryResponse',
  'envoy.service.discovery.v3.DeltaDiscoveryRequest',
  'envoy.service.discovery.v3.DeltaDiscoveryResponse',
  'envoy.service.secret.v3.SecretDiscoveryService',
  'envoy.service.status.v3.ClientStatusDiscoveryService',
  'envoy.admin.v3.BootstrapConfigDump',
  'envoy.admin.v3.ListenersConfigDump',
  'envoy.admin.v3.ClustersConfigDump',
  'envoy.admin.v3.RoutesConfigDump',
  'envoy.admin.v3.EndpointsConfigDump',
  'envoy.admin.v3.SecretsConfigDump',
  'envoy.admin.v3.Clusters',
  'envoy.admin.v3.Listeners',
  'envoy.admin.v3.ServerInfo',
  'envoy.extensions.access_loggers.file.v3.FileAccessLog',
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
  'envoy.extensions.filters.http.cors.v3.Cors',
  'envoy.extensions.filters.http.cors.v3.CorsPolicy',
  'envoy.extensions.filters.http.fault.v3.HTTPFault',
  'envoy.extensions.filters.http.rbac.v3.RBAC',
  'envoy.extensions.filters.http.router.v3.Router',
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector',
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst',
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  'envoy.extensions.filters.network.rbac.v3.RBAC',
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
  'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
  'envoy.extensions.transport_sockets.tls.v3.Secret',
  'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  'google.rpc.Status',
  'istio.mixer.v1.Attributes',
  'istio.mixer.v1.Mixer',
  'istio.v1.auth.IstioCertificateService',
];

/** The extension messages of the roots live in these folders; nothing else of Envoy's tree is compiled. */
const envoyFolders = [...new Set(roots.filter((name) => name.startsWith('envoy.')).map(folderOf))];

const protos = join(gen, '.proto');
const stamp = join(gen, '.stamp');
const fingerprint = createHash('sha256')
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .update(packageVersion('@grpc/grpc-js-xds'))
  .update(packageVersion('@bufbuild/protoc-gen-es'))
  .update(
    ownProtos()
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n'),
  )
  .digest('hex');

if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) process.exit(0);
rmSync(gen, { recursive: true, force: true });
collectProtos();
compile();
rmSync(protos, { recursive: true });
writeFileSync(stamp, fingerprint);

function collectProtos(): void {
  const deps = join(packageFolder('@grpc/grpc-js-xds'), 'deps');
  mkdirSync(protos, { recursive: true });
  for (const folder of ['admin', 'annotations', 'config', 'data', 'extensions', 'service', 'type']) {
    cpSync(join(deps, 'envoy-api/envoy', folder), join(protos, 'envoy', folder), { recursive: true });
  }
  for (const folder of ['udpa', 'xds']) cpSync(join(deps, 'xds', folder), join(protos, folder), { recursive: true });
  for (const folder of ['google/api', 'google/rpc']) {
    cpSync(join(deps, 'googleapis', folder), join(protos, folder), { recursive: true });
  }
  mkdirSync(join(protos, 'validate'));
  const validate = readFileSync(join(deps, 'protoc-gen-validate/validate/validate.proto'), 'utf8');
  writeFileSync(join(protos, 'validate/validate.proto'), withIgnoreEmpty(validate));
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
        paths: [...envoyFolders, 'google/rpc', 'istio'].map((folder) => join(protos, folder)),
        types: roots,
        exclude_types: ['validate', 'udpa.annotations', 'xds.annotations.v3', 'envoy.annotations'],
      },
    ],
    plugins: [
      {
        local: [process.execPath, join(packageFolder('@bufbuild/protoc-gen-es'), 'bin/protoc-gen-es')],
        out: gen,
        opt: ['target=js+dts', 'import_extension=js'],
        strategy: 'all',
        include_imports: true,
      },
    ],
  };
  const buf = join(packageFolder('@bufbuild/buf'), 'bin/buf');
  execFileSync(process.execPath, [buf, 'generate', '--template', JSON.stringify(template)], {
    cwd: api,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
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
