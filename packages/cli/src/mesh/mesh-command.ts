// The command line of `mesh`.
import { Command, Option } from 'commander';
import { down } from './down.ts';
import { exec } from './exec.ts';
import { logs, type LogsOptions } from './logs.ts';
import type { MeshProgram } from './mesh-program.ts';
import { status } from './status.ts';
import { up, type UpOptions } from './up.ts';

const DIR = ['--dir <DIR>', 'directory of your own YAML; without it the sample application'] as const;

/** Parses the words after `mesh` and runs the command; resolves to the exit code. */
export async function runMeshCommand(program: MeshProgram, words: readonly string[]): Promise<number> {
  let exitCode = 0;
  const run = (promise: Promise<number>) => promise.then((code) => void (exitCode = code));
  const command = new Command('mesh')
    .description(
      'A service mesh on this machine. Other programs: ./mesh istioctl | pilot-discovery | pilot-agent | proxy, and ./mesh test | check | bench | soak | fuzz',
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void program.stdout.write(text),
      writeErr: (text) => void program.stderr.write(text),
    });
  command
    .command('up')
    .description('start a mesh from a directory of YAML and run it until Ctrl-C')
    .option(...DIR)
    .option('-d, --detach', 'run it in the background once it is ready')
    .option('--ingress <HOST:PORT>', 'where the ingress gateway listens (default 127.0.0.1:31380, or a free port)')
    .option('--console <HOST:PORT>', 'where the web console is, or off (default 127.0.0.1:15030, or a free port)')
    .option('--workload-cert-ttl <DURATION>', "lifetime of the workloads' certificates", '24h')
    .option('--drain <SECONDS>', 'how long a proxy that ends lets requests finish', '1')
    .option('--proxy <FILE>', 'run this program as every sidecar and as the gateway: an Envoy')
    .addOption(
      new Option('--mixer-checks <WHO>', "who applies Mixer's rules to requests")
        .choices(['sidecar', 'mixer'])
        .default('sidecar'),
    )
    .action((options: UpOptions) => run(up(program, options)));
  command
    .command('down')
    .description('drain and end the mesh')
    .option(...DIR)
    .action((options: { dir?: string }) => run(down(program, options)));
  command
    .command('status')
    .description('show what runs and what is wrong')
    .option(...DIR)
    .option('-o, --output <FORMAT>', 'json')
    .action((options: { dir?: string; output?: string }) => run(status(program, options)));
  command
    .command('logs <WORKLOAD>')
    .description('print what a workload and its sidecar wrote')
    .option(...DIR)
    .option('-f, --follow', 'go on with what comes')
    .option('-c, --container <NAME>', 'app or proxy only')
    .action((name: string, options: LogsOptions) => run(logs(program, name, options)));
  command
    .command('exec <WORKLOAD> <COMMAND...>')
    .description("run a command with a workload's environment: its calls go through the sidecar")
    .option(...DIR)
    .action((name: string, words: string[], options: { dir?: string }) => run(exec(program, name, words, options)));
  await command.parseAsync(words, { from: 'user' });
  return exitCode;
}
