// The keys of a connection's state that tcp_proxy goes by, as Envoy names them.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/advanced/well_known_filter_state
import type { Transport } from '@meltemi/wire';

/** Takes the place of the configured cluster. */
export const CLUSTER_KEY = 'envoy.tcp_proxy.cluster';
/** Milliseconds; takes the place of the configured idle timeout. */
export const IDLE_TIMEOUT_KEY = 'envoy.tcp_proxy.per_connection_idle_timeout_ms';

export function setState(transport: Transport, key: string, value: unknown): void {
  (transport.state ??= new Map()).set(key, value);
}

/** Undefined: not set, or no text. */
export function textState(transport: Transport, key: string): string | undefined {
  const value = transport.state?.get(key);
  return typeof value === 'string' ? value : undefined;
}
