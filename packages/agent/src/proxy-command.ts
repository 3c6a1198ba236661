// Turns the choice of a proxy into the command that starts it, so that it never outlives the agent.

export interface ProxyCommand {
  readonly proxyCommand: readonly [string, ...string[]];
  readonly proxyTakesIpc: boolean;
}

/** What the machine has. */
export interface Machine {
  /** The Node that runs us. */
  readonly node: string;
  /** Our own proxy's script. */
  readonly ownProxy: string;
  /** `setpriv` of util-linux where there is one: a foreign binary gets SIGTERM when the agent is killed. */
  readonly setpriv: string | undefined;
}

/**
 * V8 would let the space of young objects grow to 64 MB while the configuration is read, and keep it. With 4 MB a half a
 * proxy needs no more CPU, and a third less memory.
 */
const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=4'];

/** A script runs in our Node, on an IPC channel; any other binary is taken for Envoy. */
export function proxyCommand(binaryPath: string | undefined, machine: Machine): ProxyCommand {
  const binary = binaryPath ?? machine.ownProxy;
  if (/\.[cm]?[jt]s$/.test(binary)) return { proxyCommand: [machine.node, ...NODE_FLAGS, binary], proxyTakesIpc: true };
  const guarded: readonly [string, ...string[]] = machine.setpriv
    ? [machine.setpriv, '--pdeathsig', 'TERM', binary]
    : [binary];
  return { proxyCommand: guarded, proxyTakesIpc: false };
}
