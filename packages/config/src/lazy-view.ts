// A view that is made when it is first looked at: of many changes in a row somebody looks at few.
import type { ConfigView } from './view.ts';

export function lazyView(make: () => ConfigView): ConfigView {
  const view = once(make);
  return {
    get version() {
      return view().version;
    },
    get virtualServices() {
      return view().virtualServices;
    },
    get destinationRules() {
      return view().destinationRules;
    },
    get gateways() {
      return view().gateways;
    },
    get serviceEntries() {
      return view().serviceEntries;
    },
    get problems() {
      return view().problems;
    },
    objects: (kind) => view().objects(kind),
  };
}

/** Calls it at most once. */
export function once<Value extends object>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}
