// Says what this process is, in the JSON of envoy.admin.v3.ServerInfo.
import { type JsonValue, toJson } from '@bufbuild/protobuf';
import { NodeSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { AdminView } from './admin-view.ts';

/** `nowMs` in epoch milliseconds. */
export function serverInfo(view: AdminView, nowMs: number): JsonValue {
  const uptime = `${Math.max(0, Math.floor((nowMs - view.startedMs) / 1000))}s`;
  const { concurrency, drainTimeMs, configPath } = view.commandLine;
  return {
    version: view.version,
    state: view.state(),
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    hot_restart_version: 'disabled',
    hot_restart_initializing: false,
    command_line_options: {
      concurrency,
      ...(configPath && { config_path: configPath }),
      log_level: view.actions.logLevel(),
      service_cluster: view.bootstrap.node?.cluster ?? '',
      service_node: view.bootstrap.node?.id ?? '',
      drain_time: `${drainTimeMs / 1000}s`,
      disable_hot_restart: true,
      mode: 'Serve',
    },
    ...(view.bootstrap.node && { node: toJson(NodeSchema, view.bootstrap.node, { useProtoFieldName: true }) }),
  };
}
