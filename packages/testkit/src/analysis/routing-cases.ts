// Cases of VirtualServices, ServiceEntries and EnvoyFilters.
import { type AnalysisCase, analyzedService as service, httpRoute, istio } from './analyzed-objects.ts';

const A = service('a', { http: 80 });
const MANY = service('many', { http: 80, grpc: 90 });
const to = (...hosts: readonly string[]) => ({ hosts: ['a'], http: [httpRoute(...hosts)] });
const prefixed = (prefix: string) => ({ match: [{ uri: { prefix } }], ...httpRoute('a') });
const serviceEntry = (name: string, host: string, protocol: string, more: object = {}) =>
  istio('ServiceEntry', name, {
    hosts: [host],
    ports: [{ number: 90, name: 'p', protocol }],
    resolution: 'NONE',
    ...more,
  });
const envoyFilter = (
  name: string,
  applyTo: string,
  operation: string,
  more: object = {},
  match: object = {},
  filter = 'x',
) =>
  istio('EnvoyFilter', name, {
    ...more,
    workloadSelector: { labels: { app: name } },
    configPatches: [
      { applyTo, match: { context: 'GATEWAY', ...match }, patch: { operation, value: { name: filter } } },
    ],
  });
const FILTER = { listener: { filterChain: { filter: { name: 'envoy.filters.network.tcp_proxy' } } } };

export const ROUTING_CASES: readonly AnalysisCase[] = [
  {
    code: 'IST0101',
    name: 'hosts',
    objects: [
      A,
      istio('VirtualService', 'good', to('a')),
      istio('VirtualService', 'bad', { ...to('aa'), hosts: ['b.example'] }),
      istio('VirtualService', 'mirrored', {
        hosts: ['c.example'],
        http: [{ ...httpRoute('a'), mirror: { host: 'nowhere' } }],
      }),
      istio('VirtualService', 'tcp', { hosts: ['d.example'], tcp: [httpRoute('nowhere')] }),
    ],
    told: ['VirtualService bad', 'VirtualService mirrored', 'VirtualService tcp'],
  },
  {
    code: 'IST0101',
    name: 'ports',
    objects: [
      A,
      istio('VirtualService', 'good', to('a:80')),
      istio('VirtualService', 'bad', { ...to('a:81'), hosts: ['b.example'] }),
    ],
    told: ['VirtualService bad'],
  },
  {
    code: 'IST0101',
    name: 'hidden',
    objects: [
      serviceEntry('here', 'hidden.example', 'HTTP', { exportTo: ['elsewhere'] }),
      istio('VirtualService', 'bad', { hosts: ['hidden.example'], http: [httpRoute('hidden.example')] }),
    ],
    told: ['VirtualService bad'],
  },
  {
    code: 'IST0101',
    name: 'wildcards',
    objects: [
      serviceEntry('all', '*.wild.example', 'HTTP'),
      istio('VirtualService', 'good', { hosts: ['a.wild.example'], http: [httpRoute('a.wild.example')] }),
      istio('VirtualService', 'bad', { hosts: ['wild.example'], http: [httpRoute('wild.example')] }),
    ],
    told: ['VirtualService bad'],
  },
  {
    code: 'IST0101',
    name: 'subsets',
    objects: [
      A,
      { ...service('b', { http: 80 }), metadata: { name: 'b' } },
      istio('DestinationRule', 'a', { host: 'a' }),
      istio('VirtualService', 'good', to('a')),
      istio('VirtualService', 'bad', { ...to('b/v1'), hosts: ['b'] }),
    ],
    told: ['VirtualService bad'],
  },
  {
    code: 'IST0101',
    name: 'gateways',
    objects: [
      A,
      istio('VirtualService', 'good', { ...to('a'), gateways: ['mesh'] }),
      istio('VirtualService', 'bad', { ...to('a'), gateways: ['nowhere'] }),
    ],
    told: ['VirtualService bad'],
  },
  {
    code: 'IST0109',
    name: 'same-hosts',
    objects: [
      A,
      service('other', { http: 80 }),
      istio('VirtualService', 'one', to('a')),
      istio('VirtualService', 'two', to('a')),
      istio('VirtualService', 'good', { hosts: ['other'], http: [httpRoute('other')] }),
    ],
    told: ['VirtualService one', 'VirtualService two'],
  },
  {
    code: 'IST0109',
    name: 'same-hosts-in-scope',
    objects: [
      A,
      istio('VirtualService', 'all', to('a')),
      istio('VirtualService', 'own', { ...to('a'), exportTo: ['.'] }),
    ],
    told: ['VirtualService all', 'VirtualService own'],
  },
  {
    code: 'IST0112',
    name: 'several-ports',
    objects: [
      MANY,
      istio('VirtualService', 'good', { hosts: ['many'], http: [httpRoute('many:80')] }),
      istio('VirtualService', 'bad', { hosts: ['b.example'], http: [httpRoute('many')] }),
    ],
    told: ['VirtualService bad'],
  },
  {
    code: 'IST0130',
    name: 'behind-all',
    objects: [
      A,
      istio('VirtualService', 'good', { hosts: ['a'], http: [prefixed('/a'), httpRoute('a')] }),
      istio('VirtualService', 'bad', { hosts: ['b.example'], http: [httpRoute('a'), prefixed('/a')] }),
    ],
    told: ['VirtualService bad'],
  },
  {
    code: 'IST0130',
    name: 'repeated',
    objects: [
      A,
      istio('VirtualService', 'good', { hosts: ['a'], http: [prefixed('/a'), prefixed('/b')] }),
      istio('VirtualService', 'bad', { hosts: ['b.example'], http: [prefixed('/a'), prefixed('/a')] }),
    ],
    told: ['VirtualService bad'],
  },
  {
    code: 'IST0131',
    name: 'covered',
    objects: [
      A,
      istio('VirtualService', 'good', { hosts: ['a'], http: [prefixed('/long'), prefixed('/')] }),
      istio('VirtualService', 'bad', { hosts: ['b.example'], http: [prefixed('/'), prefixed('/long')] }),
    ],
    told: ['VirtualService bad'],
  },
  {
    code: 'IST0002',
    name: 'old-fields',
    objects: [
      A,
      istio('VirtualService', 'good', {
        hosts: ['a'],
        http: [{ ...httpRoute('a'), fault: { delay: { fixedDelay: '1s', percentage: { value: 1 } } } }],
      }),
      istio('VirtualService', 'bad', {
        hosts: ['b.example'],
        http: [{ ...httpRoute('a'), fault: { delay: { fixedDelay: '1s', percent: 1 } } }],
      }),
    ],
    told: ['VirtualService bad'],
  },
  {
    code: 'IST0134',
    name: 'addresses',
    objects: [
      serviceEntry('good', 'a.tcp.example', 'TCP', { addresses: ['10.9.9.9'] }),
      serviceEntry('bad', 'b.tcp.example', 'TCP'),
    ],
    told: ['ServiceEntry bad'],
  },
  {
    code: 'IST0177',
    name: 'protocols',
    objects: [
      serviceEntry('one', 'both.example', 'HTTP'),
      serviceEntry('two', 'both.example', 'GRPC'),
      serviceEntry('good', 'other.example', 'HTTP'),
    ],
    told: ['ServiceEntry one', 'ServiceEntry two'],
  },
  {
    code: 'IST0151',
    name: 'relative',
    objects: [
      envoyFilter('good', 'NETWORK_FILTER', 'INSERT_BEFORE', { priority: 5 }, FILTER),
      envoyFilter('bad', 'NETWORK_FILTER', 'INSERT_BEFORE', {}, FILTER),
    ],
    told: ['EnvoyFilter bad'],
  },
  {
    code: 'IST0155',
    name: 'relative-version',
    objects: [
      envoyFilter('a', 'NETWORK_FILTER', 'INSERT_FIRST', {}, { ...FILTER, proxy: { proxyVersion: '^1.*' } }, 'y'),
      envoyFilter('b', 'NETWORK_FILTER', 'INSERT_BEFORE', {}, FILTER, 'y'),
    ],
    told: ['EnvoyFilter b'],
  },
  {
    code: 'IST0152',
    name: 'replaced',
    objects: [envoyFilter('bad', 'CLUSTER', 'REPLACE', { priority: 5 })],
    told: ['EnvoyFilter bad'],
  },
  {
    code: 'IST0153',
    name: 'added',
    objects: [envoyFilter('good', 'CLUSTER', 'ADD'), envoyFilter('bad', 'HTTP_ROUTE', 'ADD')],
    told: ['EnvoyFilter bad'],
  },
  {
    code: 'IST0154',
    name: 'removed',
    objects: [envoyFilter('bad', 'HTTP_ROUTE', 'REMOVE')],
    told: ['EnvoyFilter bad'],
  },
];
