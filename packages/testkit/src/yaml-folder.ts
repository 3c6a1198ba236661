// A folder of configuration that a control plane follows: files appear in it whole, as an editor's save would.
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class YamlFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Writes a file of objects (YAML or JSON); `name` is the file's. What reads every *.yaml never reads half of one. */
  apply(name: string, text: string): void {
    const temporary = join(this.path, `${name}.tmp`);
    writeFileSync(temporary, text);
    renameSync(temporary, this.#file(name));
  }

  remove(name: string): void {
    rmSync(this.#file(name));
  }

  #file(name: string): string {
    return join(this.path, `${name}.yaml`);
  }
}
