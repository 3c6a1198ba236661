// Subscribes to the configuration of one filter that comes by itself (ECDS).
// https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/extension
import type { Any } from '@bufbuild/protobuf/wkt';
import type { ConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { StatsStore } from '@meltemi/telemetry';
import type { Rejection } from './xds-client.ts';
import type { XdsClients } from './xds-clients.ts';

/** A filter whose configuration comes by itself. */
export interface ExtensionPlace {
  /** Of counters: `extension_config_discovery.KIND.NAME.…`. */
  readonly kind: 'http_filter' | 'network_filter' | 'tcp_listener_filter';
  readonly name: string;
}

/**
 * `onConfig` answers why it refuses a configuration, or undefined; it sees only the types that are allowed (names without
 * the host part of the URL, or whole URLs). `onMissing` is called when the server has none, or didn't answer in time.
 */
export type WatchExtension = (
  source: ConfigSource | undefined,
  place: ExtensionPlace,
  typeUrls: readonly string[],
  onConfig: (config: Any) => Rejection | undefined,
  onMissing?: () => void,
) => { close(): void };

export function extensionWatch(xds: XdsClients, stats: StatsStore): WatchExtension {
  return (source, { kind, name }, typeUrls, onConfig, onMissing) => {
    const allowed = new Set(typeUrls.map(typeName));
    const scope = stats.scope('extension_config_discovery').scope(kind).scope(name);
    const reload = scope.counter('config_reload');
    const fail = scope.counter('config_fail');
    let accepted = false;
    const watch = xds.forConfigSource(source).watch('ECDS', name, {
      onResource({ typedConfig }) {
        const refusal = typedConfig
          ? (unexpectedType(name, typedConfig, allowed) ?? onConfig(typedConfig))
          : { name, message: 'it has no typed_config' };
        (refusal ? fail : reload).increment();
        accepted ||= !refusal;
        // Nobody waits any longer for what can't be honoured.
        if (!accepted) onMissing?.();
        return refusal;
      },
      onMissing: () => onMissing?.(),
    });
    return {
      close() {
        watch.close();
        scope.close();
      },
    };
  };
}

function unexpectedType(name: string, config: Any, allowed: ReadonlySet<string>): Rejection | undefined {
  const type = typeName(config.typeUrl);
  if (allowed.has(type)) return undefined;
  return { name, message: `its type is ${type}, and its type_urls allow ${[...allowed].join(', ') || 'none'}` };
}

function typeName(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
