// Which DestinationRules hold together for a host, of those of one namespace that name it: joined and chosen as Istio does.
import { type Labels, selects } from '@meltemi/base';
import type { DestinationRule, LocatedResource } from '@meltemi/config';

type Rule = LocatedResource<DestinationRule>;

/** Rules that hold together, the first one's policy before the others'. */
interface Joined {
  readonly rules: readonly Rule[];
  readonly exportTo: ReadonlySet<string>;
  /** Undefined: for all workloads. */
  readonly selector: Labels | undefined;
}

/** Who asks. */
export interface RuleReader {
  readonly namespace: string;
  /** Names of those of its namespace that select it. */
  readonly selecting: readonly string[];
}

/** The rules of a namespace by who may read them. */
export interface RulePools {
  /** What a reader of the namespace itself sees. */
  readonly local: readonly Rule[];
  /** What only the namespace itself sees. */
  readonly hidden: readonly Rule[];
  /** What others may see, if the rule names them. */
  readonly exported: readonly Rule[];
}

/** Names of a namespace's rules for some workloads that are for one with these labels. */
export function selectingRules(rules: readonly Rule[], namespace: string, labels: Labels): readonly string[] {
  const some = remembered(forSome, rules, () => rules.filter(({ spec }) => spec.workloadSelector));
  const own = some.filter(({ metadata }) => metadata.namespace === namespace);
  const chosen = own.filter(({ spec }) => selects(spec.workloadSelector?.matchLabels ?? {}, labels));
  return chosen.map(({ metadata }) => metadata.name);
}

/**
 * Rules for some workloads stand first; they are for their own namespace. `hiding`: so are those that do not say for
 * whom they are. Made once for a list of rules.
 */
export function rulePools(rules: readonly Rule[], hiding = false): RulePools {
  return remembered(hiding ? hidingPools : pools, rules, () => poolsOf(rules, hiding));
}

const forSome = new WeakMap<readonly Rule[], readonly Rule[]>();
const pools = new WeakMap<readonly Rule[], RulePools>();
const hidingPools = new WeakMap<readonly Rule[], RulePools>();

function remembered<Value>(known: WeakMap<readonly Rule[], Value>, rules: readonly Rule[], make: () => Value): Value {
  const found = known.get(rules) ?? make();
  known.set(rules, found);
  return found;
}

function poolsOf(rules: readonly Rule[], hiding: boolean): RulePools {
  const sorted = [
    ...rules.filter(({ spec }) => spec.workloadSelector),
    ...rules.filter(({ spec }) => !spec.workloadSelector),
  ];
  const hidden = (rule: Rule) => {
    const to = exportTo(rule);
    return to.size === 0 ? hiding : to.size === 1 && (to.has('.') || to.has(rule.metadata.namespace));
  };
  const local = (rule: Rule) => {
    const to = exportTo(rule);
    return to.size === 0 || ['*', '.', rule.metadata.namespace].some((word) => to.has(word));
  };
  return {
    local: sorted.filter(local),
    hidden: sorted.filter(hidden),
    exported: sorted.filter((rule) => !hidden(rule)),
  };
}

/** Of rules for one host in one pool: those that hold for a reader; none where all are for others. */
export function chosenRules(rules: readonly Rule[], reader: RuleReader, exported: boolean): readonly Rule[] {
  const seen = joinedRules(rules).filter(({ exportTo: to }) => !exported || readableBy(to, reader.namespace));
  const selected = seen.find(({ rules: [first], selector }) => selector && isSelecting(first!, reader));
  // Of rules that could not be joined, the last one stands.
  return (selected ?? seen.findLast(({ selector }) => !selector))?.rules ?? [];
}

function isSelecting({ metadata }: Rule, { namespace, selecting }: RuleReader): boolean {
  return metadata.namespace === namespace && selecting.includes(metadata.name);
}

function readableBy(to: ReadonlySet<string>, namespace: string): boolean {
  return to.size === 0 || to.has('*') || to.has(namespace);
}

function exportTo({ spec }: Rule): ReadonlySet<string> {
  return new Set(spec.workloadSelector ? ['.'] : spec.exportTo);
}

/** A rule joins those before it that nobody sees who does not see it. */
function joinedRules(rules: readonly Rule[]): readonly Joined[] {
  return rules.reduce<readonly Joined[]>((before, rule) => {
    const added = { rules: [rule], exportTo: exportTo(rule), selector: rule.spec.workloadSelector?.matchLabels };
    const joins = before.map((each) => joinsTo(added, each));
    const widened = before.map((each, index) => (joins[index] ? { ...each, rules: [...each.rules, rule] } : each));
    return standsAlone(added, before) ? [...widened, added] : widened;
  }, []);
}

function joinsTo(added: Joined, { exportTo: to, selector }: Joined): boolean {
  if (selector && added.selector && !sameLabels(selector, added.selector)) return false;
  return sameSet(added.exportTo, to) || (to.size > 0 && to.isSubsetOf(added.exportTo));
}

/** What it is beside the last of those before decides, as in Istio. */
function standsAlone(added: Joined, before: readonly Joined[]): boolean {
  const last = before.at(-1);
  if (!last || !joinsTo(added, last)) return true;
  const alike = (added.selector === undefined) === (last.selector === undefined);
  return !alike && !sameSet(added.exportTo, last.exportTo);
}

function sameLabels(one: Labels, other: Labels): boolean {
  return selects(one, other) && selects(other, one);
}

function sameSet(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && one.isSubsetOf(other);
}
