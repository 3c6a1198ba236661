// Telemetries → the providers that log for clients or servers, each with the condition of an entry.
import type { AccessLogging, Telemetry } from '@meltemi/config';
import { isOf, withProviders } from './provider-choice.ts';

export interface ChosenLog {
  readonly provider: string;
  readonly condition: string;
  readonly disabled: boolean;
}

/** None where neither a Telemetry nor the mesh names a provider. */
export function chosenLogs(
  telemetries: readonly Telemetry[],
  defaults: readonly string[],
  mode: 'CLIENT' | 'SERVER',
): readonly ChosenLog[] {
  const levels = telemetries.flatMap(({ accessLogging }) => (accessLogging?.length ? [accessLogging] : []));
  const inScope = new Set(levels.map((level) => named(level, mode)).findLast((names) => names.length > 0) ?? defaults);
  const chosen = new Map<string, ChosenLog>();
  if (levels.length === 0) return defaults.map((provider) => ({ provider, condition: '', disabled: false }));
  const conditions = new Map<string, string>();
  for (const { entry, names } of withProviders(levels.flat(), defaults)) {
    if (!isOf(entry.match?.mode, mode)) continue;
    for (const { name } of entry.providers ?? []) conditions.set(name, entry.filter?.expression ?? '');
    for (const provider of names.filter((name) => inScope.has(name))) {
      const disabled = entry.disabled === true;
      chosen.set(provider, { provider, condition: '', disabled });
    }
  }
  return [...chosen.values()]
    .map((log) => ({ ...log, condition: conditions.get(log.provider) ?? '' }))
    .sort((a, b) => (a.provider < b.provider ? -1 : 1));
}

function named(level: readonly AccessLogging[], mode: 'CLIENT' | 'SERVER'): readonly string[] {
  return level
    .filter(({ match }) => isOf(match?.mode, mode))
    .flatMap(({ providers = [] }) => providers.map(({ name }) => name));
}
