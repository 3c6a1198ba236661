// Where a piece of configuration was written: a file with line and column, or an API object.

/** A place in a file. `line` and `column` count from 1. */
export interface Source {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Renders `file:line:column`, the form that editors and terminals turn into a link. */
export function formatSource(source: Source): string {
  return `${source.file}:${source.line}:${source.column}`;
}
