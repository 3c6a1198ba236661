// The configuration as it is read now: objects of the mesh's kinds with what is wrong with them, and policies by namespace.
import type { Problem } from '@meltemi/base';
import { type KindName, KINDS, type LocatedResource } from '@meltemi/config';
import type { DiscoveryServer } from '../../discovery-server.ts';
import type { Snapshot } from '../../snapshot.ts';
import { type DebugPage, json } from '../debug-page.ts';

/** Kinds of today's Istio. Older ones are shown as what they say today. */
const SHOWN = KINDS.filter(({ ours, legacy }) => ours && !legacy);
const WITH_OLDER_FORMS = ['VirtualService', 'DestinationRule', 'Gateway', 'ServiceEntry'];
const LEVEL = { error: 'ERROR', warning: 'WARNING', info: 'INFO' } as const;

export function configPages(server: Pick<DiscoveryServer, 'snapshot' | 'problems'>): readonly DebugPage[] {
  return [
    {
      name: 'configz',
      help: 'Debug support for config',
      show: () => json(allObjects(server.snapshot, server.problems())),
    },
    {
      name: 'resourcesz',
      help: 'Debug support for watched resources',
      show: () => json(SHOWN.map(({ groups, versions, kind }) => ({ group: groups[0], version: versions[0], kind }))),
    },
    {
      name: 'authorizationz',
      help: 'Internal authorization policies',
      show: () => json({ authorization_policies: authorizationPolicies(server.snapshot) }),
    },
    {
      name: 'telemetryz',
      help: 'Debug Telemetry configuration',
      show: () => json({ telemetries: byNamespace('namespace_to_telemetries', 'Telemetry', server.snapshot) }),
    },
    {
      name: 'pushcontext',
      help: 'Debug support for current push context',
      show: () =>
        json({
          AuthorizationPolicies: authorizationPolicies(server.snapshot),
          NetworkGateways: null,
          UnresolvedGateways: null,
        }),
    },
    { name: 'problems', help: 'All that is wrong', show: () => json(server.problems()) },
    { name: 'push_status', help: 'Last PushContext Details', show: () => json(pushStatus(server.problems())) },
  ];
}

function allObjects({ config }: Snapshot, problems: readonly Problem[]): readonly object[] {
  const converted = [config.virtualServices, config.destinationRules, config.gateways, config.serviceEntries].flat();
  const others = SHOWN.filter(({ kind }) => !WITH_OLDER_FORMS.includes(kind));
  const written = others.flatMap(({ kind }) => config.objects(kind) as readonly LocatedResource[]);
  return [...converted, ...written].toSorted(byKindAndName).map((object) => objectJson(object, problems));
}

function byKindAndName(a: LocatedResource, b: LocatedResource): number {
  const [one, other] = [a, b].map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
  return one! < other! ? -1 : 1;
}

function objectJson(object: LocatedResource, problems: readonly Problem[]): object {
  const { kind, apiVersion, metadata, spec } = object;
  const { source } = object.origin();
  const messages = problems.filter(({ resource }) => resource && isNamed(resource, object)).map(messageJson);
  return {
    kind,
    apiVersion,
    metadata,
    spec,
    ...(messages.length > 0 && { status: { validationMessages: messages } }),
    source: `${source.file}:${source.line}`,
  };
}

function isNamed(name: { kind: string; namespace: string; name: string }, object: LocatedResource): boolean {
  const { kind, metadata } = object;
  return name.kind === kind && name.namespace === metadata.namespace && name.name === metadata.name;
}

/** As Istio writes it into the status of an object. */
function messageJson({ code, severity, message }: Problem): object {
  return { type: { code }, level: LEVEL[severity], message };
}

function authorizationPolicies(snapshot: Snapshot): object {
  return byNamespace('namespace_to_policies', 'AuthorizationPolicy', snapshot);
}

function byNamespace(title: string, kind: KindName, { config, mesh }: Snapshot): object {
  const objects = (config.objects(kind) as readonly LocatedResource[]).map(({ metadata, spec }) => {
    return { name: metadata.name, namespace: metadata.namespace, annotations: metadata.annotations, spec };
  });
  const grouped = Object.groupBy(objects, ({ namespace }) => namespace);
  return { [title]: grouped, root_namespace: mesh.rootNamespace };
}

/** Code → what has the problem → the words. */
function pushStatus(problems: readonly Problem[]): object {
  const byCode = Map.groupBy(problems, ({ code }) => code);
  const entries = [...byCode].map(([code, all]) => {
    const messages = all.map(({ resource, message }, index) => {
      const name = resource ? `${resource.namespace}/${resource.name}` : String(index);
      return [name, { message }];
    });
    return [code, Object.fromEntries(messages)];
  });
  return Object.fromEntries(entries);
}
