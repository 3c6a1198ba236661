// Whom a request is meant for → the listener of the sidecar that takes it from the application.
import { parseClusterName } from '../cluster-name.ts';
import type { ConfigDump } from '../config-dump.ts';
import { addressText, type ListenerJson } from '../proxy-json.ts';
import type { ExplainRequest } from './explain-request.ts';

export interface FoundListener {
  readonly listener: ListenerJson;
  /** Why it is this one. */
  readonly reason: string;
}

/** Undefined: none takes it. */
export function findListener(dump: ConfigDump, request: ExplainRequest): FoundListener | undefined {
  return byAddress(dump, request) ?? byService(dump, request) ?? byPort(dump, request) ?? httpProxy(dump);
}

function byAddress({ listeners }: ConfigDump, { host, port }: ExplainRequest): FoundListener | undefined {
  const wanted = addressText({ socket_address: { address: host, port_value: port } });
  const listener = listeners.find(({ address }) => addressText(address) === wanted);
  return listener && { listener, reason: 'the URL names its address' };
}

/** Where nothing is intercepted, each service has a listener of its own, named as its cluster. */
function byService(dump: ConfigDump, { host, port }: ExplainRequest): FoundListener | undefined {
  const hosts = hostsMeant(dump, host);
  const listener = dump.listeners.find(({ name }) => {
    const parts = parseClusterName(name);
    return parts.direction === 'outbound' && parts.port === port && hosts.includes(parts.host);
  });
  return listener && { listener, reason: `the application's way to ${parseClusterName(listener.name).host}:${port}` };
}

/** A gateway listens for whole ports, as does a sidecar that connections are led to. */
function byPort({ listeners }: ConfigDump, { port }: ExplainRequest): FoundListener | undefined {
  const outbound = listeners.filter((listener) => listener.traffic_direction !== 'INBOUND');
  const listener = outbound.find(({ name }) => name === `0.0.0.0_${port}`);
  return listener && { listener, reason: `it takes port ${port}` };
}

function httpProxy({ listeners }: ConfigDump): FoundListener | undefined {
  const listener = listeners.find(({ name }) => name === 'http_proxy');
  return listener && { listener, reason: 'no listener is for this host alone: the way by HTTP_PROXY' };
}

/** A short name means what the resolver of the pod makes of it: `NS.svc.DOMAIN`, `svc.DOMAIN` and `DOMAIN` are searched. */
export function hostsMeant({ bootstrap }: ConfigDump, host: string): readonly string[] {
  const id = (bootstrap['node'] as { id?: string } | undefined)?.id ?? '';
  const domain = id.split('~')[3] ?? '';
  const labels = domain.split('.');
  const searched = [0, 1, 2].map((skipped) => labels.slice(skipped).join('.')).filter((suffix) => suffix !== '');
  return [host, ...searched.map((suffix) => `${host}.${suffix}`)].map((name) => name.toLowerCase());
}
