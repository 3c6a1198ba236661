// A command → what is to be done to each family of addresses, and how it reads for people.
import { legacyRules } from './legacy-rules.ts';
import type { RedirectCommand } from './redirect-flags.ts';
import { redirectRules } from './redirect-rules.ts';
import { families, type Family } from './redirect-settings.ts';
import { restoreText, type Rule } from './rule.ts';
import { type Routes, tproxyRoutes } from './tproxy-rules.ts';

export interface FamilyPlan {
  readonly family: Family['name'];
  readonly rules: readonly Rule[];
  readonly routes: Routes;
}

export function redirectPlan({ legacy, settings }: RedirectCommand): readonly FamilyPlan[] {
  return families(settings).map((family) => ({
    family: family.name,
    rules: legacy ? legacyRules(settings) : redirectRules(settings, family),
    routes: legacy ? { add: [], remove: [] } : tproxyRoutes(settings, family),
  }));
}

/** The input of iptables-restore, then that of ip6tables-restore. */
export function printPlan(plan: readonly FamilyPlan[]): string {
  return plan.map(({ rules }) => restoreText(rules)).join('');
}
