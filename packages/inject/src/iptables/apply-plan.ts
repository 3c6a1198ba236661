// Brings a plan into the kernel by the iptables programs, and takes it out again. Doing either twice changes nothing more.
import { leftoversText, ownRuleCount, tablesInUse } from './saved-state.ts';
import type { FamilyPlan } from './redirect-plan.ts';
import { isOwnChain, leadsToOwnChain, restoreText, type Rule } from './rule.ts';

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with arguments (no shell) and a text on standard input. */
export type RunProgram = (program: string, args: readonly string[], stdin?: string) => Promise<ProgramResult>;

export class RedirectError extends Error {
  readonly code = 'IPTABLES_FAILED';

  constructor(message: string) {
    super(message);
    this.name = 'RedirectError';
  }
}

/** Another program may hold the lock of the tables for this many seconds. */
const WAIT = ['-w', '30'];
const RESTORE = [...WAIT, '--noflush'];

/** Old rules of the mesh that differ are taken out first. */
export async function applyPlan(plan: readonly FamilyPlan[], run: RunProgram): Promise<'applied' | 'unchanged'> {
  const changed = [];
  for (const part of plan) if (!(await isApplied(part, run))) changed.push(part);
  for (const part of changed) {
    await cleanUp(part, run);
    await must(run, programs(part).restore, RESTORE, restoreText(part.rules));
    for (const args of part.routes.add) await must(run, 'ip', args);
  }
  return changed.length > 0 ? 'applied' : 'unchanged';
}

export async function removePlan(plan: readonly FamilyPlan[], run: RunProgram): Promise<void> {
  for (const part of plan) await cleanUp(part, run);
}

interface Programs {
  readonly iptables: string;
  readonly save: string;
  readonly restore: string;
}

function programs({ family }: FamilyPlan): Programs {
  const iptables = family === 'ipv4' ? 'iptables' : 'ip6tables';
  return { iptables, save: `${iptables}-save`, restore: `${iptables}-restore` };
}

/** All rules of the plan are there, and no other that leads to the mesh's chains. */
async function isApplied(part: FamilyPlan, run: RunProgram): Promise<boolean> {
  const state = await must(run, programs(part).save, []);
  const own = part.rules.filter(({ chain, text }) => isOwnChain(chain) || leadsToOwnChain(text));
  if (ownRuleCount(state) !== own.length) return false;
  for (const rule of part.rules) {
    const { code } = await run(programs(part).iptables, ruleArgs(rule, '-C'));
    if (code !== 0) return false;
  }
  return true;
}

/** First rules in the kernel's chains that only the plan knows as the mesh's, then whatever names its chains. */
async function cleanUp(part: FamilyPlan, run: RunProgram): Promise<void> {
  const { iptables, save, restore } = programs(part);
  const before = await must(run, save, []);
  const inUse = tablesInUse(before);
  for (const rule of part.rules) {
    if (isOwnChain(rule.chain) || leadsToOwnChain(rule.text) || !inUse.has(rule.table)) continue;
    await run(iptables, ruleArgs(rule, '-D'));
  }
  const leftovers = leftoversText(before);
  if (leftovers !== '') await must(run, restore, RESTORE, leftovers);
  for (const args of part.routes.remove) await run('ip', args);
}

function ruleArgs({ table, chain, text }: Rule, verb: '-C' | '-D'): readonly string[] {
  return [...WAIT, '-t', table, verb, chain, ...text.split(' ')];
}

async function must(run: RunProgram, program: string, args: readonly string[], stdin = ''): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, stdin);
  if (code === 0) return stdout;
  throw new RedirectError(`${[program, ...args].join(' ')}: ${stderr.trim() || `exit code ${code}`}`);
}
