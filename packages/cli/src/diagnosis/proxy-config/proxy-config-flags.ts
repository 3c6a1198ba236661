// The command line of istioctl proxy-config: one subcommand a kind of resource.
import { type Command, InvalidArgumentError } from 'commander';
import type { Terminal } from '../../terminal.ts';
import { proxyConfig, type ProxyConfigFilter, type ProxyConfigKind } from './proxy-config.ts';

interface Flags extends ProxyConfigFilter {
  readonly output: string;
  readonly file?: string;
  readonly admin?: string;
}

interface GlobalOptions {
  readonly namespace: string;
  readonly configDir: string;
}

type Flag = readonly [flags: string, description: string];

const ADDRESS: Flag = ['--address <address>', 'keep what has this address'];
const FQDN: Flag = ['--fqdn <host>', 'keep clusters whose host holds this'];
const DIRECTION: Flag = ['--direction <direction>', 'keep inbound or outbound clusters'];
const SUBSET: Flag = ['--subset <subset>', 'keep clusters of this subset'];
const PORT = ['--port <port>', 'keep what has this port', portNumber] as const;

interface Subcommand {
  readonly kind: ProxyConfigKind;
  readonly aliases: readonly string[];
  readonly flags: readonly Flag[];
  readonly port?: true;
  readonly output?: string;
}

const SUBCOMMANDS: readonly Subcommand[] = [
  { kind: 'cluster', aliases: ['clusters', 'c'], flags: [FQDN, DIRECTION, SUBSET], port: true },
  {
    kind: 'listener',
    aliases: ['listeners', 'l'],
    flags: [ADDRESS, ['--type <type>', 'keep listeners of this type: HTTP, TCP or HTTP+TCP']],
    port: true,
  },
  { kind: 'route', aliases: ['routes', 'r'], flags: [['--name <name>', 'keep the routes of this name']] },
  {
    kind: 'endpoint',
    aliases: ['endpoints', 'ep'],
    flags: [
      ADDRESS,
      ['--cluster <cluster>', 'keep the endpoints of this cluster'],
      ['--status <status>', 'keep endpoints in this state: healthy, unhealthy, degraded or draining'],
    ],
    port: true,
  },
  { kind: 'bootstrap', aliases: ['b'], flags: [], output: 'json' },
  { kind: 'secret', aliases: ['secrets', 's'], flags: [] },
  { kind: 'all', aliases: ['a'], flags: [FQDN, DIRECTION, SUBSET, ADDRESS], port: true },
];

export function addProxyConfig(program: Command, terminal: Terminal): void {
  const group = program.command('proxy-config').alias('pc').description('Shows what a proxy has');
  for (const subcommand of SUBCOMMANDS) addSubcommand(group, subcommand, () => program.opts<GlobalOptions>(), terminal);
}

function addSubcommand(
  group: Command,
  { kind, aliases, flags, port, output = 'short' }: Subcommand,
  globals: () => GlobalOptions,
  terminal: Terminal,
): void {
  const command = group
    .command(kind)
    .aliases(aliases)
    .description(kind === 'all' ? 'Shows all it has' : `Shows its ${kind} configuration`)
    .argument('[name]', '[pod/|deploy/]NAME[.NAMESPACE] of a workload or pod')
    .option('-o, --output <form>', 'short, json or yaml', output)
    .option('-f, --file <file>', 'a saved config_dump in the place of a proxy; - for standard input')
    .option('--admin <address>', "HOST:PORT of the proxy's admin pages in the place of its name");
  for (const flag of flags) command.option(...flag);
  if (port) command.option(...PORT);
  command.action((name: string | undefined, { output: form, file, admin, ...filter }: Flags) =>
    proxyConfig({ ...globals(), kind, name, output: form, file, admin, filter }, terminal),
  );
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('expected a port number.');
  return port;
}
