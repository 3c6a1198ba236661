// istioctl analyze: what is wrong with files, with the configuration of the mesh, or with both together.
import type { Problem } from '@meltemi/base';
import {
  type Analyzer,
  ANALYZERS,
  analyzeView,
  buildView,
  CODE,
  LEVELS,
  ROUTING,
  suppresses,
  type Suppression,
} from '@meltemi/config';
import { stringify } from 'yaml';

import { CommandError, EXIT, type Terminal } from '../terminal.ts';
import { type Analyzed, type InputOptions, readAnalyzed } from './analyzed-inputs.ts';
import { DOCUMENTATION, formatMessage, inOrder, type Message, messageOf, toldCode } from './message.ts';

export interface AnalyzeOptions extends InputOptions {
  /** Undefined: all. */
  readonly namespace: string | undefined;
  readonly output: string;
  readonly failureThreshold: string;
  readonly outputThreshold: string;
  /** `CODE=KIND NAME`, with `*` for any text. */
  readonly suppress: readonly string[];
  /** Names of analyzers; all where none is known. */
  readonly analyzers: readonly string[];
  readonly ignoreUnknown: boolean;
  readonly colour: boolean;
}

const FORMS: Readonly<Record<string, (messages: readonly Message[], colour: boolean) => string>> = {
  log: (messages, colour) => messages.map((message) => formatMessage(message, colour)).join(''),
  json: (messages) => `${JSON.stringify(messages, undefined, '\t')}\n`,
  yaml: (messages) => stringify(messages),
};

export async function analyze(options: AnalyzeOptions, terminal: Terminal): Promise<void> {
  const form = FORMS[options.output.toLowerCase()];
  if (!form) throw new CommandError(`"${options.output}" is no form: use -o log, json or yaml`, EXIT.usage);
  const [failure, output] = [levelIndex(options.failureThreshold), levelIndex(options.outputThreshold)];
  const suppressions = options.suppress.map((written) => suppressionOf(written, terminal));
  const input = await readAnalyzed(options, terminal);
  const unreadable = input.problems.filter(({ code }) => code === CODE.syntax);
  const problems = findAll(input, options, terminal)
    .filter((problem) => concerns(problem, options.namespace))
    .filter((problem) => !suppressions.some((one) => suppresses(one, { ...problem, code: toldCode(problem) })));
  const messages = inOrder(problems.map(messageOf));
  const shown = messages.filter(({ level }) => LEVELS.indexOf(level) >= output);
  terminal.out(form(shown, options.colour));
  for (const problem of unreadable) terminal.error(formatMessage(messageOf(problem), false));
  if (options.output === 'log') {
    if (messages.some(({ level }) => LEVELS.indexOf(level) >= failure)) throw found(options);
    if (unreadable.length > 0 && !options.ignoreUnknown) {
      throw new CommandError("some documents can't be read", EXIT.unreadable);
    }
  }
  if (shown.length === 0) terminal.error(allGood(options, unreadable.length));
}

/** Those of routing have looked at every view already. */
function findAll(input: Analyzed, { analyzers }: AnalyzeOptions, terminal: Terminal): readonly Problem[] {
  const { resources, mesh } = input;
  const problems = input.problems.filter(({ code }) => code !== CODE.syntax);
  const view = buildView(resources, problems);
  const settings = { mesh, now: terminal.clock.now() };
  const chosen = ANALYZERS.filter(({ name }) => analyzers.includes(name));
  if (chosen.length > 0) return analyzeView(view, chosen, settings);
  return [...view.problems, ...analyzeView(view, without(ROUTING), settings)];
}

function without(some: readonly Analyzer[]): readonly Analyzer[] {
  return ANALYZERS.filter((analyzer) => !some.includes(analyzer));
}

/** All analyzers, as `-L` lists them. */
export function listAnalyzers(): string {
  const sorted = ANALYZERS.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  return sorted.map(({ name, description }) => `* ${name}:\n    ${description}\n`).join('');
}

function levelIndex(written: string): number {
  const index = LEVELS.findIndex((level) => level.toLowerCase() === written.toLowerCase());
  if (index >= 0) return index;
  throw new CommandError(`"${written}" is no level: use ${LEVELS.join(', ')}`, EXIT.usage);
}

function suppressionOf(written: string, terminal: Terminal): Suppression {
  const [code, origin, ...more] = written.split('=');
  if (!code || !origin || more.length > 0) {
    throw new CommandError(`--suppress ${written}: write it like "IST0101=VirtualService default/reviews"`);
  }
  if (!(Object.values(CODE) as string[]).includes(code) && code !== 'IST0106') {
    terminal.error(`Warning: there is no code ${code}: it suppresses nothing\n`);
  }
  return { code, origin };
}

function concerns({ resource }: Problem, namespace: string | undefined): boolean {
  return namespace === undefined || !resource?.namespace || resource.namespace === namespace;
}

function placeOf({ namespace }: AnalyzeOptions): string {
  return namespace === undefined ? 'all namespaces' : `namespace: ${namespace}`;
}

function found(options: AnalyzeOptions): CommandError {
  const message = `Analyzers found issues when analyzing ${placeOf(options)}.\nSee ${DOCUMENTATION} for more information about causes and resolutions.`;
  return new CommandError(message, EXIT.issuesFound);
}

function allGood(options: AnalyzeOptions, unreadable: number): string {
  const { files } = options;
  if (unreadable > 0) return `No validation issues found when analyzing ${placeOf(options)}.\n`;
  const what = files.length > 1 ? `:\n  - ${files.join('\n  - ')}\n` : ` ${files[0] ?? placeOf(options)}.\n`;
  return `✔ No validation issues found when analyzing${what}`;
}
