// What the `mesh` program gets from the machine: its place, its streams, its signals. Only `bin/` makes one.

export interface MeshProgram {
  /** The checkout or package. */
  readonly root: string;
  readonly node: string;
  /** The file of this program, to start it again in the background. */
  readonly script: string;
  readonly pid: number;
  readonly env: Readonly<Record<string, string>>;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Calls back on every SIGINT and SIGTERM. */
  onSignal(callback: () => void): void;
  /** Reports to the process that started this one in the background. */
  readonly sendToParent: ((message: object) => void) | undefined;
}
