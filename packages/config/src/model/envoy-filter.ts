// EnvoyFilter: changes of what a proxy is told, in Envoy's own words. https://istio.io/latest/docs/reference/config/networking/envoy-filter/
import { CODE } from '../problem-code.ts';
import {
  anything,
  type Finding,
  integer,
  labelMap,
  list,
  message,
  oneOfTexts,
  portNumber,
  text,
  texts,
} from '../schema.ts';
import { nonEmpty, regex } from '../text-check.ts';
import { policyTarget } from './selector.ts';

const context = oneOfTexts('ANY', 'SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'GATEWAY', 'WAYPOINT');

const listener = message({
  portNumber,
  portName: text(),
  name: text(),
  listenerFilter: text(),
  filterChain: message({
    name: text(),
    sni: text(),
    transportProtocol: text(),
    applicationProtocols: text(),
    destinationPort: portNumber,
    filter: message({ name: text(), subFilter: message({ name: text() }) }),
  }),
});

const routeConfiguration = message({
  name: text(),
  portNumber,
  portName: text(),
  gateway: text(),
  vhost: message({
    name: text(),
    domainName: text(),
    route: message({ name: text(), action: oneOfTexts('ANY', 'ROUTE', 'REDIRECT', 'DIRECT_RESPONSE') }),
  }),
});

const match = message(
  {
    context,
    proxy: message({ proxyVersion: regex, metadata: labelMap }),
    listener,
    routeConfiguration,
    cluster: message({ portNumber, service: text(), subset: text(), name: text() }),
    waypoint: anything,
  },
  { oneOf: [['listener', 'routeConfiguration', 'cluster', 'waypoint']] },
);

const patch = message({
  operation: oneOfTexts(
    'INVALID',
    'MERGE',
    'ADD',
    'REMOVE',
    'INSERT_BEFORE',
    'INSERT_AFTER',
    'INSERT_FIRST',
    'REPLACE',
  ),
  value: anything,
  filterClass: oneOfTexts('UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS'),
});

const configPatch = message(
  {
    applyTo: oneOfTexts(
      'LISTENER',
      'FILTER_CHAIN',
      'NETWORK_FILTER',
      'HTTP_FILTER',
      'ROUTE_CONFIGURATION',
      'VIRTUAL_HOST',
      'HTTP_ROUTE',
      'CLUSTER',
      'EXTENSION_CONFIG',
      'BOOTSTRAP',
      'LISTENER_FILTER',
    ),
    match,
    patch,
  },
  { required: ['applyTo', 'patch'], check: checkPatch },
);

/** The form of Istio 1.0 and 1.1. */
const filter = message(
  {
    listenerMatch: message({
      portNumber,
      portNamePrefix: text(),
      listenerType: oneOfTexts('ANY', 'SIDECAR_INBOUND', 'SIDECAR_OUTBOUND', 'GATEWAY'),
      listenerProtocol: oneOfTexts('ALL', 'HTTP', 'TCP'),
      address: texts,
    }),
    insertPosition: message({ index: oneOfTexts('FIRST', 'LAST', 'BEFORE', 'AFTER'), relativeTo: text() }),
    filterType: oneOfTexts('INVALID', 'HTTP', 'NETWORK'),
    filterName: nonEmpty,
    filterConfig: anything,
  },
  { required: ['filterName'] },
);

export const envoyFilterSchema = message(
  {
    workloadSelector: message({ labels: labelMap }),
    targetRefs: list(policyTarget),
    configPatches: list(configPatch),
    priority: integer(-2_147_483_648, 2_147_483_647),
    workloadLabels: labelMap,
    filters: list(filter),
  },
  { oneOf: [['workloadSelector', 'targetRefs', 'workloadLabels']] },
);

function checkPatch(written: Readonly<Record<string, unknown>>): Finding[] {
  const patchOf = (written['patch'] ?? {}) as { readonly operation?: string; readonly value?: unknown };
  const { operation, value } = patchOf;
  if (operation === 'REMOVE' || value !== undefined) return [];
  return [{ path: ['patch'], code: CODE.missing, message: 'a patch needs the field "value", unless it removes' }];
}
