// Makes the environment in which a workload's command runs: Kubernetes' service variables, lead to the sidecar.
import { parseSocketAddress } from '@meltemi/base';
import { outboundKey, type Placement } from './placement.ts';
import type { ServicePort, Workload } from './workload.ts';

/** A command ready to run. */
export interface Command {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The command and environment of a workload.
 *
 * The mesh sets `PORT` and `PORT_<containerPort>` (where the application must listen), `HOST`, `POD_NAME`,
 * `POD_NAMESPACE`, `POD_IP`, `MESH_ROOT`, `<SERVICE>_SERVICE_HOST/PORT`
 * (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables) and `HTTP_PROXY`;
 * these win over the container's own `env`. `$(NAME)` in command, arguments and values is replaced, as in Kubernetes.
 */
export function applicationCommand(
  workload: Workload,
  placement: Placement,
  services: readonly ServicePort[],
  machine: { readonly inherited: Readonly<Record<string, string>>; readonly root: string },
): Command {
  const own = Object.fromEntries((workload.container.env ?? []).map(({ name, value }) => [name, value ?? '']));
  const env: Record<string, string> = {
    ...machine.inherited,
    ...own,
    ...meshVariables(workload, placement, services),
    MESH_ROOT: machine.root,
  };
  for (const name of Object.keys(own)) env[name] = expand(env[name]!, env);
  const argv = [...(workload.container.command ?? []), ...(workload.container.args ?? [])];
  return { argv: argv.map((word) => expand(word, env)), env };
}

function meshVariables(
  workload: Workload,
  placement: Placement,
  services: readonly ServicePort[],
): Record<string, string> {
  const env: Record<string, string> = {
    POD_NAME: workload.podName,
    POD_NAMESPACE: workload.namespace,
    POD_IP: '127.0.0.1',
    HOST: '127.0.0.1',
  };
  for (const [containerPort, { app }] of Object.entries(placement.inbound ?? {})) {
    const port = app.slice(app.lastIndexOf(':') + 1);
    env['PORT'] ??= port;
    env[`PORT_${containerPort}`] = port;
  }
  for (const service of services) Object.assign(env, serviceVariables(service, placement, workload.namespace));
  if (placement.httpProxy) Object.assign(env, proxyVariables(placement.httpProxy));
  return env;
}

/** `REVIEWS_SERVICE_HOST`, `REVIEWS_SERVICE_PORT` for the first port, `REVIEWS_SERVICE_PORT_HTTP` for each named one. */
function serviceVariables(service: ServicePort, placement: Placement, namespace: string): Record<string, string> {
  const address = parseSocketAddress(placement.outbound?.[outboundKey(service)] ?? '');
  if (!address || service.namespace !== namespace) return {};
  const prefix = variableName(service.name);
  const port = String(address.port);
  const first = Object.keys(placement.outbound!).find((key) => key.startsWith(`${service.host}:`));
  return {
    ...(first === outboundKey(service) && {
      [`${prefix}_SERVICE_HOST`]: address.host,
      [`${prefix}_SERVICE_PORT`]: port,
    }),
    ...(service.portName && { [`${prefix}_SERVICE_PORT_${variableName(service.portName)}`]: port }),
  };
}

function proxyVariables(httpProxy: string): Record<string, string> {
  const url = `http://${httpProxy}`;
  return { HTTP_PROXY: url, http_proxy: url, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' };
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
}

/** `$(NAME)` becomes the variable's value, `$$(NAME)` the text `$(NAME)`; unknown names stay as they are. */
function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)/g, (whole, name: string | undefined) =>
    whole === '$$' ? '$' : (env[name!] ?? whole),
  );
}
