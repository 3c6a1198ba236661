// Gives a redirected connection the address that its client asked for.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/listener_filters/original_dst_filter
import { loadSocketOptions, originalDestination } from '@meltemi/wire';
import type { ListenerFilter } from './listener-filter.ts';

/** Throws SocketOptionError where the kernel can't be asked. */
export function originalDst(): ListenerFilter {
  loadSocketOptions();
  return {
    inspect({ transport }) {
      const { localAddress } = transport;
      const local = originalDestination(transport);
      // A connection that came here by itself has the same address twice.
      if (local && (local.host !== localAddress.host || local.port !== localAddress.port)) transport.present({ local });
      return 'next';
    },
    close: () => undefined,
  };
}
