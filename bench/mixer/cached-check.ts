// A check that the client answers from its cache, by ten referenced attributes: CPU µs of one.
import { systemClock } from '@meltemi/base';
import { AttributeBag, MixerClient, mixerTransport } from '@meltemi/policy';
import { startMixs } from './mixs-process.ts';
import { attributesOf, VOCABULARY } from './requests.ts';

const HITS = 200_000;

/** Requests differ in what the verdict does not depend on. */
export async function cachedCheckCosts(rounds: number): Promise<readonly number[]> {
  const mixs = await startMixs();
  const transport = mixerTransport({ host: '127.0.0.1', port: mixs.port }, 60_000, Date.now);
  const client = new MixerClient({
    transport,
    clock: systemClock(),
    name: 'bench',
    failOpen: false,
    lostReports: () => undefined,
  });
  try {
    const costs: number[] = [];
    for (let round = -1; round < rounds; round++) {
      const cost = await cachedChecks(client);
      if (round >= 0) costs.push(cost);
    }
    return costs;
  } finally {
    await client.close();
    mixs.stop();
  }
}

async function cachedChecks(client: MixerClient): Promise<number> {
  const bags = Array.from({ length: 256 }, (_, index) => AttributeBag.of(VOCABULARY, attributesOf(index)));
  let allowed = 0;
  const start = process.cpuUsage();
  for (let index = 0; index < HITS; index++) {
    const verdict = client.check(bags[index & 255]!);
    if ((verdict instanceof Promise ? await verdict : verdict).code === 0) allowed++;
  }
  const { user, system } = process.cpuUsage(start);
  if (allowed !== HITS) throw new Error(`${HITS - allowed} checks were refused`);
  return (user + system) / HITS;
}
