// The attributes of Mixer 0.2.2; `target.*` is the older spelling of `destination.*`.
import type { ValueType } from '../values/value-type.ts';

import { fromGroups } from './manifest-group.ts';

const SIDE: Partial<Record<ValueType, string>> = {
  IP_ADDRESS: 'ip',
  STRING_MAP: 'labels',
  STRING: 'name namespace service serviceAccount',
};

export const MANIFEST_0_2_2 = fromGroups({
  origin: { IP_ADDRESS: 'ip', STRING: 'uid user' },
  request: {
    STRING_MAP: 'headers',
    STRING: 'id host method path reason referer scheme useragent',
    INT64: 'size',
    TIMESTAMP: 'time',
  },
  response: { INT64: 'code size', DURATION: 'duration', STRING_MAP: 'headers', TIMESTAMP: 'time' },
  connection: {
    STRING: 'id',
    INT64: 'received.bytes received.bytes_total sent.bytes sent.bytes_total',
    DURATION: 'duration',
  },
  context: { STRING: 'protocol', TIMESTAMP: 'timestamp time' },
  source: { ...SIDE, STRING: `uid user ${SIDE.STRING}` },
  target: { ...SIDE, STRING: `uid ${SIDE.STRING}` },
  destination: { ...SIDE, STRING: `uid ${SIDE.STRING}` },
});
