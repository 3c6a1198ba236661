// The sidecar's guardian: bootstrap → certificates → run → drain.
export { type Agent, type AgentOptions, runAgent } from './agent.ts';
export { bootstrap, type BootstrapOptions, nodeId, type ProxyRole } from './bootstrap.ts';
export { type AgentCommand, agentCommand, CommandLineError, type Environment, USAGE } from './command-line.ts';
export { type Machine, type ProxyCommand, proxyCommand } from './proxy-command.ts';
