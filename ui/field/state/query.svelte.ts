import { untrack } from "svelte";
import { coalesce } from "../../shared/coalesce";
import type { App } from "./app.svelte";

export interface Query<T> {
  readonly value: T | undefined;
}

/** What a page shows from the store, asked again whenever the store changes. The old answer stays until then. */
export function query<T>(app: App, load: () => Promise<T>): Query<T> {
  let value = $state.raw<T>();
  const refresh = coalesce(async () => {
    value = await load();
  });
  $effect(() => {
    void app.version;
    untrack(() => refresh().catch(() => {}));
  });
  return {
    get value() {
      return value;
    },
  };
}
