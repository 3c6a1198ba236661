// Finds which process listens on a TCP port, where the system tells (Linux: /proc/net/tcp and the files of processes).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A listening process: its pid and command line. */
export interface PortHolder {
  readonly pid: number;
  readonly command: string;
}

/** The process that listens on the port, or undefined where nobody does or the system does not say. */
export function portHolder(port: number): PortHolder | undefined {
  const inodes = listeningInodes(port);
  if (inodes.size === 0) return undefined;
  for (const pid of numericNames('/proc')) {
    if (holdsAny(pid, inodes)) return { pid: Number(pid), command: commandLine(pid) };
  }
  return undefined;
}

/** Inodes of sockets in state LISTEN (0A) on the port; the port is hexadecimal in the second column. */
function listeningInodes(port: number): ReadonlySet<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readText(table).split('\n').slice(1)) {
      const columns = line.trim().split(/\s+/);
      if (columns[1]?.endsWith(suffix) && columns[3] === '0A') inodes.add(columns[9]!);
    }
  }
  return inodes;
}

function holdsAny(pid: string, inodes: ReadonlySet<string>): boolean {
  return numericNames(`/proc/${pid}/fd`).some((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`))?.[1];
    return inode !== undefined && inodes.has(inode);
  });
}

function commandLine(pid: string): string {
  return readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

function numericNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
