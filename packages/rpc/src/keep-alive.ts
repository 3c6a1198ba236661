// Asks an HTTP/2 connection whether it is still there, and ends one of which nothing comes any more.
import type { Http2Session } from 'node:http2';

const EVERY_MS = 30_000;
/** A machine on which much connects at once answers late. */
const ANSWER_MS = 20_000;

/** Until the connection closes. */
export function keepAlive(session: Http2Session): void {
  let late: NodeJS.Timeout | undefined;
  const asking = setInterval(() => {
    clearTimeout(late);
    // One that has ended may wait for its socket to close.
    if (session.destroyed) return;
    // What lies in the socket already is read first: we may be the one who is late.
    late = setTimeout(() => (late = setTimeout(() => session.destroy(), 1)), ANSWER_MS);
    session.ping(() => clearTimeout(late));
  }, EVERY_MS);
  session.once('close', () => {
    clearInterval(asking);
    clearTimeout(late);
  });
}
