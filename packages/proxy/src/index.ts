// The sidecar: its command line, its bootstrap, and the running proxy.
export { BootstrapError } from './bootstrap/bootstrap-error.ts';
export {
  CommandLineError,
  parseCommandLine,
  type CommandLine,
  type ProxyCommand,
  usage,
} from './bootstrap/command-line.ts';
export { configurationProblems } from './bootstrap/validate/configuration-problems.ts';
export { type BootstrapInput, readBootstrap } from './bootstrap/read-bootstrap.ts';
export type { Mixer, MixerParts, OpenMixer } from './http/filter/mixer/mixer.ts';
export type { ProxyOptions, WorkerScript } from './proxy-options.ts';
export { type RunningProxy, runProxy } from './run.ts';
