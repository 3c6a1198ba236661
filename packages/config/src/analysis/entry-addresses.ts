// ServiceEntries whose ports carry bytes only: without an address nothing tells their traffic from others'.
import type { Problem } from '@meltemi/base';

import type { MeshConfig } from '../model/mesh-config.ts';
import { CODE } from '../problem-code.ts';
import type { Subject } from './analyzer.ts';
import { findingAt } from './finding.ts';

export function analyzeEntryAddresses({ view, mesh }: Subject): Problem[] {
  if (givesAddresses(mesh)) return [];
  return view.objects('ServiceEntry').flatMap((resource) => {
    if (resource.spec.addresses) return [];
    return (resource.spec.ports ?? []).flatMap(({ protocol = 'TCP' }, index) => {
      if (protocol.toUpperCase() !== 'TCP') return [];
      const message = 'a port of TCP needs "addresses": nothing else tells its connections from others';
      return [findingAt(resource, `spec.ports[${index}]`, { code: CODE.addressNeeded, message })];
    });
  });
}

/** Whether agents give addresses to what has none. */
function givesAddresses({ defaultConfig }: MeshConfig): boolean {
  const metadata = defaultConfig?.proxyMetadata ?? {};
  const allocates = ['ISTIO_META_DNS_AUTO_ALLOCATE', 'PILOT_ENABLE_IP_AUTOALLOCATE'];
  return metadata['ISTIO_META_DNS_CAPTURE'] === 'true' && allocates.some((name) => metadata[name] === 'true');
}
