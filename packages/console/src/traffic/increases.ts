// Turns what counters say at one look into how much they rose since the last.
import type { PrometheusSample } from '@meltemi/telemetry';

/** Remembers, of each program that is asked, the last value of each series. */
export class CounterIncreases {
  #last = new Map<string, ReadonlyMap<string, number>>();

  /**
   * The samples that rose, with how much. Of the first look at a program nothing, for nobody knows when that was; a value
   * below the last one is of a program that has started again.
   */
  since(program: string, samples: readonly PrometheusSample[]): readonly PrometheusSample[] {
    const before = this.#last.get(program);
    const now = new Map<string, number>();
    const risen: PrometheusSample[] = [];
    for (const sample of samples) {
      const key = seriesKey(sample);
      now.set(key, sample.value);
      const last = before?.get(key) ?? 0;
      const value = sample.value < last ? sample.value : sample.value - last;
      if (before && value > 0) risen.push({ ...sample, value });
    }
    this.#last.set(program, now);
    return risen;
  }

  /** The program starts now: all that it will say at the first look has happened since. */
  begin(program: string): void {
    if (!this.#last.has(program)) this.#last.set(program, new Map());
  }

  /** Forgets the programs that are gone. */
  keep(programs: ReadonlySet<string>): void {
    for (const program of this.#last.keys()) if (!programs.has(program)) this.#last.delete(program);
  }
}

function seriesKey({ name, labels }: PrometheusSample): string {
  let key = name;
  for (const label in labels) key += `\n${label}\t${labels[label]}`;
  return key;
}
