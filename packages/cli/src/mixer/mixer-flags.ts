// The command lines of istioctl mixer, as Istio 0.1 and 0.2 had them: rules, adapters and descriptors of Mixer.
import type { Command } from 'commander';
import { parse, stringify } from 'yaml';

import { readTexts } from '../read-inputs.ts';
import { CommandError, EXIT, type Terminal } from '../terminal.ts';

import { type AspectPlace, type AspectTarget, apiTarget, directoryTarget } from './aspect-target.ts';

interface MixerOptions {
  readonly mixerAPIService?: string;
  readonly mixer?: string;
}

interface FileOption {
  readonly file?: string;
}

const FILE = ['-f, --file <file>', 'YAML file, or - for standard input'] as const;

export function addMixer(program: Command, terminal: Terminal): void {
  const mixer = program
    .command('mixer')
    .description("Mixer's configuration in the form of Istio 0.1")
    .option('--mixerAPIService <address>', 'HOST:PORT of its configuration API, in the place of the directory')
    .option('-m, --mixer <address>', 'the same, as it was named before');
  const open = (): Promise<AspectTarget> => {
    const { mixerAPIService, mixer: before } = mixer.opts<MixerOptions>();
    const address = mixerAPIService ?? before;
    if (address !== undefined) return Promise.resolve(apiTarget(address));
    return directoryTarget(program.opts<{ readonly configDir: string }>().configDir, terminal);
  };
  addRules(mixer.command('rule').description('Rules of a subject'), open, terminal);
  for (const kind of ['adapters', 'descriptors'] as const) {
    addList(mixer.command(kind.slice(0, -1)).description(`${kind} of a scope`), kind, open, terminal);
  }
}

type Open = () => Promise<AspectTarget>;

function addRules(command: Command, open: Open, terminal: Terminal): void {
  const place = (scope: string, subject: string) => ({ kind: 'rules', scope, subject }) as const;
  const named = (verb: string, description: string): Command =>
    command.command(verb).description(description).argument('<scope>').argument('<subject>');
  named('create', 'Creates or replaces them')
    .option(...FILE)
    .action((scope: string, subject: string, { file }: FileOption) => put(place(scope, subject), file, open, terminal));
  named('get', 'Shows them').action((scope: string, subject: string) => get(place(scope, subject), open, terminal));
  named('delete', 'Deletes them').action((scope: string, subject: string) =>
    within(open, (target) => target.delete(place(scope, subject))),
  );
}

function addList(command: Command, kind: 'adapters' | 'descriptors', open: Open, terminal: Terminal): void {
  command
    .command('create')
    .description('Creates or replaces them')
    .argument('<scope>')
    .option(...FILE)
    .action((scope: string, { file }: FileOption) => put({ kind, scope }, file, open, terminal));
  command
    .command('get')
    .description('Shows them')
    .argument('<scope>')
    .action((scope: string) => get({ kind, scope }, open, terminal));
}

async function put(place: AspectPlace, file: string | undefined, open: Open, terminal: Terminal): Promise<void> {
  if (file === undefined) throw new CommandError('give a file with -f', EXIT.usage);
  const [text] = await readTexts(file, terminal);
  await within(open, (target) => target.put(place, text!.text));
}

async function get(place: AspectPlace, open: Open, terminal: Terminal): Promise<void> {
  await within(open, async (target) => terminal.out(stringify(parse(await target.get(place)))));
}

async function within(open: Open, work: (target: AspectTarget) => Promise<void>): Promise<void> {
  const target = await open();
  try {
    await work(target);
  } finally {
    await target.close();
  }
}
