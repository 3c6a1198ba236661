// The sidecar's guardian: bootstrap → certificates → run → drain.
export { type Agent, type AgentOptions, runAgent } from './agent.ts';
export { bootstrap, type BootstrapOptions, nodeId, type ProxyRole } from './bootstrap.ts';
export { type AgentCommand, agentCommand, CommandLineError, type Environment, USAGE } from './command-line.ts';
export { type Machine, type ProxyCommand, proxyCommand } from './proxy-command.ts';
export { type V1ProxyConfig, v1BootstrapText } from './v1-bootstrap.ts';
export { v1ProxyConfig } from './v1-command-line.ts';
