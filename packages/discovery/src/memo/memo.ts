// Computations over immutable values → their results, done again only where something that they read is different.
import { observationOf, observed } from './observed.ts';
import { type Depth, Trace } from './trace.ts';

/** The values that a computation may read, by name. */
export type Sources = Readonly<Record<string, unknown>>;

interface Entry<Result> {
  readonly traces: ReadonlyMap<string, Trace>;
  /** Sources that are no objects, or are not looked into. */
  readonly plain: ReadonlyMap<string, unknown>;
  readonly result: Result;
  /** The age in which it was asked for last. */
  asked: number;
}

/** Results of one group that are kept: those that were asked for last. */
const MAX_ENTRIES = 32;

/**
 * A computation sees nothing but its sources, and its key is what it reads of them. It may call others: what they read it
 * reads too. `depth` names the sources that are looked into; the others count as a whole.
 */
export class Memo<From extends Sources, Result> {
  readonly #depth: Depth;
  readonly #maxEntries: number;
  #ages = 0;
  /** Those that were asked for in this age, and in the one before. */
  #recent = new Map<string, Entry<Result>[]>();
  #older = new Map<string, Entry<Result>[]>();

  constructor(depth: Depth, maxEntries = MAX_ENTRIES) {
    this.#depth = depth;
    this.#maxEntries = maxEntries;
  }

  /**
   * `group` parts those results that can hold for these sources from those that cannot. `compute` gets the group's last
   * result too: where it comes to the same, it may answer with that.
   */
  result(group: string, from: From, compute: (from: From, last: Result | undefined) => Result): Result {
    const plain = plainSources(from);
    const entries = this.#recent.get(group) ?? this.#older.get(group) ?? [];
    const known = entries.find((entry) => this.#holds(entry, plain));
    const last = entries[0]?.result;
    const entry = known ?? this.#entry(plain, (seen) => compute(seen, last));
    entry.asked = this.#ages;
    if (entry !== entries[0]) this.#recent.set(group, this.#inFront(entry, entries));
    else if (!this.#recent.has(group)) this.#recent.set(group, entries);
    tellAbout(from, entry);
    return entry.result;
  }

  /** What nobody asked for in this age and the last is of a state that is gone. */
  #inFront(entry: Entry<Result>, entries: readonly Entry<Result>[]): Entry<Result>[] {
    const others = entries.filter((other) => other !== entry && other.asked >= this.#ages - 1);
    return [entry, ...others.slice(0, this.#maxEntries - 1)];
  }

  /** Groups that nobody asked for since the last age but one are forgotten. */
  age(): void {
    this.#ages++;
    this.#older = this.#recent;
    this.#recent = new Map();
  }

  #holds({ traces, plain }: Entry<Result>, from: From): boolean {
    for (const [name, value] of plain) if (from[name] !== value) return false;
    for (const [name, trace] of traces) if (!trace.holds(from[name] as object)) return false;
    return true;
  }

  #entry(from: From, compute: (from: From) => Result): Entry<Result> {
    const traces = new Map<string, Trace>();
    const plain = new Map<string, unknown>();
    const seen = Object.entries(from).map(([name, value]) => {
      const depth = this.#depth[name];
      if (!depth || typeof value !== 'object' || value === null) {
        plain.set(name, value);
        return [name, value];
      }
      const trace = new Trace(value);
      traces.set(name, trace);
      return [name, observed(value, trace, depth)];
    });
    return { traces, plain, result: compute(Object.fromEntries(seen) as From), asked: this.#ages };
  }
}

function plainSources<From extends Sources>(from: From): From {
  let plain: Record<string, unknown> | undefined;
  for (const name in from) {
    const target = targetOf(from[name]);
    if (target) (plain ??= { ...from })[name] = target;
  }
  return (plain ?? from) as From;
}

function targetOf(value: unknown): object | undefined {
  return typeof value === 'object' && value !== null ? observationOf(value)?.target : undefined;
}

/** Whoever called with observed sources reads what is read here. */
function tellAbout(from: Sources, { traces, plain }: Entry<unknown>): void {
  for (const name in from) {
    const value = from[name];
    const caller = typeof value === 'object' && value !== null ? observationOf(value) : undefined;
    if (!caller) continue;
    const trace = traces.get(name);
    if (trace) caller.trace.include(trace);
    else if (plain.has(name)) caller.trace.noteWhole();
  }
}
