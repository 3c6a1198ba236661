// Chooses where the agent's Unix sockets lie: in its own directory, or in a short one when that path is too long.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** sockaddr_un holds 108 bytes on Linux and 104 on macOS, with a NUL. */
const MAX_PATH_BYTES = 100;

export interface AgentSockets {
  readonly xds: string;
  readonly sds: string;
  /** Removes the sockets, and the short directory where there is one. */
  remove(): Promise<void>;
}

/** Sockets that an agent left there when it was killed are removed. */
export async function agentSockets(configPath: string, temporaryDirectory: string): Promise<AgentSockets> {
  const own = socketsIn(configPath);
  const fits = own.every((path) => Buffer.byteLength(path) <= MAX_PATH_BYTES);
  const short = fits ? undefined : await mkdtemp(join(temporaryDirectory, 'mesh-'));
  const [xds, sds] = short === undefined ? own : socketsIn(short);
  const remove = async () => {
    await Promise.all([xds, sds].map((path) => rm(path, { force: true })));
    if (short !== undefined) await rm(short, { recursive: true, force: true });
  };
  if (fits) await remove();
  return { xds, sds, remove };
}

function socketsIn(directory: string): readonly [string, string] {
  return [join(directory, 'XDS'), join(directory, 'SDS')];
}
