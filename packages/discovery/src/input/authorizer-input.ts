// Finds whom a proxy asks for CUSTOM policies: the cluster of the service that a provider names.
import type { RegistryView, Service } from '@meltemi/registry';
import type { ExternalAuthorizer } from '../external-authorizers.ts';
import { outboundName } from './cluster-name.ts';

/** An authorizer with the cluster by which it is reached. */
export interface AuthorizerInput extends Omit<ExternalAuthorizer, 'service' | 'port'> {
  readonly host: string;
  readonly cluster: string;
}

/** By name; one whose service nobody knows is not there. */
export function authorizerInputs(
  authorizers: readonly ExternalAuthorizer[],
  registry: RegistryView,
): Readonly<Record<string, AuthorizerInput>> {
  const found = authorizers.flatMap(({ service, port, ...said }) => {
    const known = serviceNamed(service, registry);
    return known ? [{ ...said, host: known.host, cluster: outboundName(known.host, port) }] : [];
  });
  return Object.fromEntries(found.map((each) => [each.name, each]));
}

/** `HOST` or `NAMESPACE/HOST`. */
function serviceNamed(written: string, registry: RegistryView): Service | undefined {
  const slash = written.indexOf('/');
  return slash < 0 ? registry.service(written) : registry.service(written.slice(slash + 1), written.slice(0, slash));
}
