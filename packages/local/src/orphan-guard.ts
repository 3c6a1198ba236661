// Makes sure that nothing outlives the mesh: a small shell waits for this process to end, however it ends.
import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reads `+PID` and `-PID` lines; at the end of its input (this process is gone, even by SIGKILL) it asks the process
 * groups that are left to end, and kills them two seconds later.
 */
const SCRIPT = `
trap '' INT TERM HUP
groups=' '
while read -r line; do
  pid=\${line#?}
  case $line in
    +*) groups="$groups$pid " ;;
    -*) case $groups in *" $pid "*) groups="\${groups%% $pid *} \${groups#* $pid }" ;; esac ;;
  esac
done
[ "$groups" = ' ' ] && exit 0
for pid in $groups; do kill -s TERM -- "-$pid" 2>/dev/null; done
left=20
while [ $left -gt 0 ]; do
  alive=
  for pid in $groups; do kill -s 0 -- "-$pid" 2>/dev/null && alive=1; done
  [ -z "$alive" ] && exit 0
  sleep 0.1
  left=$((left - 1))
done
for pid in $groups; do kill -s KILL -- "-$pid" 2>/dev/null; done
`;

/** Knows the process groups that must not outlive this process. */
export class OrphanGuard {
  readonly #shell: ChildProcess;

  constructor() {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    this.#shell.unref();
    this.#shell.stdin!.on('error', () => {});
    (this.#shell.stdin as unknown as { unref?: () => void }).unref?.();
  }

  /** The guard's own process. */
  get pid(): number | undefined {
    return this.#shell.pid;
  }

  add(pid: number): void {
    this.#shell.stdin!.write(`+${pid}\n`);
  }

  remove(pid: number): void {
    this.#shell.stdin!.write(`-${pid}\n`);
  }

  /** Ends the guard; what is still in its list is ended too. */
  async close(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.#shell.once('exit', () => resolve()));
    this.#shell.ref();
    this.#shell.stdin!.end();
    await gone;
  }
}
