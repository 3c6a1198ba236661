// The command line of istioctl → the commands, and what they throw → exit codes.
import { formatProblem } from '@meltemi/base';
import { StoreError } from '@meltemi/config';
import { Command, CommanderError } from 'commander';

import { deleteConfig } from './delete.ts';
import { get } from './get.ts';
import { CommandError, EXIT, type Terminal } from './terminal.ts';
import { validate } from './validate.ts';
import { write, type WriteVerb } from './write.ts';

/** Runs one command line (without the program's name) and answers with its exit code. */
export async function istioctl(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await programOf(terminal).parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof StoreError) return failed(formatProblem(error.problem), EXIT.failed, terminal);
    if (error instanceof CommandError) return failed(error.message, error.code, terminal);
    throw error;
  }
}

function failed(message: string, code: number, terminal: Terminal): number {
  terminal.error(`Error: ${message}\n`);
  return code;
}

interface GlobalOptions {
  readonly namespace: string;
  readonly configDir: string;
}

function programOf(terminal: Terminal): Command {
  const program = new Command('istioctl')
    .description('Configures and inspects the mesh.')
    .option('-n, --namespace <namespace>', 'namespace of objects that name none', 'default')
    .option('--configDir <directory>', 'directory of the configuration', terminal.configDir)
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.error(text) });
  addWrite(program, 'create', 'Creates objects that do not exist', terminal);
  addWrite(program, 'replace', 'Replaces objects that exist', terminal);
  addWrite(program, 'apply', 'Creates or replaces objects', terminal);
  addDelete(program, terminal);
  addGet(program, terminal);
  addValidate(program, terminal);
  program
    .command('version')
    .description('Shows the version')
    .action(() => terminal.out(`${terminal.version}\n`));
  return program;
}

const FILE_FLAG = [
  '-f, --file <file>',
  'YAML file, directory, or - for standard input; may be given several times',
  (file: string, before: readonly string[]) => [...before, file],
  [] as readonly string[],
] as const;

interface FileOptions {
  readonly file: readonly string[];
}

function addWrite(program: Command, verb: WriteVerb, description: string, terminal: Terminal): void {
  program
    .command(verb)
    .description(description)
    .option(...FILE_FLAG)
    .action(({ file }: FileOptions) => write(verb, { ...program.opts<GlobalOptions>(), files: file }, terminal));
}

function addDelete(program: Command, terminal: Terminal): void {
  program
    .command('delete')
    .description('Deletes objects by type and name, or those in files')
    .argument('[type]', 'route-rule, virtual-service, …')
    .argument('[names...]')
    .option(...FILE_FLAG)
    .action((type: string | undefined, names: readonly string[], { file }: FileOptions) => {
      const words = type === undefined ? [] : [type, ...names];
      return deleteConfig({ ...program.opts<GlobalOptions>(), words, files: file }, terminal);
    });
}

interface GetFlags {
  readonly output: string;
  readonly allNamespaces?: boolean;
}

function addGet(program: Command, terminal: Terminal): void {
  program
    .command('get')
    .description('Shows objects of a type, or one of them')
    .argument('<type>', 'route-rules, virtual-services, … or all')
    .argument('[name]')
    .option('-o, --output <form>', 'short, yaml or json', 'short')
    .option('--all-namespaces', 'objects of all namespaces')
    .action((type: string, name: string | undefined, { output, allNamespaces }: GetFlags) => {
      const { namespace, configDir } = program.opts<GlobalOptions>();
      return get({ type, name, output, configDir, namespace: allNamespaces ? undefined : namespace }, terminal);
    });
}

interface ValidateFlags extends FileOptions {
  readonly referential?: boolean;
}

function addValidate(program: Command, terminal: Terminal): void {
  program
    .command('validate')
    .alias('v')
    .description('Says what is wrong in files')
    .option(...FILE_FLAG)
    .option('-x, --referential', 'also what they name that is not in them')
    .action(({ file, referential = false }: ValidateFlags) =>
      validate({ ...program.opts<GlobalOptions>(), files: file, referential }, terminal),
    );
}
