// A host that is not known → the one that was probably meant.
import type { Host } from '@meltemi/base';

import type { World } from '../world.ts';
import { hintAt } from './finding.ts';

/** In a full name of the mesh nearly all of the letters are the domain: what was mistaken is the first word. */
export function hintAtHost(host: Host, { hosts, domain }: World): string | undefined {
  return host.endsWith(`.svc.${domain}`) ? hintAt(shortName(host), Array.from(hosts, shortName)) : hintAt(host, hosts);
}

const shortName = (host: Host): string => host.split('.')[0] ?? host;
