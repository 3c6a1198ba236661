// Ingress objects of the mesh's class → one rule a path, as Pilot kept them.
import type { IngressSpec, LocatedResource } from '@meltemi/config';
import type { V1Mesh } from './v1-mesh.ts';

/** What of a URL a path stands for. */
export type PathMatch =
  | { readonly kind: 'exact'; readonly path: string }
  | { readonly kind: 'prefix'; readonly prefix: string };

export interface IngressRule {
  /** `*` for any. */
  readonly host: string;
  readonly path: PathMatch;
  readonly service: { readonly name: string; readonly namespace: string };
  /** A number, or the name of a port of the service. */
  readonly port: number | string;
  /** `secret.namespace`; empty: plain HTTP. */
  readonly secret: string;
}

type Ingress = LocatedResource<IngressSpec>;
type Path = NonNullable<NonNullable<IngressSpec['rules']>[number]['http']>['paths'][number];

const ANY_PATH: PathMatch = { kind: 'prefix', prefix: '/' };

export function ingressRules(
  ingresses: readonly Ingress[],
  { mesh }: { readonly mesh: V1Mesh },
): readonly IngressRule[] {
  return ingresses.filter((ingress) => isOurs(ingress, mesh)).flatMap(rulesOf);
}

/** STRICT: only those of our class; DEFAULT: also those without a class. */
function isOurs({ metadata, spec }: Ingress, mesh: V1Mesh): boolean {
  const written = spec.ingressClassName ?? metadata.annotations['kubernetes.io/ingress.class'];
  switch (mesh.ingressControllerMode) {
    case 'OFF':
      return false;
    case 'DEFAULT':
      return written === undefined || written === mesh.ingressClass;
    case 'STRICT':
      return written === mesh.ingressClass;
  }
}

function rulesOf(ingress: Ingress): IngressRule[] {
  const { spec } = ingress;
  const backend = spec.backend ?? spec.defaultBackend;
  const fallback = backend ? ruleOf(ingress, '*', { backend }) : [];
  const written = (spec.rules ?? []).flatMap((rule) =>
    (rule.http?.paths ?? []).flatMap((path) => ruleOf(ingress, rule.host || '*', path)),
  );
  return [...fallback, ...written];
}

function ruleOf(ingress: Ingress, host: string, path: Path): IngressRule[] {
  const { namespace } = ingress.metadata;
  const name = path.backend.serviceName ?? path.backend.service?.name;
  const port = path.backend.servicePort ?? path.backend.service?.port?.number ?? path.backend.service?.port?.name;
  if (name === undefined || port === undefined) return [];
  return [{ host, path: pathMatch(path), service: { name, namespace }, port, secret: secretOf(ingress, host) }];
}

/** In the old form `/path.*` is a prefix. */
function pathMatch({ path = '', pathType }: Path): PathMatch {
  if (path === '') return ANY_PATH;
  if (path.endsWith('.*')) return { kind: 'prefix', prefix: path.slice(0, -2) };
  return pathType === 'Prefix' ? { kind: 'prefix', prefix: path } : { kind: 'exact', path };
}

/** The secret of the first TLS entry that covers the host. */
function secretOf({ metadata, spec }: Ingress, host: string): string {
  const entry = (spec.tls ?? []).find(({ hosts = [] }) => hosts.length === 0 || hosts.includes(host));
  return entry?.secretName === undefined ? '' : `${entry.secretName}.${metadata.namespace}`;
}
