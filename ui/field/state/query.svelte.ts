import { untrack } from "svelte";
import { problemOf } from "../../shared/backend/backend";
import { coalesce } from "../../shared/coalesce";
import type { CommandError } from "../../shared/model";
import type { App } from "./app.svelte";

export interface Query<T> {
  readonly value: T | undefined;
  /** Why the last question was not answered; told until one is. */
  readonly failure: CommandError | null;
}

/** What a page shows from the store, asked again whenever the store changes. The old answer stays until then. */
export function query<T>(app: App, load: () => Promise<T>): Query<T> {
  let value = $state.raw<T>();
  let failure = $state.raw<CommandError | null>(null);
  const refresh = coalesce(async () => {
    try {
      value = await load();
      failure = null;
    } catch (error) {
      failure = problemOf(error);
    }
  });
  $effect(() => {
    void app.version;
    untrack(() => void refresh());
  });
  return {
    get value() {
      return value;
    },
    get failure() {
      return failure;
    },
  };
}
