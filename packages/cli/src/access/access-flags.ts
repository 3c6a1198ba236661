// The command lines of istioctl can, and of istioctl authz check, which the experimental commands have too.
import type { Command } from 'commander';
import { proxySource } from '../diagnosis/proxy-source.ts';
import { formatTable } from '../resource-table.ts';
import type { Terminal } from '../terminal.ts';
import { can } from './can.ts';
import { policyTable } from './policy-table.ts';

interface GlobalOptions {
  readonly namespace: string;
  readonly configDir: string;
}

interface CanFlags {
  readonly header: readonly string[];
  readonly claims?: string;
  readonly ip: string;
}

export function addCan(program: Command, terminal: Terminal): void {
  program
    .command('can')
    .description('Says whether a call would be let in, and by which policy')
    .argument(
      '<source>',
      'a workload, service or service account, with or without .NAMESPACE; a SPIFFE id; - for nobody',
    )
    .argument('<destination>', 'a service, with or without .NAMESPACE and :PORT')
    .argument('[method]', 'of the request', 'GET')
    .argument('[path]', 'of the request', '/')
    .option('-H, --header <header>', "'name: value'; may be given several times", collect, [])
    .option('--claims <json>', "what the caller's token claims")
    .option('--ip <address>', "the caller's address", '127.0.0.1')
    .action(
      (source: string, destination: string, method: string, path: string, { header: headers, claims, ip }: CanFlags) =>
        can({ source, destination, method, path, headers, claims, ip, ...program.opts<GlobalOptions>() }, terminal),
    );
}

const collect = (header: string, before: readonly string[]): readonly string[] => [...before, header];

interface CheckFlags {
  readonly file?: string;
  readonly admin?: string;
}

export function addAuthz(program: Command, parents: readonly Command[], terminal: Terminal): void {
  for (const parent of parents) {
    parent
      .command('authz')
      .description('Shows what is enforced of AuthorizationPolicies')
      .command('check')
      .description('Lists the AuthorizationPolicies that a proxy enforces')
      .argument('[name]', 'a workload or pod, with or without .NAMESPACE')
      .option('-f, --file <file>', 'a saved config_dump in the place of a proxy; - for standard input')
      .option('--admin <address>', "HOST:PORT of the proxy's admin pages in the place of its name")
      .action(async (name: string | undefined, flags: CheckFlags) => {
        const dump = await proxySource({ ...flags, name, ...program.opts<GlobalOptions>() }, terminal).dump();
        terminal.out(formatTable(policyTable(dump.listeners)));
      });
  }
}
