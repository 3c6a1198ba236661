// A rule of a ServiceRole and the subjects that have the role → rules of an AuthorizationPolicy.
import type { LocatedResource } from '../located-resource.ts';
import type {
  AuthorizationCondition,
  AuthorizationOperation,
  AuthorizationRule,
} from '../model/authorization-policy.ts';
import type { ServicePort, ServiceSpec } from '../model/kubernetes.ts';
import type { AccessRule, ServiceRoleBinding } from '../model/rbac.ts';

type Service = LocatedResource<ServiceSpec>;
type Subject = ServiceRoleBinding['subjects'][number];

/** One for each subject. None where a constraint does not hold for the service, or can't be said of it. */
export function accessRules(rule: AccessRule, { subjects }: ServiceRoleBinding, service: Service): AuthorizationRule[] {
  const constraints = conditions(rule, service);
  if (!constraints) return [];
  const operation = operationOf(rule, service);
  return subjects.map((subject): AuthorizationRule => {
    const when = [...subjectConditions(subject), ...constraints];
    return {
      // `*` was everybody, with an identity or without.
      ...(subject.user !== undefined && subject.user !== '*' && { from: [{ source: { principals: [subject.user] } }] }),
      ...(Object.keys(operation).length > 0 && { to: [{ operation }] }),
      ...(when.length > 0 && { when }),
    };
  });
}

/** The ports of the service alone: the pods behind it may stand behind others, too. */
function operationOf(rule: AccessRule, { spec }: Service): AuthorizationOperation {
  const { methods, paths, hosts, notHosts, notMethods, notPaths, ports, notPorts } = rule;
  const served = spec.ports?.map(containerPort) ?? [];
  const known = served.every((port) => port !== undefined) ? served.map(String) : [];
  return {
    ...some('methods', everything(methods)),
    ...some('paths', everything(paths)),
    ...some('hosts', hosts),
    ...some('notHosts', notHosts),
    ...some('notMethods', notMethods),
    ...some('notPaths', notPaths),
    ...some('ports', ports?.map(String) ?? known),
    ...some('notPorts', notPorts?.map(String)),
  };
}

/** `*` asks for nothing. */
function everything(values: readonly string[] | undefined): readonly string[] | undefined {
  return values?.includes('*') ? undefined : values;
}

function some(field: keyof AuthorizationOperation, values: readonly string[] | undefined): AuthorizationOperation {
  return values && values.length > 0 ? { [field]: values } : {};
}

function containerPort({ port, targetPort }: ServicePort): number | undefined {
  return typeof targetPort === 'string' ? undefined : (targetPort ?? port);
}

function subjectConditions({ group, properties = {} }: Subject): AuthorizationCondition[] {
  return [
    ...(group === undefined ? [] : [{ key: 'request.auth.claims[groups]', values: [group] }]),
    ...Object.entries(properties).map(([key, value]) => ({ key, values: [value] })),
  ];
}

/** Undefined: they do not hold. */
function conditions({ constraints = [] }: AccessRule, service: Service): AuthorizationCondition[] | undefined {
  const said: AuthorizationCondition[] = [];
  for (const { key, values } of constraints) {
    const fixed = fixedValue(key, service);
    if (fixed === undefined) said.push({ key, values });
    else if (!values.some((value) => holds(value, fixed))) return undefined;
  }
  return said;
}

/** What is known of the destination beforehand; undefined: it shows with the request. */
function fixedValue(key: string, { metadata, spec }: Service): string | undefined {
  const [, label] = /^destination\.labels\[(.+)\]$/.exec(key) ?? [];
  if (label !== undefined) return spec.selector?.[label] ?? '';
  if (key === 'destination.namespace') return metadata.namespace;
  if (key === 'destination.name') return metadata.name;
  // The account that pods run under is not the service's to say.
  return key === 'destination.user' ? '' : undefined;
}

function holds(pattern: string, value: string): boolean {
  if (value === '') return false;
  if (pattern.startsWith('*')) return value.endsWith(pattern.slice(1));
  return pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : value === pattern;
}
