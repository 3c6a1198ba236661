// Reads which metrics and labels a query of Prometheus asks for.
import { parser } from '@prometheus-io/lezer-promql';

export interface AskedMetric {
  readonly metric: string;
  /** In matchers of the metric, and in the groupings around it. */
  readonly labels: ReadonlySet<string>;
}

/** Throws when the query is not well-formed. */
export function askedMetrics(query: string): readonly AskedMetric[] {
  const asked: { readonly metric: string; readonly labels: Set<string> }[] = [];
  const text = ({ from, to }: { readonly from: number; readonly to: number }) => query.slice(from, to);
  // A grouping stands before what it groups, within one aggregation.
  const groupings: { readonly end: number; readonly labels: string[] }[] = [];
  parser.parse(query).iterate({
    enter(node) {
      if (node.type.isError) throw new SyntaxError(`at ${node.from}: ${query}`);
      if (node.name === 'AggregateExpr') groupings.push({ end: node.to, labels: [] });
      const around = groupings.filter(({ end }) => end > node.from);
      if (node.name === 'LabelName' && node.node.parent?.name === 'GroupingLabels')
        around.at(-1)?.labels.push(text(node));
      if (node.name === 'VectorSelector') {
        const metric = /^[\w:]+/.exec(text(node))![0];
        asked.push({ metric, labels: new Set(around.flatMap(({ labels }) => labels)) });
      }
      const isMatcher = node.name === 'LabelName' && node.node.parent?.name !== 'GroupingLabels';
      if (isMatcher) asked.at(-1)!.labels.add(text(node));
    },
  });
  return asked;
}
