// Turns the TunnelingConfig of a tcp_proxy into the request that opens a tunnel for a connection.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/http/upgrades#tunneling-tcp-over-http
import type { TcpProxy_TunnelingConfig as TunnelingConfig } from '@meltemi/api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import { applyHeaderChanges, compileHeaderChanges, type FormatSource } from '@meltemi/decide';
import { type AccessLogEntry, compileLogValue } from '@meltemi/telemetry';
import { CHUNKED, Headers } from '@meltemi/wire';
import type { UpstreamRequest } from '../cluster/cluster.ts';
import { headerCommand } from '../http/header-command.ts';
import { TcpConfigError } from './tcp-config-error.ts';

export interface TunnelSettings {
  /** What asks for the tunnel, as the connection's own facts fill it in. */
  request(entry: AccessLogEntry): UpstreamRequest;
}

/** Throws a typed error for what can't be honoured. */
export function tunnelSettings(config: TunnelingConfig | undefined): TunnelSettings | undefined {
  if (!config) return undefined;
  refuseUnsupported(config);
  const hostname = compileLogValue(config.hostname, { hostname: '', omitEmptyValues: true });
  for (const { header } of config.headersToAdd) compileLogValue(header?.value ?? '', { hostname: '' });
  const changes = compileHeaderChanges(config.headersToAdd, []);
  return {
    request(entry) {
      const authority = hostname(entry);
      const headers = new Headers();
      headers.set('host', authority);
      applyHeaderChanges(changes, headers, sourceOf(entry));
      if (!config.usePost) return { method: 'CONNECT', target: authority, headers, bodyLength: 0, upgrade: true };
      return { method: 'POST', target: config.postPath || '/', headers, bodyLength: CHUNKED, upgrade: false };
    },
  };
}

/** A connection of bytes has no headers. */
function sourceOf(entry: AccessLogEntry): FormatSource {
  return {
    requestHeader: () => undefined,
    responseHeader: () => undefined,
    value: (name, argument) => headerCommand(name, argument, entry),
  };
}

function refuseUnsupported(config: TunnelingConfig): void {
  if (config.hostname === '') throw new TcpConfigError('BAD_FILTER', 'tcp_proxy: tunneling_config has no hostname');
  if (config.postPath !== '' && !config.usePost) {
    throw new TcpConfigError('BAD_FILTER', 'tcp_proxy: tunneling_config has a post_path without use_post');
  }
  const unsupported = [
    config.propagateResponseHeaders && 'propagate_response_headers',
    config.propagateResponseTrailers && 'propagate_response_trailers',
  ].find((field) => field);
  if (unsupported) {
    throw new TcpConfigError('UNSUPPORTED_FIELD', `tcp_proxy: tunneling_config: ${unsupported} is not supported`);
  }
}
