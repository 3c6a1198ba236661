// mixc: evaluates Mixer's expressions, and asks a Mixer, from the command line.
import { mixc } from '@meltemi/policy';

const { exitCode, out, error } = await mixc(process.argv.slice(2), Date.now);
process.stdout.write(out);
process.stderr.write(error);
process.exitCode = exitCode;
