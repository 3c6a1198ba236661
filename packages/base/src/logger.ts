// Log lines in Istio's form: `time<TAB>level<TAB>scope<TAB>message`.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'none';

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, none: 4 };

/** Writes one line per call; `named` makes a logger for a part of the program. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  named(scope: string): Logger;
}

/** Where lines go and which are kept; `level` may change while it is used. */
export interface LogSink {
  level: LogLevel;
  /** Of loggers that differ from it, by their names. */
  readonly levels?: ReadonlyMap<string, LogLevel>;
  readonly write: (line: string) => void;
  readonly now: () => number;
}

/** A logger over a sink. Line breaks and control characters in messages are escaped: a record is one line. */
export function createLogger(sink: LogSink, scope = 'default'): Logger {
  const log = (level: Exclude<LogLevel, 'none'>, message: string) => {
    if (RANK[level] < RANK[sink.levels?.get(scope) ?? sink.level]) return;
    sink.write(`${new Date(sink.now()).toISOString()}\t${level}\t${scope}\t${escapeControl(message)}\n`);
  };
  return {
    debug: (message) => log('debug', message),
    info: (message) => log('info', message),
    warn: (message) => log('warn', message),
    error: (message) => log('error', message),
    named: (name) => createLogger(sink, name),
  };
}

/** A logger that says nothing. */
export const silentLogger: Logger = createLogger({ level: 'none', write: () => {}, now: () => 0 });

function escapeControl(message: string): string {
  return message.replaceAll(
    /[\u0000-\u0008\u000a-\u001f\u007f]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
