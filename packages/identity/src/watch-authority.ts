// Looks at the authority's directory again and again, so that what an operator does there holds within a second.
import type { Clock, Logger, Timer } from '@meltemi/base';
import type { CertificateAuthority } from './certificate-authority.ts';

export interface WatchAuthorityOptions {
  readonly authority: Pick<CertificateAuthority, 'reload'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const EVERY_MS = 1000;

/** What can't be read is said once and changes nothing. Answers what ends the watch. */
export function watchAuthority({ authority, clock, logger }: WatchAuthorityOptions): () => void {
  const log = logger.named('ca');
  let said = '';
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
    if (!closed) timer = clock.after(EVERY_MS, () => void look());
  };
  timer = clock.after(EVERY_MS, () => void look());
  return () => {
    closed = true;
    timer.cancel();
  };
}
