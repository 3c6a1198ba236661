// Problems of configuration → a gauge of how many hold now, by what they are.
import type { Problem } from '@meltemi/base';
import type { PilotMetrics } from './metrics.ts';

export function showProblems(problems: readonly Problem[], metrics: PilotMetrics): void {
  const groups = Map.groupBy(problems, ({ code, severity, resource }) => `${severity} ${code} ${resource?.kind}`);
  const counts = Array.from(groups.values(), (group) => {
    const { code, severity, resource } = group[0]!;
    return [{ code, severity, kind: resource?.kind ?? '' }, group.length] as const;
  });
  metrics.setAll('pilot_config_problems', 'Problems of configuration that hold now.', counts);
}
