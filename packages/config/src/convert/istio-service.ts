// The IstioService of old rules → the full host name that it means.
import { type Host, serviceHost } from '@meltemi/base';

import type { IstioService } from '../model/route-rule.ts';

/** A service written in full is taken as it is; else its parts are completed from the rule's namespace and the domain. */
export function istioServiceHost(service: IstioService, ruleNamespace: string, domain: string): Host {
  if (service.service !== undefined) return service.service;
  const namespace = service.namespace ?? ruleNamespace;
  if (service.domain !== undefined) return `${service.name}.${namespace}.${service.domain}`;
  return serviceHost(service.name ?? '', namespace, domain);
}
