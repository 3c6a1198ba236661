// The command line of istioctl analyze.
import type { Command } from 'commander';

import type { Terminal } from '../terminal.ts';
import { analyze, listAnalyzers } from './analyze.ts';

interface GlobalOptions {
  readonly namespace: string;
  readonly configDir: string;
}

interface AnalyzeFlags {
  readonly useKube: string | boolean;
  readonly allNamespaces?: boolean;
  readonly output: string;
  readonly failureThreshold: string;
  readonly outputThreshold: string;
  readonly suppress: readonly string[];
  readonly analyzer: readonly string[];
  readonly meshConfigFile?: string;
  readonly ignoreUnknown?: boolean;
  readonly listAnalyzers?: boolean;
  readonly color?: string | boolean;
}

export function addAnalyze(program: Command, terminal: Terminal): void {
  program
    .command('analyze')
    .description('Says what is wrong with the configuration, and what would be with these files')
    .argument('[files...]', 'files, directories with all that is in them, or - for standard input')
    .option('-k, --use-kube [flag]', 'false: the files alone', 'true')
    .option('-A, --all-namespaces', 'objects of all namespaces')
    .option('-o, --output <form>', 'log, json or yaml', 'log')
    .option('--failure-threshold <level>', 'Info, Warning or Error: fails from this on', 'Error')
    .option('--output-threshold <level>', 'Info, Warning or Error: shows from this on', 'Info')
    .option('-S, --suppress <code=object>', 'not to be told, as "IST0101=VirtualService default/*"', collect, [])
    .option('--analyzer <name>', 'only this one; may be given several times', collect, [])
    .option('-L, --list-analyzers', 'lists the analyzers')
    .option('--meshConfigFile <file>', 'settings of the mesh in the place of its own')
    .option('--ignore-unknown', "does not fail for documents that can't be read")
    .option('-R, --recursive', 'directories are read with all that is in them anyway')
    .option('--color [flag]', 'paints levels')
    .action((files: readonly string[], flags: AnalyzeFlags) => run(files, flags, program, terminal));
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

async function run(files: readonly string[], flags: AnalyzeFlags, program: Command, terminal: Terminal): Promise<void> {
  if (flags.listAnalyzers) return terminal.out(listAnalyzers());
  const { namespace: defaultNamespace, configDir } = program.opts<GlobalOptions>();
  return analyze(
    {
      ...flags,
      files,
      defaultNamespace,
      configDir,
      namespace: flags.allNamespaces ? undefined : defaultNamespace,
      useStore: flags.useKube !== 'false',
      analyzers: flags.analyzer,
      meshConfigFile: flags.meshConfigFile,
      ignoreUnknown: flags.ignoreUnknown ?? false,
      colour: flags.color === undefined ? terminal.colours === true : flags.color !== 'false',
    },
    terminal,
  );
}
