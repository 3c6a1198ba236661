// nginx as the server behind all proxies, and as a proxy itself; haproxy as one.

const paths = ['proxy', 'client', 'fastcgi', 'uwsgi', 'scgi']
  .map((kind) => `${kind}_${kind === 'client' ? 'body_' : ''}temp_path ${kind}-tmp;`)
  .join(' ');

const main = (port: number): string =>
  `daemon off; worker_processes 1; pid nginx-${port}.pid; error_log stderr error; worker_rlimit_nofile 20000;
events { worker_connections 16384; }
`;

export const BODY = '0123456789'.repeat(7).slice(0, 64);
export const BODY_1K = BODY.repeat(16);

export interface Upstream {
  /** HTTP/1.1: `/1k` answers with 1 KB, every other path with 64 bytes. */
  readonly port: number;
  /** HTTP/2 without TLS: answers as a gRPC method. */
  readonly grpcPort: number;
}

/** Fixed answers, which cost it next to nothing; `messages`: folder with a file `unary`, the gRPC answer's message. */
export function upstreamConfig({ port, grpcPort }: Upstream, messages: string): string {
  return `${main(port)}http {
  access_log off; keepalive_requests 1000000000; default_type text/plain; ${paths}
  server { listen 127.0.0.1:${port} backlog=4096; location / { return 200 "${BODY}"; } location = /1k { return 200 "${BODY_1K}"; } }
  server {
    listen 127.0.0.1:${grpcPort} http2 backlog=4096; http2_max_concurrent_streams 1000; root ${messages}; default_type application/grpc;
    open_file_cache max=10 inactive=1d; error_page 404 405 =200 /unary; add_trailer grpc-status 0;
  }
}
`;
}

export function nginxProxyConfig(listen: number, upstream: number): string {
  return `${main(listen)}http {
  access_log off; keepalive_requests 1000000000; ${paths}
  upstream backend { server 127.0.0.1:${upstream}; keepalive 256; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:${listen} backlog=4096; location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; } }
}
`;
}

export function haproxyConfig(listen: number, upstream: number): string {
  return `global
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
`;
}
