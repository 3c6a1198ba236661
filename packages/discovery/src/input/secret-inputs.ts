// The secrets that a proxy's own listeners name → their inputs: of its namespace only, and none that it does not name.
import { resourceName } from '@meltemi/api';
import type { Problem } from '@meltemi/base';
import type { ConfigView, GatewayServer, LocatedResource, Secret } from '@meltemi/config';
import type { MeshSettings } from '../mesh.ts';
import type { ProxyScope } from '../scope.ts';
import type { Snapshot } from '../snapshot.ts';
import { needsSecret } from './gateway-server.ts';
import { boundServers } from './merged-servers.ts';
import { gatewayTlsInput } from './gateway-tls-input.ts';
import { keyPairInput, rootsInput, type SecretInput } from './secret-input.ts';

/** Names by which proxies ask the control plane. */
const SCHEME = 'kubernetes://';
const ROOTS = '-cacert';

export interface SecretInputs {
  readonly inputs: readonly SecretInput[];
  readonly problems: readonly Problem[];
}

/** `scope`: of a proxy that has proved to be of its namespace. */
export function secretInputs(scope: ProxyScope, { config, mesh }: Pick<Snapshot, 'config' | 'mesh'>): SecretInputs {
  const problems: Problem[] = [];
  const inputs = new Map<string, SecretInput>();
  for (const { gateway, server } of boundServers(scope)) {
    for (const name of namesOf(server, mesh)) {
      if (inputs.has(name)) continue;
      const found = inputOf(name, scope.node.namespace, config);
      if ('problem' in found) problems.push(problemOf(found, { gateway, server, namespace: scope.node.namespace }));
      else inputs.set(name, found);
    }
  }
  return { inputs: [...inputs.values()], problems };
}

function namesOf(server: GatewayServer, mesh: MeshSettings): readonly string[] {
  if (!needsSecret(server)) return [];
  const tls = gatewayTlsInput(server, mesh);
  if (tls.kind !== 'secrets') return [];
  return tls.mode === 'SIMPLE' ? tls.keyPairs : [...tls.keyPairs, tls.roots];
}

interface Unusable {
  readonly name: string;
  readonly problem: string;
  readonly secret: Secret | undefined;
}

/** Roots may stand in a Secret of their own, or in that of the key pair. */
function inputOf(name: string, namespace: string, config: ConfigView): SecretInput | Unusable {
  const plain = name.slice(SCHEME.length);
  const isRoots = plain.endsWith(ROOTS);
  const secret =
    secretNamed(plain, namespace, config) ??
    (isRoots ? secretNamed(plain.slice(0, -ROOTS.length), namespace, config) : undefined);
  if (!secret) return { name: plain, problem: 'is not there', secret };
  try {
    return isRoots ? rootsInput(name, secret) : keyPairInput(name, secret);
  } catch (error) {
    return { name: secret.metadata.name, problem: (error as Error).message, secret };
  }
}

function secretNamed(name: string, namespace: string, config: ConfigView): Secret | undefined {
  return config.objects('Secret').find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
}

interface Where {
  readonly gateway: LocatedResource;
  readonly server: GatewayServer;
  readonly namespace: string;
}

function problemOf({ name, problem, secret }: Unusable, { gateway, server, namespace }: Where): Problem {
  const port = `port ${server.port.number} of Gateway ${gateway.metadata.namespace}/${gateway.metadata.name}`;
  const culprit = secret ?? gateway;
  return {
    severity: 'error',
    code: 'MEL0306',
    message: `Secret ${namespace}/${name} ${problem}: ${port} takes no connections`,
    resource: resourceName(culprit),
    source: culprit.origin().source,
  };
}
