// A target's corpus file ↔ its inputs: each line is a JSON string of latin1, which is an input that every later version must pass.
import { appendFileSync, readFileSync } from 'node:fs';

/** Throws where the file has no inputs. */
export function readCorpus(name: string): readonly Buffer[] {
  const lines = readFileSync(corpusFile(name), 'latin1')
    .split('\n')
    .filter((line) => line !== '');
  if (lines.length === 0) throw new Error(`the corpus of ${name} is empty`);
  return lines.map((line) => Buffer.from(JSON.parse(line) as string, 'latin1'));
}

export function addToCorpus(name: string, input: Buffer): void {
  appendFileSync(corpusFile(name), `${inputLine(input)}\n`);
}

/** ASCII only. */
export function inputLine(input: Buffer): string {
  const text = JSON.stringify(input.toString('latin1'));
  return text.replace(/[\x7f-\xff]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}

function corpusFile(name: string): URL {
  return new URL(`corpus/${name}.txt`, import.meta.url);
}
