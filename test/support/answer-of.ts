// Asks until there is an answer: what fails, or is nothing yet, is asked again.
import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE_MS = 30_000;
const POLL_MS = 50;

/** Rejects with the last failure when there is none in time. */
export async function answerOf<Answer>(
  ask: () => Promise<Answer | false | undefined>,
  deadlineMs = DEADLINE_MS,
): Promise<Answer> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      if (performance.now() > deadline) throw error;
      return undefined;
    });
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`no answer in ${deadlineMs} ms`);
    await delay(POLL_MS);
  }
}
