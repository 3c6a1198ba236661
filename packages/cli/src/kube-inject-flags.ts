// The flags of istioctl kube-inject → its options.
import { type Command, InvalidArgumentError } from 'commander';

import { kubeInject, type KubeInjectOptions } from './kube-inject.ts';
import { CommandError, EXIT, type Terminal } from './terminal.ts';

type Flags = Omit<KubeInjectOptions, 'filename' | 'sidecarProxyUid' | 'traffic'> & {
  readonly filename?: string;
  readonly sidecarProxyUID: number;
  readonly includeIPRanges?: string;
  readonly excludeIPRanges?: string;
  readonly includeInboundPorts?: string;
  readonly excludeInboundPorts?: string;
  readonly meshConfig?: string;
};

export function addKubeInject(program: Command, terminal: Terminal): void {
  program
    .command('kube-inject')
    .description('Adds the sidecar to the workloads in a file; all else stays as it is')
    .option('-f, --filename <file>', 'file with Kubernetes objects, or - for standard input')
    .option('-o, --output <file>', 'file to write; standard output without it')
    .option('--hub <hub>', 'where the images are', 'docker.io/istio')
    .option('--tag <tag>', 'tag of the images')
    .option('--verbosity <level>', "the sidecar's log level", number, 2)
    .option('--sidecarProxyUID <uid>', 'user id that the sidecar runs as', number, 1337)
    .option('--setVersionString <version>', 'version in the annotation of injected pods')
    .option('--coreDump [boolean]', 'let the sidecar write core files', boolean, true)
    .option('--debug [boolean]', 'debug images and a privileged sidecar', boolean, true)
    .option('--imagePullPolicy <policy>', 'IfNotPresent, Always or Never', 'IfNotPresent')
    .option('--meshConfigFile <file>', 'file of the mesh configuration')
    .option('--meshConfigMapName <name>', 'ConfigMap of the mesh configuration', 'istio')
    .option('--meshConfig <name>', 'the same, as Istio 0.1 named it')
    .option('--includeIPRanges <cidrs>', 'outbound destinations to redirect; all without it')
    .option('--excludeIPRanges <cidrs>', 'outbound destinations to leave alone')
    .option('--includeInboundPorts <ports>', 'inbound ports to redirect')
    .option('--excludeInboundPorts <ports>', 'inbound ports to leave alone')
    .action((flags: Flags) => kubeInject(optionsOf(flags), terminal));
}

function optionsOf(flags: Flags): KubeInjectOptions {
  if (flags.filename === undefined) throw new CommandError('give a file with -f', EXIT.usage);
  const { includeIPRanges, excludeIPRanges, includeInboundPorts, excludeInboundPorts } = flags;
  return {
    ...flags,
    filename: flags.filename,
    sidecarProxyUid: flags.sidecarProxyUID,
    meshConfigMapName: flags.meshConfig ?? flags.meshConfigMapName,
    traffic: {
      includeIpRanges: includeIPRanges,
      excludeIpRanges: excludeIPRanges,
      includeInboundPorts,
      excludeInboundPorts,
    },
  };
}

function number(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('expected a number.');
  return Number(text);
}

function boolean(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('expected true or false.');
  return text === 'true';
}
