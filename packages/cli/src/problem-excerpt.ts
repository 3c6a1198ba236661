// A problem and the text that it is about → its line, and beneath it the line of the text with the word marked.
import { formatProblem, type Problem } from '@meltemi/base';

/** `texts` by file. Without the text, the problem alone. */
export function formatExcerpt(problem: Problem, texts: ReadonlyMap<string, string>): string {
  const told = `${formatProblem(problem)}\n`;
  const { source } = problem;
  const line = source && texts.get(source.file)?.split('\n')[source.line - 1];
  if (line === undefined || line.length > LONGEST) return told;
  const number = String(source!.line);
  const before = line.slice(0, source!.column - 1).replaceAll(/[^\t]/g, ' ');
  const [word = ''] = /^("[^"]*"|'[^']*'|[^\s,{}[\]:]+)/.exec(line.slice(source!.column - 1)) ?? [];
  const margin = ' '.repeat(number.length);
  return `${told}  ${number} | ${line}\n  ${margin} | ${before}${'^'.repeat(Math.max(1, word.length))}\n`;
}

/** JSON on one line is no help to anybody. */
const LONGEST = 200;
