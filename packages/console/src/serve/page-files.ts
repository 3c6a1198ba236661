// The files of the page, as they were built: by the path that the browser asks for.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PageFile {
  readonly contentType: string;
  readonly body: string;
}

export type PageFiles = ReadonlyMap<string, PageFile>;

const FILES = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
  ['/page.css', 'page.css', 'text/css; charset=utf-8'],
] as const;

/** Throws when one of them can't be read. */
export function readPageFiles(directory: string): PageFiles {
  return new Map(
    FILES.map(([path, file, contentType]) => [
      path,
      { contentType, body: readFileSync(join(directory, file), 'utf8') },
    ]),
  );
}
