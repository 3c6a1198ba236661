// The output of iptables-save → what of it belongs to the mesh.
import { isOwnChain, leadsToOwnChain } from './rule.ts';

interface SavedTable {
  readonly name: string;
  /** The mesh's chains. */
  readonly chains: readonly string[];
  /** Lines `-A CHAIN …` in chains of the mesh, or that lead there. */
  readonly rules: readonly string[];
}

/** Tables that hold chains of the mesh. */
export function tablesInUse(saved: string): ReadonlySet<string> {
  return new Set(readTables(saved).map(({ name }) => name));
}

export function ownRuleCount(saved: string): number {
  return readTables(saved).reduce((sum, { rules }) => sum + rules.length, 0);
}

/** Input of iptables-restore that takes out all that belongs to the mesh, a table in one step; empty for nothing. */
export function leftoversText(saved: string): string {
  return readTables(saved).map(removalText).join('');
}

function removalText({ name, chains, rules }: SavedTable): string {
  const jumps = rules.filter((rule) => !isOwnChain(chainOf(rule)));
  const lines = [
    `*${name}`,
    ...jumps.map((rule) => rule.replace(/^-A/, '-D')),
    ...chains.map((chain) => `-F ${chain}`),
    ...chains.map((chain) => `-X ${chain}`),
    'COMMIT',
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function readTables(saved: string): readonly SavedTable[] {
  const blocks = saved.split(/^(?=\*)/m).filter((block) => block.startsWith('*'));
  return blocks.map((block) => readTable(block.split('\n'))).filter(({ chains }) => chains.length > 0);
}

function readTable(lines: readonly string[]): SavedTable {
  const chains = lines.filter((line) => line.startsWith(':')).map((line) => line.slice(1).split(' ')[0]!);
  return {
    name: lines[0]!.slice(1).trim(),
    chains: chains.filter((chain) => isOwnChain(chain)),
    rules: lines.filter((line) => line.startsWith('-A ') && (isOwnChain(chainOf(line)) || leadsToOwnChain(line))),
  };
}

function chainOf(rule: string): string {
  return rule.split(' ')[1] ?? '';
}
