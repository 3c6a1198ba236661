// The schema of EnvoyFilter, with what its parts ask of each other.
import { checkEnvoyPatch } from '../check/envoy-patch.ts';
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
import type { EnvoyConfigPatch } from './envoy-filter.ts';
import { policyTarget } from './selector.ts';

/** A longer expression costs too much to be asked for each proxy. */
const MAX_VERSION_LENGTH = 1024;

const proxyVersion = text((value) =>
  value.length > MAX_VERSION_LENGTH
    ? { code: CODE.badRegex, message: `the expression has ${value.length} characters, more than ${MAX_VERSION_LENGTH}` }
    : regex.check?.(value),
);

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
    proxy: message({ proxyVersion, metadata: labelMap }),
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
    'MERGE_AND_REPLACE_LIST',
  ),
  value: anything,
  filterClass: oneOfTexts('UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS'),
});

const applyTo = oneOfTexts(
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
);

const configPatch = message(
  {
    applyTo,
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

/** What is missing or no known word is said elsewhere. */
function checkPatch(written: Readonly<Record<string, unknown>>): Finding[] {
  const patch = written as unknown as Partial<EnvoyConfigPatch>;
  return patch.patch && applyTo.values.includes(patch.applyTo ?? '') ? checkEnvoyPatch(patch as EnvoyConfigPatch) : [];
}
