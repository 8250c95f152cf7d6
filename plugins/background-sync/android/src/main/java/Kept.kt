package app.gatebook.backgroundsync

import android.content.Context
import android.content.SharedPreferences

private fun kept(context: Context): SharedPreferences =
    context.getSharedPreferences("background_sync", Context.MODE_PRIVATE)

/** Where the app's data lies, for a process in which the app does not run. */
internal object DataDir {
    private const val KEY = "data_dir"

    fun keep(context: Context, dataDir: String) {
        kept(context).edit().putString(KEY, dataDir).apply()
    }

    fun find(context: Context): String? = kept(context).getString(KEY, null)
}

/** How the last round that the system began ended, for the support page. */
internal object LastRound {
    private const val OUTCOME = "last_outcome"
    private const val ENDED_AT = "last_ended_at"

    fun keep(context: Context, outcome: Int) {
        kept(context).edit().putInt(OUTCOME, outcome).putLong(ENDED_AT, System.currentTimeMillis()).apply()
    }

    /** When it ended, and how; nothing if there was none yet. */
    fun find(context: Context): Pair<Long, String>? {
        val kept = kept(context)
        val outcome = when (kept.getInt(OUTCOME, -1)) {
            Rounds.NOTHING_TO_DO -> "nothing_to_do"
            Rounds.SUCCESS -> "success"
            Rounds.RETRY -> "retry"
            else -> return null
        }
        val endedAt = kept.all[ENDED_AT] as? Long ?: return null
        return Pair(endedAt, outcome)
    }
}
