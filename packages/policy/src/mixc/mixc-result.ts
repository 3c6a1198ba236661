// What a run of mixc leaves: its output, and how it ended.
export interface MixcResult {
  readonly exitCode: number;
  readonly out: string;
  readonly error: string;
}
