// The VirtualServices that a namespace sees, with what they leave to others in its place; the nearest first.
import type { LocatedResource, VirtualService } from '@meltemi/config';
import { delegatedRules, type DelegationOptions } from './delegated-rules.ts';
import { effectiveExportTo, nearestFirst, visibleIn } from './visibility.ts';

type Rules = readonly LocatedResource<VirtualService>[];

export function visibleRules(all: Rules, namespace: string, options: DelegationOptions): Rules {
  const readOf = ({ metadata, spec }: LocatedResource<VirtualService>) => ({
    home: metadata.namespace,
    exportTo: effectiveExportTo(spec.exportTo, options.exportTo),
  });
  const seen = delegatedRules(all, options).filter((rule) => {
    const { home, exportTo } = readOf(rule);
    return visibleIn(namespace, home, exportTo);
  });
  return nearestFirst(seen, namespace, readOf);
}
