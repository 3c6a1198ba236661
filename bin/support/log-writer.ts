// Where the log lines of a program go: a file, or stderr.
import { appendFileSync } from 'node:fs';

/** As Envoy's, lines go to stderr where no path is given; a reader that went away doesn't end the program. */
export function logWriter(path: string | undefined): (line: string) => void {
  if (path !== undefined) return (line) => appendFileSync(path, line);
  process.stderr.on('error', () => {});
  return (line) => void process.stderr.write(line);
}
