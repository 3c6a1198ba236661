// What a case of the benchmark is: its aim, how each side is set up, checked, warmed and measured.
import type { Lab } from './lab.ts';
import type { Program, Running } from './program.ts';

export interface BenchCase {
  /** As the command line names it. */
  readonly name: string;
  readonly title: string;
  readonly goal: Goal;
  /** Starts what the case needs besides the sides. */
  prepare(lab: Lab): Promise<Trial>;
}

/** Bar and aim are ratios of ours to Envoy's: what must be reached, and what is hoped for. */
export interface Goal {
  /** Of the measured value. */
  readonly unit: string;
  readonly better: 'less' | 'more';
  readonly bar: number;
  readonly aim: number;
}

/** One side: the program that is measured, in one process or several. */
export interface Side {
  readonly name: string;
  readonly members: readonly Running[];
}

export interface Window {
  readonly value: number;
  /** What else was seen, by name with unit. */
  readonly notes?: Readonly<Record<string, number>>;
}

export interface Trial {
  start(program: Program): Promise<readonly Running[]>;
  /** Rejects when a side doesn't do what is asked of it. */
  check(side: Side): Promise<void>;
  warmUp(side: Side): Promise<unknown>;
  window(side: Side): Promise<Window>;
  /** Called when all are warm: what a window needs to know of them. */
  calibrate?(sides: readonly Side[]): Promise<void>;
  /** Measured beside, for comparison alone. */
  readonly others?: readonly { readonly program: Program; start(): Promise<readonly Running[]> }[];
  /** The same without a proxy: what the method and the machine cost; same unit unless `what` says otherwise. */
  floor?(): Promise<Floor>;
}

export interface Floor {
  readonly value: number;
  readonly what: string;
}
