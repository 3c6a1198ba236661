// What one proxy is to have, in the form of Envoy's config_dump.
import type { DiscoveryServer } from '../../discovery-server.ts';
import { SERVED_TYPES, type ServedType } from '../../resources.ts';
import { ofProxy } from '../asked-proxy.ts';
import { configDumpJson, resourcesDump } from '../config-dump.ts';
import { type DebugPage, json, refusal } from '../debug-page.ts';

type Server = Pick<DiscoveryServer, 'proxy' | 'resourcesOf' | 'snapshot'>;

export function proxyPages(server: Server): readonly DebugPage[] {
  return [
    configDumpPage(server),
    ofType(server, 'cdsz', 'CDS'),
    ofType(server, 'edsz', 'EDS'),
    ofType(server, 'ecdsz', 'ECDS'),
    ofType(server, 'ndsz', 'NDS'),
  ];
}

/** `types=cds,rds`: those resources alone. `proto_field_names`: fields are named as in proxies' own dumps. */
function configDumpPage(server: Server): DebugPage {
  return {
    name: 'config_dump',
    help: 'ConfigDump in the form of the Envoy admin config dump API for passed in proxyID',
    ofNamespaces: true,
    show: (asked) =>
      ofProxy(server, asked, ({ resources }) => {
        const { query } = asked;
        const types = query.get('types');
        if (types) {
          const asked = types.split(',').map(typeNamed);
          const unknown = types.split(',').find((name) => !typeNamed(name));
          if (unknown !== undefined)
            return refusal(400, `types: ${unknown} is not one of ${SERVED_TYPES.join(', ')}\n`);
          return json(resourcesDump(resources, asked as ServedType[]));
        }
        const names = query.has('proto_field_names') ? 'proto' : 'json';
        const version = String(server.snapshot.version);
        return json(configDumpJson(resources, names, { version, includeEndpoints: query.has('include_eds') }));
      }),
  };
}

function typeNamed(name: string): ServedType | undefined {
  return SERVED_TYPES.find((type) => type === name.toUpperCase());
}

function ofType(server: Server, name: string, type: ServedType): DebugPage {
  return {
    name,
    help: `Status and debug interface for ${type}`,
    ofNamespaces: type === 'EDS' || type === 'NDS',
    show: (asked) => ofProxy(server, asked, ({ resources }) => json(resourcesDump(resources, [type]))),
  };
}
