// Istio's formats of access logs.
// https://istio.io/latest/docs/tasks/observability/logs/access-log/#default-access-log-format
import type { JsonObject } from '@bufbuild/protobuf';

const FIELDS = {
  start_time: '%START_TIME%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  response_code: '%RESPONSE_CODE%',
  response_flags: '%RESPONSE_FLAGS%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  duration: '%DURATION%',
  upstream_service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%',
  user_agent: '%REQ(USER-AGENT)%',
  request_id: '%REQ(X-REQUEST-ID)%',
  authority: '%REQ(:AUTHORITY)%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  requested_server_name: '%REQUESTED_SERVER_NAME%',
  route_name: '%ROUTE_NAME%',
} as const;

export const ISTIO_JSON_LOG: JsonObject = FIELDS;

const QUOTED: ReadonlySet<string> = new Set([
  'upstream_transport_failure_reason',
  'x_forwarded_for',
  'user_agent',
  'request_id',
  'authority',
  'upstream_host',
]);

/** The same fields in one line, what the client sends in quotes. */
export const ISTIO_TEXT_LOG = `[${FIELDS.start_time}] "${FIELDS.method} ${FIELDS.path} ${FIELDS.protocol}" ${Object.entries(
  FIELDS,
)
  .slice(4)
  .map(([name, operator]) => (QUOTED.has(name) ? `"${operator}"` : operator))
  .join(' ')}\n`;

/** Who the peers are, as Istio's filters leave it. */
export const PEERS = ['upstream_peer', 'downstream_peer'];
