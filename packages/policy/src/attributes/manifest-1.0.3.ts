// The attributes of Mixer 1.0.3: its manifests `istioproxy` and `kubernetes` together.
import { fromGroups } from './manifest-group.ts';

export const MANIFEST_1_0_3 = fromGroups({
  origin: { IP_ADDRESS: 'ip', STRING: 'uid user' },
  request: {
    STRING_MAP: 'headers auth.claims',
    STRING:
      'id host method path reason referer scheme useragent api_key ' +
      'auth.principal auth.audiences auth.presenter auth.raw_claims',
    INT64: 'total_size size',
    TIMESTAMP: 'time',
  },
  response: { INT64: 'code total_size size', DURATION: 'duration', STRING_MAP: 'headers', TIMESTAMP: 'time' },
  connection: {
    STRING: 'event id requested_server_name',
    INT64: 'received.bytes received.bytes_total sent.bytes sent.bytes_total',
    DURATION: 'duration',
    BOOL: 'mtls',
  },
  context: { STRING: 'protocol reporter.kind reporter.uid', TIMESTAMP: 'timestamp time', BOOL: 'reporter.local' },
  api: { STRING: 'service version operation protocol' },
  source: {
    IP_ADDRESS: 'ip',
    STRING_MAP: 'labels metadata',
    STRING:
      'uid user principal name namespace owner service serviceAccount services ' +
      'workload.uid workload.name workload.namespace',
  },
  destination: {
    IP_ADDRESS: 'ip',
    INT64: 'port',
    STRING_MAP: 'labels metadata',
    STRING:
      'uid principal owner name container.name namespace service service.uid service.name service.namespace ' +
      'service.host serviceAccount workload.uid workload.name workload.namespace',
  },
});
