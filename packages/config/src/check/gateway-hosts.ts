// Hosts of VirtualServices that none of their gateways is open for.
import { hostCovers, type Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { VirtualService } from '../model/virtual-service.ts';
import { CODE } from '../problem-code.ts';
import type { ConfigView } from '../view.ts';
import { warnAt } from './warning.ts';

/** Says nothing of gateways that aren't known: another check does. */
export function checkGatewayHosts(view: ConfigView): Problem[] {
  const open = new Map(
    view.gateways.map(({ metadata, spec }) => [
      `${metadata.namespace}/${metadata.name}`,
      spec.servers.flatMap(({ hosts }) => hosts),
    ]),
  );
  return view.virtualServices.flatMap((resource) => {
    const names = gatewaysOf(resource);
    const hosts = names.flatMap((name) => open.get(name) ?? []);
    if (names.length === 0 || names.some((name) => !open.has(name))) return [];
    return resource.spec.hosts.flatMap((host, index) => {
      if (hosts.some((written) => isOpenFor(written, host, resource.metadata.namespace))) return [];
      const message = `no server of ${names.join(', ')} is open for the host "${host}"`;
      return [warnAt(resource, `spec.hosts[${index}]`, { code: CODE.hostNotInGateway, message })];
    });
  });
}

/** Full names, `namespace/name`; none where the routes are for the mesh too. */
function gatewaysOf({ metadata, spec }: LocatedResource<VirtualService>): readonly string[] {
  const written = spec.gateways ?? [];
  if (written.includes('mesh')) return [];
  return written.map((name) => (name.includes('/') ? name : `${metadata.namespace}/${name}`));
}

/** A server's host may begin with the namespace whose VirtualServices it takes: `*`, `.` or a name. */
function isOpenFor(written: string, host: string, namespace: string): boolean {
  const slash = written.indexOf('/');
  const scope = slash < 0 ? '*' : written.slice(0, slash);
  const own = written.slice(slash + 1);
  if (scope !== '*' && scope !== '.' && scope !== namespace) return false;
  return own === '*' || host === '*' || own === host || hostCovers(own, host) || hostCovers(host, own);
}
