// One HTTP/1.1 route to one upstream, as each proxy writes it: keep-alive both ways, no access log, one worker.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Addresses, Rival } from './rival.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The program of a component, as `./mesh bench` has set it up. */
function program(variable: string): string {
  const path = process.env[variable];
  if (!path) throw new Error(`${variable} is not set: run this by ./mesh bench`);
  return path;
}

/** Envoy's FAQ on benchmarking: one worker, raised breakers, no request ids, no dynamic stats. */
function envoyBootstrap({ listen, upstream, admin }: Addresses): string {
  const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'bench',
    generate_request_id: false,
    route_config: {
      name: 'bench',
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream' } }] },
      ],
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
          dynamic_stats: false,
        },
      },
    ],
  };
  const limits = { max_connections: 10_000, max_pending_requests: 10_000, max_requests: 10_000 };
  return JSON.stringify({
    admin: { address: address(admin) },
    static_resources: {
      listeners: [
        {
          name: 'bench',
          address: address(listen),
          filter_chains: [
            { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] },
          ],
        },
      ],
      clusters: [
        {
          name: 'upstream',
          type: 'STATIC',
          connect_timeout: '5s',
          circuit_breakers: { thresholds: [limits] },
          load_assignment: {
            cluster_name: 'upstream',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstream) } }] }],
          },
        },
      ],
    },
  });
}

export const ours: Rival = {
  name: 'meltemi',
  fileName: 'meltemi.json',
  config: envoyBootstrap,
  command: (file) => [process.execPath, join(root, 'bin/proxy.ts'), '-c', file, '--concurrency', '1', '-l', 'warn'],
};

export const envoy: Rival = {
  name: 'envoy',
  fileName: 'envoy.json',
  config: envoyBootstrap,
  command: (file) => [
    program('MELTEMI_ENVOY'),
    '-c',
    file,
    '--concurrency',
    '1',
    '-l',
    'error',
    '--use-dynamic-base-id',
  ],
};

export const nginx: Rival = {
  name: 'nginx',
  fileName: 'nginx.conf',
  config: ({ listen, upstream }) => `daemon off; worker_processes 1; pid nginx-proxy.pid; error_log stderr error;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000000; proxy_temp_path proxy-tmp; client_body_temp_path client-tmp; fastcgi_temp_path fastcgi-tmp; uwsgi_temp_path uwsgi-tmp; scgi_temp_path scgi-tmp;
  upstream backend { server 127.0.0.1:${upstream}; keepalive 256; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:${listen} backlog=4096; location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; } } }
`,
  command: (file) => [program('MELTEMI_NGINX'), '-p', dirname(file), '-c', file],
};

export const haproxy: Rival = {
  name: 'haproxy',
  fileName: 'haproxy.cfg',
  config: ({ listen, upstream }) => `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend bench
  bind 127.0.0.1:${listen} backlog 4096
  default_backend upstream
backend upstream
  server one 127.0.0.1:${upstream}
`,
  command: (file) => [program('MELTEMI_HAPROXY'), '-db', '-f', file],
};

/** The server behind them all: nginx with a fixed answer, which costs it next to nothing. */
export const backend: Rival = {
  name: 'backend',
  fileName: 'backend.conf',
  config: ({ listen }) => `daemon off; worker_processes 1; pid nginx-backend.pid; error_log stderr error;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000000; default_type text/plain; proxy_temp_path proxy-tmp; client_body_temp_path client-tmp; fastcgi_temp_path fastcgi-tmp; uwsgi_temp_path uwsgi-tmp; scgi_temp_path scgi-tmp;
  server { listen 127.0.0.1:${listen} backlog=4096; location / { return 200 "0123456789012345678901234567890123456789012345678901234567890123"; } } }
`,
  command: (file) => [program('MELTEMI_NGINX'), '-p', dirname(file), '-c', file],
};
