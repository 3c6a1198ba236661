// istioctl describe: what the mesh does with a pod or a service, in few lines.
import { CommandError, type Terminal } from '../../terminal.ts';
import { hostsMeant } from '../explain/find-listener.ts';
import { findProxy, type FoundProxy, meshOf, proxiesOf } from '../find-proxy.ts';
import { proxySource } from '../proxy-source.ts';
import { describeService } from './describe-service.ts';

export interface DescribeOptions {
  readonly kind: 'pod' | 'service';
  readonly name: string;
  readonly namespace: string;
  readonly configDir: string;
}

/** Throws CommandError for what is not in the mesh that runs here. */
export async function describe(options: DescribeOptions, terminal: Terminal): Promise<void> {
  const { status } = meshOf(options.configDir);
  if (options.kind === 'service') {
    // Any sidecar of the namespace knows the service by the name that its pods use.
    const proxies = proxiesOf(status).filter(({ workload }) => workload !== 'istio-ingressgateway');
    const proxy = proxies.find(({ namespace }) => namespace === options.namespace) ?? proxies[0];
    if (!proxy) throw new CommandError('no sidecar runs in this mesh');
    return show(proxy, options.name, undefined, terminal);
  }
  const proxy = findProxy(status, options.name, options.namespace);
  const inbound = status.workloads.find(({ pod }) => pod === proxy.pod)?.sidecar.inbound ?? '';
  terminal.out(`Pod: ${proxy.pod}.${proxy.namespace}\n   Workload: ${proxy.workload}\n   Admin: ${proxy.admin}\n`);
  if (proxy.service === '') return terminal.out('   It is of no service\n');
  terminal.out('--------------------\n');
  await show(proxy, proxy.service, new Set([inbound]), terminal);
}

async function show(
  proxy: FoundProxy,
  service: string,
  pod: ReadonlySet<string> | undefined,
  terminal: Terminal,
): Promise<void> {
  const source = proxySource({ admin: proxy.admin, namespace: proxy.namespace, configDir: '' }, terminal);
  const [dump, endpoints = []] = await Promise.all([source.dump(), source.endpoints()]);
  const lines = hostsMeant(dump, service)
    .map((host) => describeService({ host, dump, endpoints, ...(pod && { pod }) }))
    .find(({ length }) => length > 0);
  if (!lines) throw new CommandError(`no service "${service}" is known to ${proxy.workload}.${proxy.namespace}`);
  terminal.out(`${lines.join('\n')}\n`);
}
