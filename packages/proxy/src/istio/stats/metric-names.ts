// The standard metrics of Istio, without the prefix `istio_` that all have.
// https://istio.io/latest/docs/reference/config/metrics/

export const METRICS = [
  'requests_total',
  'request_duration_milliseconds',
  'request_bytes',
  'response_bytes',
  'request_messages_total',
  'response_messages_total',
  'tcp_sent_bytes_total',
  'tcp_received_bytes_total',
  'tcp_connections_opened_total',
  'tcp_connections_closed_total',
] as const;

export type MetricName = (typeof METRICS)[number];
