// The form of a DestinationRule's spec. https://istio.io/latest/docs/reference/config/networking/destination-rule/
import {
  count,
  decimal,
  flag,
  integer,
  labelMap,
  list,
  mapOf,
  message,
  oneOfTexts,
  portNumber,
  text,
  texts,
} from '../schema.ts';
import {
  checkOutlierDetection,
  checkSubsetNames,
  checkWorkloadSelector,
  portSaysSomething,
  saysSomething,
} from './destination-rule-checks.ts';
import { dnsLabel, duration, host, nonEmpty } from '../text-check.ts';
import { localityLoadBalancing } from './locality-load-balancing.ts';

const consistentHash = message(
  {
    httpHeaderName: text(),
    httpCookie: message({ name: nonEmpty, path: text(), ttl: duration }, { required: ['name'] }),
    useSourceIp: flag,
    httpQueryParameterName: text(),
    ringHash: message({ minimumRingSize: count }),
    maglev: message({ tableSize: count }),
    minimumRingSize: count,
  },
  {
    oneOf: [
      ['httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName'],
      ['ringHash', 'maglev'],
    ],
  },
);

const loadBalancer = message(
  {
    simple: oneOfTexts('UNSPECIFIED', 'RANDOM', 'PASSTHROUGH', 'ROUND_ROBIN', 'LEAST_REQUEST', 'LEAST_CONN'),
    consistentHash,
    localityLbSetting: localityLoadBalancing,
    warmupDurationSecs: duration,
    warmup: message(
      { duration, minimumPercent: decimal(0, 100), aggression: decimal(1, 1000) },
      { required: ['duration'] },
    ),
  },
  { oneOf: [['simple', 'consistentHash']] },
);

export const connectionPool = message(
  {
    tcp: message({
      maxConnections: count,
      connectTimeout: duration,
      tcpKeepalive: message({ probes: count, time: duration, interval: duration }),
      maxConnectionDuration: duration,
      idleTimeout: duration,
    }),
    http: message({
      http1MaxPendingRequests: count,
      http2MaxRequests: count,
      maxRequestsPerConnection: count,
      maxRetries: count,
      idleTimeout: duration,
      h2UpgradePolicy: oneOfTexts('DEFAULT', 'DO_NOT_UPGRADE', 'UPGRADE'),
      useClientProtocol: flag,
      maxConcurrentStreams: count,
    }),
  },
  { check: saysSomething('a connection pool') },
);

export const outlierDetection = message(
  {
    consecutiveErrors: count,
    consecutive5xxErrors: count,
    consecutiveGatewayErrors: count,
    splitExternalLocalOriginErrors: flag,
    consecutiveLocalOriginFailures: count,
    interval: duration,
    baseEjectionTime: duration,
    maxEjectionPercent: integer(0, 100),
    minHealthPercent: integer(0, 100),
  },
  { check: checkOutlierDetection },
);

const tls = message({
  mode: oneOfTexts('DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'),
  clientCertificate: text(),
  privateKey: text(),
  caCertificates: text(),
  credentialName: text(),
  subjectAltNames: texts,
  sni: text(),
  insecureSkipVerify: flag,
  caCrl: text(),
});

const portPolicy = { loadBalancer, connectionPool, outlierDetection, tls };

const trafficPolicy = message(
  {
    ...portPolicy,
    portLevelSettings: list(
      message({ ...portPolicy, port: message({ number: portNumber }) }, { check: portSaysSomething }),
    ),
    tunnel: message(
      { protocol: text(), targetHost: nonEmpty, targetPort: portNumber },
      { required: ['targetHost', 'targetPort'] },
    ),
    proxyProtocol: message({ version: oneOfTexts('V1', 'V2') }),
    retryBudget: message({ percent: decimal(0, 100), minRetryConcurrency: count }),
  },
  { check: saysSomething('a traffic policy') },
);

export const destinationRuleSchema = message(
  {
    host,
    trafficPolicy,
    subsets: list(message({ name: dnsLabel, labels: labelMap, trafficPolicy }, { required: ['name'] })),
    exportTo: texts,
    workloadSelector: message({ matchLabels: mapOf(text()) }),
  },
  { required: ['host'], check: (spec) => [...checkSubsetNames(spec), ...checkWorkloadSelector(spec)] },
);
