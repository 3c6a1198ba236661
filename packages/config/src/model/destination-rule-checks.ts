// What the schema of a DestinationRule cannot say: messages that say nothing, and fields that exclude or need each other.
// Its rules are those of Istio's own validation.
import { CODE } from '../problem-code.ts';
import type { Finding } from '../schema.ts';

type Message = Readonly<Record<string, unknown>>;

/** A check that wants at least one field; `what` names the message. */
export function saysSomething(what: string): (message: Message) => Finding[] {
  return (message) =>
    Object.keys(message).length > 0
      ? []
      : [{ path: [], code: CODE.missing, message: `${what} must have at least one field` }];
}

/** A port's settings beside the port itself. */
export function portSaysSomething({ port, ...settings }: Message): Finding[] {
  const missing = port === undefined ? [{ path: [], code: CODE.missing, message: '"port" is missing' }] : [];
  return [...missing, ...saysSomething('the policy of a port')(settings)];
}

export function checkOutlierDetection(outlier: Message): Finding[] {
  const failures = outlier['consecutiveLocalOriginFailures'];
  if (!failures || outlier['splitExternalLocalOriginErrors'] === true) return [];
  const message = '"consecutiveLocalOriginFailures" counts only where "splitExternalLocalOriginErrors" is true';
  return [{ path: ['consecutiveLocalOriginFailures'], code: CODE.exclusive, message }];
}

/** A rule for some workloads is for those of its namespace. */
export function checkWorkloadSelector(spec: Message): Finding[] {
  const exportTo = (spec['exportTo'] ?? []) as readonly string[];
  if (spec['workloadSelector'] === undefined || exportTo.length === 0) return [];
  if (exportTo.length === 1 && exportTo[0] === '.') return [];
  const message = 'a rule with a workload selector is for its own namespace: "exportTo" can only be "."';
  return [{ path: ['exportTo'], code: CODE.exclusive, message }];
}

export function checkSubsetNames(spec: Message): Finding[] {
  const subsets = (spec['subsets'] ?? []) as readonly { readonly name?: string }[];
  const first = new Map<string, number>();
  return subsets.flatMap(({ name }, index): Finding[] => {
    if (name === undefined) return [];
    if (!first.has(name)) {
      first.set(name, index);
      return [];
    }
    const message = `the subset ${JSON.stringify(name)} is defined twice`;
    return [{ path: ['subsets', index, 'name'], code: CODE.duplicate, message }];
  });
}
