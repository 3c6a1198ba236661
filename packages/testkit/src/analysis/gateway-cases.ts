// Cases of Gateways, and of VirtualServices at gateways.
import {
  type AnalysisCase,
  analyzedPod as pod,
  analyzedService as service,
  httpRoute,
  istio,
} from './analyzed-objects.ts';

const A = service('a', { http: 80 });
const server = (port: number, host: string, tls?: object) => ({
  port: { number: port, name: `p${port}`, protocol: tls ? 'HTTPS' : 'HTTP' },
  hosts: [host],
  ...(tls && { tls }),
});
const gateway = (name: string, app: string, ...servers: readonly object[]) =>
  istio('Gateway', name, { selector: { app }, servers });
const route = (name: string, host: string, gateways: readonly string[], http: object = httpRoute('a')) =>
  istio('VirtualService', name, { hosts: [host], gateways, http: [http] });
/** A gateway's workload and its service, named alike. */
const front = (app: string) => [pod(app, { app }), service(app, { http: 80, https: 443 })];
const simple = (credentialName: string) => ({ mode: 'SIMPLE', credentialName });
const secret = (name: string, data: object) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  data,
});

/** Self-signed, valid for a hundred years; nobody looks at the key. */
const CERTIFICATE = {
  cert: base64([
    '-----BEGIN CERTIFICATE-----',
    'MIIBfzCCASWgAwIBAgIUXJgtjfmVpokD91rceG6h4Cjmix0wCgYIKoZIzj0EAwIw',
    'FDESMBAGA1UEAwwJYS5leGFtcGxlMCAXDTI2MTEyMzExMjU1MFoYDzIxMjYxMDMw',
    'MTEyNTUwWjAUMRIwEAYDVQQDDAlhLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjO',
    'PQMBBwNCAATS2LO63+S1c5gf27TbU1TnoAtDLW757xv23mIgvk7x+xfFsNjO5Gn2',
    'oqxtDSz6evIsxZqvPvWFpbQNY/qhJYpAo1MwUTAdBgNVHQ4EFgQUQAlNjE5LDVyn',
    'V5/b+W1DQtU6GtwwHwYDVR0jBBgwFoAUQAlNjE5LDVynV5/b+W1DQtU6GtwwDwYD',
    'VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAxi718Ll+4AOprJNjQi0+',
    '9ihdLq/9J8s+vKaOGLfhtUUCIDu2J87DGZpth4+Kc/Hu5XmujZ1KCyM9umhdajs5',
    '65sO',
    '-----END CERTIFICATE-----',
  ]),
  key: base64(['a key']),
};

function base64(lines: readonly string[]): string {
  return Buffer.from(`${lines.join('\n')}\n`).toString('base64');
}

export const GATEWAY_CASES: readonly AnalysisCase[] = [
  {
    code: 'IST0101',
    name: 'selector',
    objects: [
      ...front('select'),
      gateway('good', 'select', server(80, 'a.select.example')),
      gateway('bad', 'nobody', server(80, 'b.select.example')),
    ],
    told: ['Gateway bad'],
  },
  {
    code: 'IST0101',
    name: 'credential',
    objects: [
      ...front('credential'),
      secret('here', CERTIFICATE),
      gateway('good', 'credential', server(443, 'a.credential.example', simple('here'))),
      gateway('bad', 'credential', server(443, 'b.credential.example', simple('nowhere'))),
    ],
    told: ['Gateway bad'],
  },
  {
    code: 'IST0161',
    name: 'bad-credential',
    objects: [
      ...front('bad-credential'),
      secret('good', CERTIFICATE),
      secret('bad', { cert: 'bm9uZQ==', key: 'bm9uZQ==' }),
      secret('half', { cert: 'bm9uZQ==' }),
      gateway('good', 'bad-credential', server(443, 'a.bad-credential.example', simple('good'))),
      gateway('bad', 'bad-credential', server(443, 'b.bad-credential.example', simple('bad'))),
      gateway('half', 'bad-credential', server(443, 'c.bad-credential.example', simple('half'))),
    ],
    told: ['Gateway bad', 'Gateway half'],
  },
  {
    code: 'IST0132',
    name: 'hosts-at-gateways',
    objects: [
      A,
      ...front('hosts'),
      gateway('front', 'hosts', server(80, '*.hosts.example')),
      gateway('own', 'hosts', server(80, './own.example')),
      route('good', 'a.hosts.example', ['front']),
      route('good-own', 'own.example', ['own']),
      route('bad', 'a.other.example', ['front']),
    ],
    told: ['VirtualService bad'],
  },
  {
    code: 'IST0138',
    name: 'repeated-certificate',
    objects: [
      ...front('repeated'),
      secret('same', CERTIFICATE),
      secret('other', CERTIFICATE),
      gateway('one', 'repeated', server(443, 'a.repeated.example', simple('same'))),
      gateway('two', 'repeated', server(443, 'b.repeated.example', simple('same'))),
      gateway('good', 'repeated', server(443, 'c.repeated.example', simple('other'))),
    ],
    told: ['Gateway one', 'Gateway two'],
  },
  {
    code: 'IST0140',
    name: 'subsets-at-gateways',
    objects: [
      service('split', { http: 80 }),
      pod('split', { app: 'split', version: 'v1' }),
      ...front('subsets'),
      gateway('front', 'subsets', server(80, '*.subsets.example')),
      istio('DestinationRule', 'split', { host: 'split', subsets: [{ name: 'v1', labels: { version: 'v1' } }] }),
      istio('VirtualService', 'inside', { hosts: ['split'], http: [httpRoute('split/v1')] }),
      route('good', 'a.subsets.example', ['front'], httpRoute('split/v1')),
      route('bad', 'b.subsets.example', ['front'], httpRoute('split')),
    ],
    told: ['VirtualService bad'],
  },
  {
    code: 'IST0145',
    name: 'conflicts',
    objects: [
      ...front('conflicts'),
      gateway('one', 'conflicts', server(80, 'same.conflicts.example')),
      gateway('two', 'conflicts', server(80, 'same.conflicts.example')),
      gateway('good', 'conflicts', server(80, 'other.conflicts.example')),
    ],
    told: ['Gateway one', 'Gateway two'],
  },
  {
    code: 'IST0149',
    name: 'claims',
    objects: [
      A,
      ...front('claims'),
      ...front('tokens'),
      gateway('front', 'claims', server(80, '*.claims.example')),
      gateway('looked-at', 'tokens', server(80, '*.tokens.example')),
      istio('RequestAuthentication', 'tokens', { selector: { matchLabels: { app: 'tokens' } } }),
      route('good', 'a.tokens.example', ['looked-at'], claimed()),
      route('bad', 'a.claims.example', ['front'], claimed()),
    ],
    told: ['VirtualService bad'],
  },
  {
    code: 'IST0162',
    name: 'ports-of-gateways',
    objects: [
      ...front('ports'),
      gateway('good', 'ports', server(80, 'a.ports.example')),
      gateway('bad', 'ports', server(8888, 'a.ports.example')),
    ],
    told: ['Gateway bad'],
  },
  {
    code: 'IST0165',
    name: 'internal-gateways',
    objects: [A, route('bad', 'a.internal.example', ['front~istio-autogenerated-k8s-gateway~http'])],
    told: ['VirtualService bad'],
  },
];

function claimed(): object {
  return { match: [{ headers: { '@request.auth.claims.group': { exact: 'admin' } } }], ...httpRoute('a') };
}
