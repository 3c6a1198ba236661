// The command line of istioctl certs.
import { parseDuration } from '@meltemi/base';
import type { Command } from 'commander';
import { CommandError, EXIT, type Terminal } from '../../terminal.ts';
import { certs } from './certs.ts';

interface Flags {
  readonly output: string;
  readonly admin?: string;
  readonly within?: string;
}

export function addCerts(program: Command, terminal: Terminal): void {
  program
    .command('certs')
    .description('Shows the certificates of proxies with their dates; ends with 79 when one ended or ends soon')
    .argument('[name]', '[pod/|deploy/]NAME[.NAMESPACE]: of this proxy alone')
    .option('-o, --output <form>', 'table, json or yaml', 'table')
    .option('--within <time>', 'how soon is soon: 720h (default: 720h for roots, a third of its life for others)')
    .option('--admin <address>', "HOST:PORT of a proxy's admin pages")
    .action((name: string | undefined, { output, admin, within }: Flags) => {
      const { namespace, configDir } = program.opts<{ namespace: string; configDir: string }>();
      const withinMs = within === undefined ? undefined : timeOf(within);
      return certs({ name, namespace, configDir, admin, withinMs, output }, terminal);
    });
}

function timeOf(text: string): number {
  const found = parseDuration(text);
  if (found === undefined)
    throw new CommandError(`--within: ${JSON.stringify(text)} is no time such as 720h`, EXIT.usage);
  return found;
}
