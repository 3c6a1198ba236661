// Filters that answer a connection by themselves: with its own bytes, or with fixed ones.
// https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/network_filters/network_filters
import type { Config } from '@meltemi/api/envoy/extensions/filters/network/direct_response/v3/config_pb';
import type { Transport, TransportHandler } from '@meltemi/wire';
import { readDataSource } from '../../tls/data-source.ts';
import type { TerminalFilter } from './terminal-filter.ts';

/** Answers one connection; the handler hears of it until it is gone. */
export type Answer = (transport: Transport, onGone: () => void) => TransportHandler;

/** Says back what it hears. */
export const echo: Answer = (transport, onGone) => ({
  onData(bytes) {
    if (!transport.write(bytes)) transport.pauseReading();
  },
  onDrain: () => transport.resumeReading(),
  onEnd: () => transport.end(),
  onClose: onGone,
});

/** Throws a typed error for text that can't be read. */
export function fixedAnswer({ response }: Config): Answer {
  const text = Buffer.from(readDataSource(response) ?? '', 'utf8');
  return (transport, onGone) => {
    transport.write(text);
    transport.end();
    return { onData: () => undefined, onDrain: () => undefined, onEnd: () => undefined, onClose: onGone };
  };
}

export function answerFilter(answer: Answer, onConnectionClosed: () => void): TerminalFilter {
  const open = new Set<Transport>();
  return {
    ready: true,
    get openConnections() {
      return open.size;
    },
    accept(transport) {
      open.add(transport);
      transport.handler = answer(transport, () => {
        if (open.delete(transport)) onConnectionClosed();
      });
    },
    drain: () => undefined,
    closeIdle: () => open.size,
    close() {
      for (const transport of open) transport.destroy();
    },
  };
}
