// Opens the access logs that a filter or a listener names, all or none.
import type { AccessLog as AccessLogConfig } from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import type { AccessLog } from '@meltemi/telemetry';
import { openAccessLog } from '../accesslog/open-access-log.ts';
import type { ListenerParts } from './listener-parts.ts';

/** Throws a typed error; those that were open until then are closed. */
export function openAccessLogs(configs: readonly AccessLogConfig[], parts: ListenerParts): readonly AccessLog[] {
  const logs: AccessLog[] = [];
  try {
    for (const config of configs) logs.push(openAccessLog(config, parts));
    return logs;
  } catch (error) {
    for (const log of logs) log.close();
    throw error;
  }
}
