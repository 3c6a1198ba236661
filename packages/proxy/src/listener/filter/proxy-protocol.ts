// Takes the PROXY header off a connection and gives it the ends that the header names.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/listener_filters/proxy_protocol
import { ProxyProtocolConfig_Version as Version } from '@meltemi/api/envoy/config/core/v3/proxy_protocol_pb';
import type {
  ProxyProtocol,
  ProxyProtocol_Rule as Rule,
} from '@meltemi/api/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb';
import type { StatsScope, StatsStore } from '@meltemi/telemetry';
import { peekProxyHeader, type ProxyHeader, type Transport } from '@meltemi/wire';
import type { FilterVerdict, InspectedConnection, ListenerFilter } from './listener-filter.ts';

/** The connection's metadata of extensions, unless a rule names another. */
const NAMESPACE = 'envoy.filters.listener.proxy_protocol';
/** The connection's state under which extensions are kept as metadata, namespace by namespace. */
export const CONNECTION_METADATA = 'connection.metadata';

export function proxyProtocol(config: ProxyProtocol, stats: StatsStore): ListenerFilter {
  return new ProxyProtocolFilter(config, stats);
}

class ProxyProtocolFilter implements ListenerFilter {
  readonly #allowAbsent: boolean;
  readonly #disallowed: ReadonlySet<number>;
  readonly #rules: readonly Rule[];
  readonly #scope: StatsScope;
  readonly #absent;
  readonly #versions;

  constructor(config: ProxyProtocol, stats: StatsStore) {
    this.#allowAbsent = config.allowRequestsWithoutProxyProtocol;
    this.#disallowed = new Set(config.disallowedVersions.map((version) => (version === Version.V1 ? 1 : 2)));
    this.#rules = config.rules;
    const scope = stats.scope(config.statPrefix === '' ? 'proxy_proto' : `proxy_proto.${config.statPrefix}`);
    this.#scope = scope;
    this.#absent = {
      allowed: scope.counter('not_found_allowed'),
      disallowed: scope.counter('not_found_disallowed'),
    };
    this.#versions = { 1: versionStats(scope, 1), 2: versionStats(scope, 2) };
  }

  inspect(connection: InspectedConnection, bytes: Buffer): FilterVerdict {
    const peek = peekProxyHeader(bytes);
    switch (peek.kind) {
      case 'need-more':
        return 'wait';
      case 'absent':
        (this.#allowAbsent ? this.#absent.allowed : this.#absent.disallowed).increment();
        return this.#allowAbsent ? 'next' : 'refuse';
      case 'malformed':
        this.#versions[peek.version].error.increment();
        return 'refuse';
      case 'header':
        return this.#accept(connection, peek);
    }
  }

  close(): void {
    this.#scope.close();
  }

  #accept(connection: InspectedConnection, header: ProxyHeader): FilterVerdict {
    const stats = this.#versions[header.version];
    if (this.#disallowed.has(header.version)) {
      stats.disallowed.increment();
      return 'refuse';
    }
    stats.found.increment();
    connection.take(header.size);
    if (header.ends) connection.transport.present({ remote: header.ends.source, local: header.ends.destination });
    if (this.#rules.length > 0) this.#keepExtensions(connection.transport, header);
    return 'next';
  }

  #keepExtensions(transport: Transport, { extensions }: ProxyHeader): void {
    const metadata: Record<string, Record<string, string>> = {};
    for (const { tlvType, onTlvPresent } of this.#rules) {
      const found = extensions.find(({ type }) => type === tlvType);
      if (!found || !onTlvPresent) continue;
      const fields = (metadata[onTlvPresent.metadataNamespace || NAMESPACE] ??= {});
      fields[onTlvPresent.key] = found.value.toString('utf8');
    }
    (transport.state ??= new Map()).set(CONNECTION_METADATA, metadata);
  }
}

function versionStats(scope: StatsScope, version: 1 | 2) {
  return {
    found: scope.counter(`versions.v${version}.found`),
    disallowed: scope.counter(`versions.v${version}.disallowed`),
    error: scope.counter(`versions.v${version}.error`),
  };
}
