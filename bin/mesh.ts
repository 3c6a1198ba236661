// The `mesh` program: up, down, status, logs, exec.
import { enableCompileCache } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

enableCompileCache();
const { runMeshCommand } = await import('@meltemi/cli');

const script = fileURLToPath(import.meta.url);
const send = process.send?.bind(process) as ((message: object) => void) | undefined;
const program = {
  root: process.env['MESH_ROOT'] ?? dirname(dirname(script)),
  node: process.execPath,
  script,
  pid: process.pid,
  env: Object.fromEntries(
    Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  ),
  stdout: process.stdout,
  stderr: process.stderr,
  onSignal(callback: () => void) {
    process.on('SIGINT', callback);
    process.on('SIGTERM', callback);
    process.on('SIGHUP', callback);
  },
  sendToParent: send && ((message: object) => void (process.connected && send(message))),
};

try {
  process.exitCode = await runMeshCommand(program, process.argv.slice(2));
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  if (!code?.startsWith('commander.')) process.stderr.write(`mesh: ${message}\n`);
  if (process.connected) send?.({ ready: false, failure: `mesh: ${message}` });
  process.exitCode = code?.startsWith('commander.help') ? 0 : code?.startsWith('commander.') ? 64 : 1;
} finally {
  if (process.connected) process.disconnect?.();
}
