// `./mesh bench mixer`: what policy costs, each figure beside what it is compared with, in one run.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Scope } from '@meltemi/base';
import { cachedCheckCosts } from './mixer/cached-check.ts';
import { checkCost } from './mixer/check-cost.ts';
import { expressionCost } from './mixer/expression-cost.ts';
import { type Figure, figure, table } from './mixer/figure.ts';
import { recompileCost } from './mixer/recompile-cost.ts';
import { sidecarCosts } from './mixer/sidecar-cost.ts';
import { bundleSources } from './support/bundle-sources.ts';
import { Lab } from './support/lab.ts';
import { buildGenerator } from './support/load.ts';
import { meltemi } from './support/programs.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    /** Of a window of load. */
    seconds: { type: 'string', default: '2' },
  },
});
const rounds = Number(flags.rounds);

process.stdout.write(
  table([expressionCost(rounds), ...(await inSidecar()), await checkCost(rounds), recompileCost(rounds)]),
);

/** Both are compared with the same sidecar without policy. */
async function inSidecar(): Promise<readonly Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-mixer-'));
  // nginx gives up its rights when root starts it.
  chmodSync(directory, 0o755);
  const scope = new Scope();
  try {
    const generator = await buildGenerator(directory);
    const lab = new Lab({ directory, scope, generator, seconds: Number(flags.seconds) });
    const program = meltemi('meltemi', await bundleSources(join(directory, 'bundle')));
    const { plain, mixed } = await sidecarCosts(lab, program, rounds);
    const cached = await cachedCheckCosts(rounds);
    const added = mixed.map((cost, round) => cost - plain[round]!);
    const unit = 'CPU µs';
    return [
      figure({ name: 'check from cache, to a request', unit, bar: 0.05, aim: 0.02 }, cached, plain),
      figure({ name: 'policy and telemetry added, to a request', unit, bar: 0.25, aim: 0.1 }, added, plain),
    ];
  } finally {
    await scope.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
