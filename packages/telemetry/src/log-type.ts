// When the record of an entry is written, where the entry itself doesn't say.
import type { AccessLogEntry, AccessLogType } from './access-log-entry.ts';

/** Of the end of a request, or of a connection that carried bytes as they are. */
export function logTypeOf(entry: AccessLogEntry): AccessLogType {
  return entry.logType ?? (entry.requestHeaders === undefined ? 'TcpConnectionEnd' : 'DownstreamEnd');
}
