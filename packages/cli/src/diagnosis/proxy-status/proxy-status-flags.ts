// The command line of istioctl proxy-status.
import type { Command } from 'commander';
import type { Terminal } from '../../terminal.ts';
import { proxyStatus } from './proxy-status.ts';

interface Flags {
  readonly output: string;
  readonly xdsAddress?: string;
  readonly admin?: string;
}

export function addProxyStatus(program: Command, terminal: Terminal): void {
  program
    .command('proxy-status')
    .alias('ps')
    .description('Says whether proxies have what they should, or how one of them differs')
    .argument('[name]', '[pod/|deploy/]NAME[.NAMESPACE]: compares this proxy with the control plane')
    .option('-o, --output <form>', 'table, json or yaml', 'table')
    .option('--xds-address <address>', "HOST:PORT of the control plane's HTTP pages")
    .option('--admin <address>', "HOST:PORT of the named proxy's admin pages")
    .action((name: string | undefined, { output, xdsAddress, admin }: Flags) => {
      const { namespace, configDir } = program.opts<{ namespace: string; configDir: string }>();
      return proxyStatus({ name, namespace, configDir, xdsAddress, admin, output }, terminal);
    });
}
