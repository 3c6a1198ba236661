// ServiceRole, ServiceRoleBinding and RbacConfig of Istio 0.5 to 1.5. https://istio.io/v1.0/docs/reference/config/authorization/istio.rbac.v1alpha1/
import { CODE } from '../problem-code.ts';
import { type Finding, integer, labelMap, list, message, numberedTexts, oneOfTexts, text, texts } from '../schema.ts';
import { nonEmpty } from '../text-check.ts';

export interface ServiceRole {
  readonly rules: readonly AccessRule[];
}

/** Names may begin or end with `*`. */
export interface AccessRule {
  readonly services: readonly string[];
  readonly paths?: readonly string[];
  readonly methods?: readonly string[];
  readonly hosts?: readonly string[];
  readonly notHosts?: readonly string[];
  readonly notPaths?: readonly string[];
  readonly notMethods?: readonly string[];
  readonly ports?: readonly number[];
  readonly notPorts?: readonly number[];
  readonly constraints?: readonly { readonly key: string; readonly values: readonly string[] }[];
}

export interface ServiceRoleBinding {
  readonly subjects: readonly {
    readonly user?: string;
    readonly group?: string;
    readonly properties?: Readonly<Record<string, string>>;
  }[];
  readonly roleRef: { readonly kind: 'ServiceRole'; readonly name: string };
  readonly mode?: 'ENFORCED' | 'PERMISSIVE';
}

export interface RbacConfig {
  readonly mode?: 'OFF' | 'ON' | 'ON_WITH_INCLUSION' | 'ON_WITH_EXCLUSION';
  readonly inclusion?: RbacTarget;
  readonly exclusion?: RbacTarget;
  readonly enforcementMode?: 'ENFORCED' | 'PERMISSIVE';
}

export interface RbacTarget {
  readonly services?: readonly string[];
  readonly namespaces?: readonly string[];
}

const constraint = message({ key: nonEmpty, values: list(nonEmpty, 1) }, { required: ['key', 'values'] });
const ports = list(integer(0, 65_535));

const accessRule = message(
  {
    services: list(nonEmpty, 1),
    hosts: texts,
    notHosts: texts,
    paths: texts,
    notPaths: texts,
    methods: texts,
    notMethods: texts,
    ports,
    notPorts: ports,
    constraints: list(constraint),
  },
  { required: ['services'] },
);

export const serviceRoleSchema = message({ rules: list(accessRule, 1) }, { required: ['rules'] });

const enforcement = numberedTexts('ENFORCED', 'PERMISSIVE');
const subject = message({ user: text(), group: text(), properties: labelMap }, { check: checkSubject });
const roleRef = message({ kind: oneOfTexts('ServiceRole'), name: nonEmpty }, { required: ['kind', 'name'] });

export const serviceRoleBindingSchema = message(
  { subjects: list(subject, 1), roleRef, mode: enforcement },
  { required: ['subjects', 'roleRef'] },
);

const target = message({ services: texts, namespaces: texts });

export const rbacConfigSchema = message({
  mode: numberedTexts('OFF', 'ON', 'ON_WITH_INCLUSION', 'ON_WITH_EXCLUSION'),
  inclusion: target,
  exclusion: target,
  enforcementMode: enforcement,
});

function checkSubject(written: Readonly<Record<string, unknown>>): Finding[] {
  if (Object.keys(written).length > 0) return [];
  return [{ path: [], code: CODE.missing, message: 'one of "user", "group" and "properties" is needed' }];
}

export function checkRbacConfigName(name: string): Finding[] {
  if (name === 'default') return [];
  return [{ path: [], code: CODE.badValue, message: 'only the name "default" is heard' }];
}
