// The first process of a sandbox: brings its network up, then makes HTTP requests for the test; when the test goes, so does all.
import { execFileSync } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import type { SandboxAnswer, SandboxRequest } from './sandbox-request.ts';

const [bridge, hostsFile] = process.argv.slice(2);
const REQUEST_DEADLINE_MS = 20_000;

// This is process 1 of its namespace: the kernel ends all others with it.
process.on('disconnect', () => process.exit(0));
process.on('message', (message) => void answer(message as SandboxRequest));

run('mount', '-t', 'tmpfs', 'tmpfs', '/run');
run('mount', '--bind', hostsFile!, '/etc/hosts');
run('ip', 'link', 'set', 'lo', 'up');
run('ip', 'link', 'add', 'pods', 'type', 'bridge');
run('ip', 'addr', 'add', bridge!, 'dev', 'pods');
run('ip', 'link', 'set', 'pods', 'up');
process.send!({ ready: true });

async function answer(request: SandboxRequest): Promise<void> {
  const reply = await fetchOnce(request).catch((error: Error): SandboxAnswer => ({
    id: request.id,
    error: error.message,
  }));
  if (process.connected) process.send!(reply);
}

function fetchOnce({ id, url, method, headers, body }: SandboxRequest): Promise<SandboxAnswer> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    // The API server's certificate is its own; nothing else is asked over TLS.
    const options = { method, headers, rejectUnauthorized: false, timeout: REQUEST_DEADLINE_MS };
    const request = send(url, options, (response) => {
      text(response).then((body) => resolve({ id, status: response.statusCode!, body }), reject);
    });
    request.on('timeout', () => request.destroy(new Error(`${url}: no answer in ${REQUEST_DEADLINE_MS} ms`)));
    request.on('error', reject);
    request.end(body);
  });
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
