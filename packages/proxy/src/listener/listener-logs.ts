// Logs connections that no filter chain took, where the listener has access logs of its own.
import type { AccessLog as AccessLogConfig } from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import type { Transport } from '@meltemi/wire';
import { connectionEntry } from '../http/connection-entry.ts';
import { TcpEntry } from '../tcp/tcp-entry.ts';
import { openAccessLogs } from './access-logs.ts';
import type { ListenerParts } from './listener-parts.ts';

export interface ListenerLogs {
  /** Before the connection is closed. */
  unmatched(transport: Transport): void;
  close(): void;
}

/** Throws a typed error for a log that can't be opened. */
export function listenerLogs(configs: readonly AccessLogConfig[], parts: ListenerParts): ListenerLogs {
  const logs = openAccessLogs(configs, parts);
  return {
    unmatched(transport) {
      if (logs.length === 0) return;
      const entry = new TcpEntry(connectionEntry(transport, ''), parts.clock.now());
      entry.responseFlags = 'NR';
      entry.responseCodeDetails = 'filter_chain_not_found';
      for (const log of logs) log.log(entry);
    },
    close() {
      for (const log of logs) log.close();
    },
  };
}
