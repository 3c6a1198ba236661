// The words of `istioctl can` → who asks, whom, and for what, found in the configuration.
import { type Host, type Labels, resolveHost, selects } from '@meltemi/base';
import type { ConfigView } from '@meltemi/config';
import { isHttp, type RegistryView, type Service, type ServicePort } from '@meltemi/registry';
import { CommandError, EXIT } from '../terminal.ts';

/** Pods of one set of labels behind the service. */
export interface CalledWorkload {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
}

export interface CalledPort {
  readonly service: Service;
  readonly port: ServicePort;
  /** Of the pods. */
  readonly containerPort: number;
  readonly http: boolean;
  readonly workloads: readonly CalledWorkload[];
}

export interface World {
  readonly config: ConfigView;
  readonly registry: RegistryView;
  readonly namespace: string;
  readonly domain: string;
  readonly trustDomain: string;
}

/** Undefined: a caller without an identity. A name is a workload's, a service's or a service account's, in this order. */
export function callerIdentity(
  source: string,
  { config, registry, namespace, domain, trustDomain }: World,
): string | undefined {
  if (source === '-') return undefined;
  if (source.startsWith('spiffe://')) return source;
  const [name = '', home = namespace] = source.split('.');
  const deployment = config
    .objects('Deployment')
    .find(({ metadata }) => metadata.name === name && metadata.namespace === home);
  const account =
    deployment?.spec.template.spec.serviceAccountName ??
    registry.workload(home, name)?.serviceAccount ??
    registry.service(resolveHost(name, home, domain))?.serviceAccounts[0];
  return `spiffe://${trustDomain}/ns/${home}/sa/${account ?? (deployment ? 'default' : name)}`;
}

/** `NAME[.NAMESPACE][:PORT]`. Throws CommandError where there is no such service or port. */
export function calledPort(destination: string, world: World): CalledPort {
  const { registry, namespace, domain } = world;
  const [, name = '', number] = /^([^:]*)(?::(\d+))?$/.exec(destination) ?? [];
  const [short = '', home = namespace, ...rest] = name.split('.');
  const host: Host = rest.length > 0 ? name : resolveHost(short, home, domain);
  const service = registry.service(host);
  if (!service) throw new CommandError(`there is no service ${host}`, EXIT.usage);
  const port = number === undefined ? service.ports[0] : service.ports.find((each) => each.number === Number(number));
  if (!port) {
    const known = service.ports.map((each) => each.number).join(', ');
    throw new CommandError(`service ${host} has no port ${number ?? ''}: its ports are ${known || 'none'}`, EXIT.usage);
  }
  const containerPort = typeof port.targetPort === 'number' ? port.targetPort : port.number;
  return { service, port, containerPort, http: isHttp(port.protocol), workloads: workloadsOf(service, world) };
}

/** Without a pod or a Deployment, whatever the service would pick. */
function workloadsOf({ name, namespace, selector }: Service, { config, registry }: World): readonly CalledWorkload[] {
  const deployed = config.objects('Deployment').map(({ metadata, spec }) => ({
    name: metadata.name,
    namespace: metadata.namespace,
    labels: spec.template.metadata?.labels ?? {},
  }));
  const picked = [...deployed, ...registry.workloads].filter(
    (each) => each.namespace === namespace && Object.keys(selector).length > 0 && selects(selector, each.labels),
  );
  return picked.length > 0 ? picked : [{ name, namespace, labels: selector }];
}
