/** How background sync stands, for a window whose capability grants `background-sync:default`. */
import { invoke } from '@tauri-apps/api/core'

export type RoundOutcome = 'nothing_to_do' | 'success' | 'retry'

export interface State {
  /** The system can run rounds while the app is not open. */
  supported: boolean
  /** The person or the organisation has switched background work off for this app. */
  restricted: boolean
  /** The last round that the system began; `endedAt` in milliseconds since 1970. */
  lastRound: { endedAt: number; outcome: RoundOutcome } | null
}

export async function state(): Promise<State> {
  return invoke<State>('plugin:background-sync|state')
}
