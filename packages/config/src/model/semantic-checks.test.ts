// What Istio's own validation refuses beyond the form of single fields: each with its place, and a good one beside it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocuments } from '../document.ts';
import { decodeResource } from '../decode-resource.ts';

const PORT = { number: 80, name: 'http', protocol: 'HTTP' };
const TCP = { number: 81, name: 'tcp', protocol: 'TCP' };
const ENDPOINT = { address: '10.0.0.1' };
const STATIC = { hosts: ['a.example'], ports: [PORT], resolution: 'STATIC' };

const CASES: readonly (readonly [string, object, object, string])[] = [
  ['DestinationRule', { host: 'a', trafficPolicy: {} }, { host: 'a' }, 'spec.trafficPolicy'],
  [
    'DestinationRule',
    { host: 'a', trafficPolicy: { connectionPool: {} } },
    { host: 'a', trafficPolicy: { connectionPool: { tcp: { maxConnections: 1 } } } },
    'spec.trafficPolicy.connectionPool',
  ],
  [
    'DestinationRule',
    { host: 'a', trafficPolicy: { portLevelSettings: [{ port: { number: 80 } }] } },
    { host: 'a', trafficPolicy: { portLevelSettings: [{ port: { number: 80 }, tls: { mode: 'DISABLE' } }] } },
    'spec.trafficPolicy.portLevelSettings[0]',
  ],
  [
    'DestinationRule',
    { host: 'a', trafficPolicy: { outlierDetection: { consecutiveLocalOriginFailures: 1 } } },
    {
      host: 'a',
      trafficPolicy: { outlierDetection: { consecutiveLocalOriginFailures: 1, splitExternalLocalOriginErrors: true } },
    },
    'spec.trafficPolicy.outlierDetection.consecutiveLocalOriginFailures',
  ],
  [
    'DestinationRule',
    { host: 'a', workloadSelector: { matchLabels: { app: 'a' } }, exportTo: ['*'] },
    { host: 'a', workloadSelector: { matchLabels: { app: 'a' } }, exportTo: ['.'] },
    'spec.exportTo',
  ],
  [
    'ServiceEntry',
    { ...STATIC, endpoints: [{ ...ENDPOINT, ports: { other: 1 } }] },
    { ...STATIC, endpoints: [{ ...ENDPOINT, ports: { http: 1 } }] },
    'spec.endpoints[0].ports.other',
  ],
  [
    'ServiceEntry',
    { hosts: ['a.example', 'b.example'], ports: [PORT, TCP] },
    { hosts: ['a.example', 'b.example'], ports: [PORT] },
    'spec.ports[1]',
  ],
  [
    'ServiceEntry',
    { ...STATIC, resolution: 'DNS_ROUND_ROBIN', endpoints: [ENDPOINT, { address: '10.0.0.2' }] },
    { ...STATIC, resolution: 'DNS_ROUND_ROBIN', endpoints: [ENDPOINT] },
    'spec.endpoints[1]',
  ],
  ['Sidecar', { egress: [{ hosts: ['./*', '*/*'] }] }, { egress: [{ hosts: ['*/*'] }] }, 'spec.egress[0].hosts[1]'],
];

function problemsOf(kind: string, spec: object) {
  const object = { apiVersion: 'networking.istio.io/v1', kind, metadata: { name: 'x' }, spec };
  const { documents } = parseDocuments(JSON.stringify(object), 'f.yaml');
  return documents
    .flatMap((document) => decodeResource(document).problems)
    .filter(({ severity }) => severity === 'error');
}

for (const [kind, bad, good, path] of CASES) {
  test(`${kind}: ${path} of ${JSON.stringify(bad)}`, () => {
    assert.deepEqual(
      problemsOf(kind, bad).map((problem) => problem.path),
      [path],
    );
    assert.deepEqual(problemsOf(kind, good), []);
  });
}
