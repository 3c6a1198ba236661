// Runs istioctl's diagnosis in the test's own process, and reads the tables it prints.
import { systemClock } from '@meltemi/base';
import { istioctl } from '@meltemi/cli';

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** The cells of a table, by where its heads begin. */
export function tableOf(text: string): readonly (readonly string[])[] {
  const lines = text.trimEnd().split('\n');
  const starts = [...lines[0]!.matchAll(/(?<=^| {3})\S/g)].map(({ index }) => index);
  return lines.map((line) => starts.map((start, column) => line.slice(start, starts[column + 1]).trim()));
}

/** istioctl on the mesh of a directory, in this process. */
export async function runIstioctl(directory: string, words: readonly string[]): Promise<Result> {
  let [out, error] = ['', ''];
  const code = await istioctl(words, {
    out: (text) => void (out += text),
    error: (text) => void (error += text),
    readStdin: () => Promise.resolve(''),
    clock: systemClock(),
    configDir: directory,
    version: '0.1.0',
  });
  return { code, out, error };
}
