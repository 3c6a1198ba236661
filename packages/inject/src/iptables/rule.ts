// One rule of a netfilter table, and rules as the input of iptables-restore.

export type Table = 'mangle' | 'nat' | 'raw';

export interface Rule {
  readonly table: Table;
  readonly chain: string;
  /** Place in the chain, from 1; undefined for its end. */
  readonly position: number | undefined;
  /** Matches and target, divided by single blanks; no word holds a blank. */
  readonly text: string;
}

export function append(table: Table, chain: string, text: string): Rule {
  return { table, chain, position: undefined, text };
}

export function insert(table: Table, chain: string, position: number, text: string): Rule {
  return { table, chain, position, text };
}

/** Chains that begin so are the mesh's own. */
const OWN_CHAIN = 'ISTIO_';

export function isOwnChain(chain: string): boolean {
  return chain.startsWith(OWN_CHAIN);
}

/** Whether a rule's text leads to a chain of the mesh. */
export function leadsToOwnChain(text: string): boolean {
  return text.includes(`-j ${OWN_CHAIN}`);
}

/** One block a table, in the order of their names; the mesh's chains first, in the order in which rules fill them. */
export function restoreText(rules: readonly Rule[]): string {
  const tables = [...new Set(rules.map(({ table }) => table))].sort();
  return tables.map((table) => tableText(table, rules)).join('');
}

function tableText(table: Table, rules: readonly Rule[]): string {
  const ofTable = rules.filter((rule) => rule.table === table);
  const chains = new Set(ofTable.map(({ chain }) => chain).filter((chain) => isOwnChain(chain)));
  const lines = [`* ${table}`, ...[...chains].map((chain) => `-N ${chain}`), ...ofTable.map(ruleLine), 'COMMIT'];
  return lines.map((line) => `${line}\n`).join('');
}

function ruleLine({ chain, position, text }: Rule): string {
  return position === undefined ? `-A ${chain} ${text}` : `-I ${chain} ${position} ${text}`;
}
