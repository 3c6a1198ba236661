// The command line of istioctl describe.
import type { Command } from 'commander';
import type { Terminal } from '../../terminal.ts';
import { describe } from './describe.ts';

const KINDS = [
  { kind: 'pod', alias: 'po' },
  { kind: 'service', alias: 'svc' },
] as const;

/** `program` holds the global flags; the command goes below each parent. */
export function addDescribe(program: Command, parents: readonly Command[], terminal: Terminal): void {
  for (const parent of parents) {
    const group = parent
      .command('describe')
      .alias('des')
      .description('Says what the mesh does with a pod or a service');
    for (const { kind, alias } of KINDS) {
      group
        .command(kind)
        .alias(alias)
        .description(`Describes a ${kind}`)
        .argument('<name>', 'NAME[.NAMESPACE]')
        .action((name: string) => {
          const { namespace, configDir } = program.opts<{ namespace: string; configDir: string }>();
          return describe({ kind, name, namespace, configDir }, terminal);
        });
    }
  }
}
