// The service of an old rule → its full host name.
import { type Host, serviceHost } from '@meltemi/base';
import type { IstioService } from '@meltemi/config';

/** A service written in full is taken as it is; else its parts are completed from the rule's namespace and the domain. */
export function istioServiceHost(service: IstioService, namespace: string, domain: string): Host {
  if (service.service !== undefined) return service.service;
  const own = service.namespace ?? namespace;
  if (service.domain !== undefined) return `${service.name}.${own}.${service.domain}`;
  return serviceHost(service.name ?? '', own, domain);
}
