// The command line of istioctl → the commands, and what they throw → exit codes.
import { formatProblem } from '@meltemi/base';
import { StoreError } from '@meltemi/config';
import { Command, CommanderError } from 'commander';

import { addAuthz, addCan } from './access/access-flags.ts';
import { addAnalyze } from './analyze/analyze-flags.ts';
import { convert, TARGETS } from './convert.ts';
import { deleteConfig } from './delete.ts';
import { addCerts } from './diagnosis/certs/certs-flags.ts';
import { addDescribe } from './diagnosis/describe/describe-flags.ts';
import { addExplain } from './diagnosis/explain/explain-flags.ts';
import { addProxyConfig } from './diagnosis/proxy-config/proxy-config-flags.ts';
import { addProxyStatus } from './diagnosis/proxy-status/proxy-status-flags.ts';
import { get } from './get.ts';
import { addKubeInject } from './kube-inject-flags.ts';
import { CommandError, EXIT, type Terminal } from './terminal.ts';
import { addMixer } from './mixer/mixer-flags.ts';
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
  addAnalyze(program, terminal);
  const experimental = program.command('experimental').alias('x').description('Commands under their other names');
  addConvert(program, experimental, terminal);
  addDescribe(program, [program, experimental], terminal);
  addKubeInject(program, terminal);
  addProxyStatus(program, terminal);
  addProxyConfig(program, terminal);
  addCerts(program, terminal);
  addExplain(program, terminal);
  addCan(program, terminal);
  addAuthz(program, [program, experimental], terminal);
  addMixer(program, terminal);
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

interface ConvertFlags extends FileOptions {
  readonly to?: string;
  readonly output?: string;
}

/** The second is the command of Istio 0.8, which prints what that one printed. */
function addConvert(program: Command, experimental: Command, terminal: Terminal): void {
  const run = ({ file, to = 'v1alpha3', output }: ConvertFlags): Promise<void> =>
    convert({ ...program.opts<GlobalOptions>(), files: file, to, output }, terminal);
  const OUTPUT = ['-o, --output <file>', 'file to write; standard output without it'] as const;
  program
    .command('convert')
    .description('Shows rules of Istio 0.2 and Ingresses in the form of networking.istio.io')
    .option(...FILE_FLAG)
    .option(...OUTPUT)
    .option('--to <version>', TARGETS.join(' or '), TARGETS[0])
    .action(run);
  experimental
    .command('convert-networking-config')
    .description('convert --to v1alpha3')
    .option(...FILE_FLAG)
    .option(...OUTPUT)
    .action(run);
}
