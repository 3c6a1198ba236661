// Data → JSON or YAML on the terminal.
import { stringify } from 'yaml';
import { CommandError, EXIT, type Terminal } from '../terminal.ts';

/** Throws CommandError for a form that is not among those a command knows. */
export function requireOutput(output: string, known: readonly string[]): void {
  if (!known.includes(output)) {
    throw new CommandError(
      `unknown output "${output}": use ${known.slice(0, -1).join(', ')} or ${known.at(-1)}`,
      EXIT.usage,
    );
  }
}

export function printData(value: unknown, output: string, terminal: Terminal): void {
  terminal.out(output === 'yaml' ? stringify(value, { lineWidth: 0 }) : `${JSON.stringify(value, null, 4)}\n`);
}
