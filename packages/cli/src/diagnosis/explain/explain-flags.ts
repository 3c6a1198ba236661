// The command line of istioctl explain.
import { type Command, InvalidArgumentError } from 'commander';
import type { Terminal } from '../../terminal.ts';
import { explain, explainWords } from './explain.ts';

interface Flags {
  readonly request: string;
  readonly header: readonly string[];
  readonly user?: string;
  readonly times: number;
  readonly seed: number;
  readonly output: string;
  readonly file?: string;
  readonly admin?: string;
}

export function addExplain(program: Command, terminal: Terminal): void {
  program
    .command('explain')
    .description('Says why a request of a workload goes where it goes')
    .argument(
      '[words...]',
      'FROM_WORKLOAD URL, as the workload would call it: productpage http://reviews:9080/reviews/0',
    )
    .option('-X, --request <method>', 'its method', 'GET')
    .option('-H, --header <header>', "'name: value'; may be given several times", collect, [])
    .option('--user <name>', "a user of Bookinfo: sets the header end-user and the product page's cookie")
    .option('--times <number>', 'also how so many requests split', count, 0)
    .option('--seed <number>', 'of the dice that decide weights and fractions', count, 1)
    .option('-o, --output <form>', 'text, json or yaml', 'text')
    .option('-f, --file <file>', 'a saved config_dump?include_eds in the place of a proxy; - for standard input')
    .option('--admin <address>', "HOST:PORT of the proxy's admin pages in the place of its name")
    .action((words: readonly string[], { request: method, header: headers, ...flags }: Flags) => {
      const { namespace, configDir } = program.opts<{ namespace: string; configDir: string }>();
      const isGiven = flags.file !== undefined || flags.admin !== undefined;
      return explain({ ...flags, ...explainWords(words, isGiven), method, headers, namespace, configDir }, terminal);
    });
}

const collect = (header: string, before: readonly string[]): readonly string[] => [...before, header];

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 1_000_000) {
    throw new InvalidArgumentError('expected a number from 0 to 1000000.');
  }
  return number;
}
