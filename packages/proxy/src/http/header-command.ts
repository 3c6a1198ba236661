// A command of a header's format string → its value for a request, as the access log would say it.
import { type AccessLogEntry, compileLogValue, type Render } from '@meltemi/telemetry';

/** By command and argument: as many as configurations have named. */
const compiled = new Map<string, Render>();

/** Undefined: nothing is known. Throws AccessLogError for a command that is not known, or an argument it can't take. */
export function headerCommand(name: string, argument: string, entry: AccessLogEntry): string | undefined {
  const text = argument === '' ? `%${name}%` : `%${name}(${argument})%`;
  let render = compiled.get(text);
  if (!render) {
    render = compileLogValue(text, { hostname: '', omitEmptyValues: true });
    compiled.set(text, render);
  }
  return render(entry) || undefined;
}
