// What a proxy refuses → problems that name the proxy, the resource, and the rule behind it.
import type { Problem } from '@meltemi/base';
import type { ProxyNode } from '../proxy-node.ts';
import type { ServedType } from '../resources.ts';
import { type Blamed, blamedRule } from './blamed-rule.ts';
import type { Refused } from './quarantine.ts';

const blamed = new WeakMap<Refused, { readonly rule: Blamed | undefined }>();

export function refusalProblem(node: ProxyNode, type: ServedType, refused: Refused): Problem {
  const rule = ruleBehind(refused);
  const { fragment, accepted, reason } = refused;
  const proxy = `${node.workload}.${node.namespace}`;
  const instead = accepted ? 'goes on with what it had' : 'does without';
  return {
    severity: 'error',
    code: 'MEL0302',
    message: `proxy ${proxy} refused ${type} ${fragment.name}, and ${instead}: ${reason}`,
    ...(rule && { resource: rule.resource }),
    ...(rule?.source && { source: rule.source }),
  };
}

/** Found once: the problems are asked for at each push. */
function ruleBehind(refused: Refused): Blamed | undefined {
  const known = blamed.get(refused) ?? { rule: blamedRule(refused) };
  blamed.set(refused, known);
  return known.rule;
}
