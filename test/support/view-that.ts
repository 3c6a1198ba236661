// Resolves when a view of a store says what is waited for; the event is the store's own.
import type { ConfigView, KubeStore } from '@meltemi/config';

export async function viewThat(
  store: Pick<KubeStore, 'view' | 'watch'>,
  holds: (view: ConfigView) => boolean,
): Promise<ConfigView> {
  if (holds(store.view())) return store.view();
  const { promise, resolve } = Promise.withResolvers<ConfigView>();
  const watch = store.watch((view) => holds(view) && resolve(view));
  const view = await promise;
  watch.close();
  return view;
}
