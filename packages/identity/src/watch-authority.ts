// Looks at the authority's directory again and again, so that what an operator does there holds within a second.
import type { Clock, Logger, Problem, Timer } from '@meltemi/base';
import type { CertificateAuthority } from './certificate-authority.ts';

export interface WatchAuthorityOptions {
  readonly authority: Pick<CertificateAuthority, 'reload'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told when they are others than before. */
  readonly problems?: () => readonly Problem[];
}

const EVERY_MS = 1000;

/** What can't be read is said once and changes nothing. Answers what ends the watch. */
export function watchAuthority({ authority, clock, logger, problems = () => [] }: WatchAuthorityOptions): () => void {
  const log = logger.named('ca');
  let said = '';
  const tell = problemTeller(log);
  let closed = false;
  let timer: Timer;
  const look = async () => {
    try {
      await authority.reload();
      said = '';
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown failure';
      if (reason !== said) log.error(`the authority stays as it was: ${reason}`);
      said = reason;
    }
    tell(problems());
    if (!closed) timer = clock.after(EVERY_MS, () => void look());
  };
  tell(problems());
  timer = clock.after(EVERY_MS, () => void look());
  return () => {
    closed = true;
    timer.cancel();
  };
}

function problemTeller(log: Logger): (problems: readonly Problem[]) => void {
  let said = '';
  return (problems) => {
    const text = problems.map(({ message }) => message).join('; ');
    if (text !== said && text !== '') log.warn(text);
    said = text;
  };
}
