import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { applyPlan, RedirectError, removePlan, type RunProgram } from './apply-plan.ts';
import { redirectCommand } from './redirect-flags.ts';
import { type FamilyPlan, redirectPlan } from './redirect-plan.ts';

/** Chains by table, each with the texts of its rules: what the kernel keeps of one family. */
type Tables = Record<string, Record<string, string[]>>;

class Machine {
  readonly tables: Readonly<Record<'iptables' | 'ip6tables', Tables>>;
  readonly routes: string[] = [];

  constructor(foreign: readonly string[]) {
    const empty = (): Tables => ({
      mangle: { PREROUTING: [...foreign], OUTPUT: [] },
      nat: { PREROUTING: [], OUTPUT: [...foreign], DOCKER: [...foreign] },
      raw: { PREROUTING: [], OUTPUT: [] },
    });
    this.tables = { iptables: empty(), ip6tables: empty() };
  }

  readonly run: RunProgram = (program, args, stdin = '') => {
    try {
      return Promise.resolve({ code: 0, stdout: this.#run(program, args, stdin), stderr: '' });
    } catch (error) {
      return Promise.resolve({ code: 1, stdout: '', stderr: String(error) });
    }
  };

  #run(program: string, args: readonly string[], stdin: string): string {
    if (program === 'ip') return this.#route(args);
    const tables = this.tables[program.startsWith('ip6') ? 'ip6tables' : 'iptables'];
    if (program.endsWith('-save')) return saved(tables);
    if (program.endsWith('-restore')) return this.#restore(tables, stdin);
    const [, table, verb, chain, ...rule] = args.slice(args.indexOf('-t'));
    rules(tables, table!, `${verb} ${chain} ${rule.join(' ')}`);
    return '';
  }

  #route(args: readonly string[]): string {
    const key = args.filter((word) => !['add', 'replace', 'del'].includes(word)).join(' ');
    const at = this.routes.indexOf(key);
    if (args.includes('del')) {
      if (at < 0) throw new Error(`no ${key}`);
      this.routes.splice(at, 1);
    } else if (at < 0) this.routes.push(key);
    else if (args.includes('add')) throw new Error(`${key} exists`);
    return '';
  }

  /** A table changes in one step or not at all. */
  #restore(tables: Tables, stdin: string): string {
    let table = '';
    for (const line of stdin.split('\n').filter((line) => line !== '' && line !== 'COMMIT')) {
      if (line.startsWith('*')) table = line.slice(1).trim();
      else rules(tables, table, line);
    }
    return '';
  }
}

function rules(tables: Tables, table: string, line: string): void {
  const [verb, name = '', ...words] = line.split(' ');
  const chains = tables[table]!;
  if (verb === '-N') {
    if (chains[name]) throw new Error(`chain ${name} exists`);
    return void (chains[name] = []);
  }
  const chain = chains[name];
  if (!chain) throw new Error(`no chain ${name}`);
  const place = verb === '-I' ? Number(words.shift()) - 1 : chain.length;
  const text = words.join(' ');
  const at = chain.indexOf(text);
  if ((verb === '-D' || verb === '-C') && at < 0) throw new Error(`no rule ${line}`);
  if (verb === '-A' || verb === '-I') chain.splice(place, 0, text);
  if (verb === '-D') chain.splice(at, 1);
  if (verb === '-F') chain.length = 0;
  if (verb === '-X') {
    const used = Object.values(chains).some((list) => list.some((rule) => rule.endsWith(`-j ${name}`)));
    if (used || chain.length > 0) throw new Error(`chain ${name} is in use`);
    delete chains[name];
  }
}

function saved(tables: Tables): string {
  return Object.entries(tables)
    .map(([table, chains]) => {
      const declared = Object.keys(chains).map((chain) => `:${chain} - [0:0]`);
      const all = Object.entries(chains).flatMap(([chain, list]) => list.map((rule) => `-A ${chain} ${rule}`));
      return [`*${table}`, ...declared, ...all, 'COMMIT', ''].join('\n');
    })
    .join('');
}

const list = (...words: readonly string[]): fc.Arbitrary<string> =>
  fc.uniqueArray(fc.constantFrom(...words), { maxLength: words.length }).map((chosen) => chosen.join(','));
const plans: fc.Arbitrary<readonly FamilyPlan[]> = fc
  .record({
    flags: fc.record({
      '-m': fc.constantFrom('REDIRECT', 'TPROXY'),
      '-u': list('1337', '7', 'envoy'),
      '-b': fc.oneof(fc.constant('*'), list('80', '443')),
      '-d': list('22', '15020'),
      '-i': fc.oneof(fc.constant('*'), list('10.0.0.0/8', 'fd00::/8', '127.0.0.2/32')),
      '-x': list('1.1.0.0/16', '::2/128'),
      '-q': list('9000'),
      '-o': list('25'),
      '-c': list('eth1', 'eth2'),
      '-k': list('vm0', 'vm1'),
    }),
    switches: fc.subarray(['--redirect-dns', '--capture-all-dns', '--drop-invalid', '--rules-of-0.2']),
    ipv6: fc.boolean(),
    servers: fc.subarray(['127.0.0.53', '10.0.0.10', 'fd00::53']),
  })
  .map(({ flags, switches, ipv6, servers }) =>
    redirectPlan(
      redirectCommand('istio-iptables', [...Object.entries(flags).flat(), ...switches], {
        env: {},
        hasIpv6: () => ipv6,
        nameServers: () => servers,
      }),
    ),
  );
// None that equals a rule of a plan: iptables can't tell whose it is.
const foreign = fc.subarray(['-p tcp -j LOG', '-i eth9 -j RETURN', '-d 10.0.0.0/8 -j DOCKER']);

test('taking a plan out leaves the machine as it was, however often either is done', async () => {
  await fc.assert(
    fc.asyncProperty(plans, foreign, fc.boolean(), async (plan, rules, twice) => {
      const machine = new Machine(rules);
      const before = structuredClone(machine.tables);
      assert.equal(await applyPlan(plan, machine.run), 'applied');
      const applied = structuredClone(machine.tables);
      assert.equal(await applyPlan(plan, machine.run), 'unchanged');
      assert.deepEqual(machine.tables, applied);
      await removePlan(plan, machine.run);
      if (twice) await removePlan(plan, machine.run);
      assert.deepEqual([machine.tables, machine.routes], [before, []]);
    }),
  );
});

test('a plan replaces the rules of another one', async () => {
  const chains = ({ tables }: Machine): unknown =>
    JSON.parse(JSON.stringify(tables, (_, value: unknown) => (Array.isArray(value) ? value.filter(isOfMesh) : value)));
  await fc.assert(
    fc.asyncProperty(plans, plans, async (first, second) => {
      const [both, one] = [new Machine([]), new Machine([])];
      await applyPlan(first, both.run);
      await removeOtherFamilies(first, second, both);
      await applyPlan(second, both.run);
      await applyPlan(second, one.run);
      assert.deepEqual(chains(both), chains(one));
    }),
  );
});

function isOfMesh(rule: unknown): boolean {
  return String(rule).includes('ISTIO_');
}

/** A plan knows nothing of a family that it doesn't redirect. */
async function removeOtherFamilies(first: readonly FamilyPlan[], second: readonly FamilyPlan[], machine: Machine) {
  const known = new Set(second.map(({ family }) => family));
  await removePlan(
    first.filter(({ family }) => !known.has(family)),
    machine.run,
  );
}

test('a program that fails ends it, with its last words', async () => {
  const plan = redirectPlan(
    redirectCommand('istio-iptables', [], { env: {}, hasIpv6: () => false, nameServers: () => [] }),
  );
  const run: RunProgram = () => Promise.resolve({ code: 4, stdout: '', stderr: 'no permission\n' });
  await assert.rejects(applyPlan(plan, run), new RedirectError('iptables-save: no permission'));
});
