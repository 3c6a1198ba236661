// An admin page of a proxy or of the control plane → its JSON, or an error that says who did not answer.
import { readFile } from 'node:fs/promises';
import { CommandError } from '../terminal.ts';

const DEADLINE_MS = 10_000;

/** `address` is `host:port`. Throws CommandError. */
export async function fetchJson(address: string, path: string): Promise<unknown> {
  const url = `http://${address}${path}`;
  let response: Response;
  let body: string;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) });
    body = await response.text();
  } catch (error) {
    const { cause, message } = error as Error;
    throw new CommandError(`${url}: ${(cause as Error | undefined)?.message ?? message}`, undefined, { cause: error });
  }
  if (!response.ok) throw new CommandError(`${url}: ${response.status} ${errorOf(body)}`);
  return parse(body, url);
}

/** A file, or standard input for `-`. Throws CommandError. */
export async function readJson(file: string, readStdin: () => Promise<string>): Promise<unknown> {
  try {
    return parse(file === '-' ? await readStdin() : await readFile(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(code === 'ENOENT' ? `${file}: no such file` : message, undefined, { cause: error });
  }
}

function parse(text: string, from: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(`${from}: no JSON: ${(error as Error).message}`, undefined, { cause: error });
  }
}

/** Our pages say `{"error": …}`. */
function errorOf(body: string): string {
  try {
    return (JSON.parse(body) as { error?: string }).error ?? body;
  } catch {
    return body.slice(0, 200);
  }
}
