// Says what is called in RBAC's words: permissions.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Permission, PermissionSchema } from '@meltemi/api/envoy/config/rbac/v3/rbac_pb';
import { addressRange } from './address-range.ts';
import { filterMetadataMatcher } from './claim-matcher.ts';
import type { Words } from './conjunction.ts';
import { isPathTemplate, pathTemplateMatcher, wildcardHeader, wildcardMatcher } from './wildcard.ts';

export interface PermissionPlace {
  /** Requests have methods, paths and hosts; connections have not. */
  readonly http: boolean;
  /** Ports that stand for others on this machine; undefined: every port is itself. */
  readonly ports: Readonly<Record<string, number>> | undefined;
}

type Rule = MessageInitShape<typeof PermissionSchema>['rule'];

const permission = (rule: Rule): Permission => create(PermissionSchema, { rule });
const any = permission({ case: 'any', value: true });
const not = (part: Permission): Permission => permission({ case: 'notRule', value: part });
const or = (rules: readonly Permission[]): Permission => permission({ case: 'orRules', value: { rules: [...rules] } });

/** Matches nothing. */
export const NO_PERMISSION: Permission = not(any);

export function permissionWords(place: PermissionPlace): Words<Permission> {
  return {
    any,
    and: (rules) => permission({ case: 'andRules', value: { rules: [...rules] } }),
    or,
    not,
    say: (key, value) => {
      const rule = (place.http ? sayOfRequest(key, value) : undefined) ?? sayOfConnection(key, value, place);
      return rule && permission(rule);
    },
    sayAll: sayMetadata,
  };
}

function sayOfRequest(key: string, value: string): Rule {
  switch (key) {
    case 'host':
      return { case: 'header', value: wildcardHeader(':authority', value, true) };
    case 'method':
      return { case: 'header', value: wildcardHeader(':method', value) };
    case 'path': {
      const path = isPathTemplate(value) ? pathTemplateMatcher(value) : wildcardMatcher(value);
      return { case: 'urlPath', value: { rule: { case: 'path', value: path } } };
    }
    default:
      return undefined;
  }
}

function sayOfConnection(key: string, value: string, place: PermissionPlace): Rule {
  switch (key) {
    case 'destination.port':
      return sayPort(value, place);
    case 'destination.ip': {
      const range = addressRange(value);
      return range && { case: 'destinationIp', value: range };
    }
    case 'connection.sni':
      return { case: 'requestedServerName', value: wildcardMatcher(value) };
    default:
      return undefined;
  }
}

/** 0, where no connection goes, stands for a port that is not served on this machine: another's number may be the same. */
function sayPort(value: string, { ports }: PermissionPlace): Rule {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 65_535) return undefined;
  return { case: 'destinationPort', value: ports ? (ports[value] ?? 0) : number };
}

/** `experimental.envoy.filters.a.b[c]` */
function sayMetadata(key: string, values: readonly string[]): Permission | undefined {
  const [, filter, name] = /^experimental\.(envoy\.filters\.[^[\]]+)\[([^[\]]+)\]$/.exec(key) ?? [];
  if (!filter || !name) return undefined;
  const rules = values.map((value) =>
    permission({ case: 'metadata', value: filterMetadataMatcher(filter, name, value) }),
  );
  return rules.length === 1 ? rules[0] : or(rules);
}
