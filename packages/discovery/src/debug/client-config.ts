// A proxy's state of synchronisation → a ClientConfig, as istioctl's proxy-status reads it.
import { create } from '@bufbuild/protobuf';
import { type Any, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { packAny } from '@meltemi/api';
import { ClientConfigSchema, ConfigStatus } from '@meltemi/api/envoy/service/status/v3/csds_pb';
import { type ProxyStatus, type SyncState, syncState, type TypeStatus } from '../proxy-status.ts';
import { SERVED_TYPE_URL, type ServedType } from '../resources.ts';

const STATUS: Readonly<Record<SyncState, ConfigStatus>> = {
  'NOT SENT': ConfigStatus.NOT_SENT,
  STALE: ConfigStatus.STALE,
  SYNCED: ConfigStatus.SYNCED,
  ERROR: ConfigStatus.ERROR,
};

export function clientConfig({ node, types }: ProxyStatus): Any {
  const metadata = { CLUSTER_ID: node.clusterId, NAMESPACE: node.namespace, ISTIO_VERSION: node.version };
  const message = create(ClientConfigSchema, {
    node: { id: `${node.workload}.${node.namespace}`, metadata },
    genericXdsConfigs: [...types].map(([type, status]) => genericConfig(type, status)),
  });
  return packAny(ClientConfigSchema, message);
}

function genericConfig(type: ServedType, status: TypeStatus) {
  const sent = timestampFromMs(status.sentAt);
  return {
    typeUrl: SERVED_TYPE_URL[type],
    configStatus: STATUS[syncState(status)],
    lastUpdated: sent,
    ...(status.error && { errorState: { lastUpdateAttempt: sent, details: status.error } }),
  };
}
