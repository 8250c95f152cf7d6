package app.gatebook.backgroundsync

import android.content.Context

/** The way into Rust (`src/android.rs`). It needs no webview and no Activity, so a process made for a job can use it. */
internal object Rounds {
    const val NOTHING_TO_DO = 0
    const val SUCCESS = 1
    const val RETRY = 2

    init {
        // The app's own library; loading one that is there already does nothing.
        System.loadLibrary("gatebook_app")
    }

    /** Gives Rust's TLS the system's certificates. Before the first connection of the process. */
    @JvmStatic
    external fun prepare(context: Context)

    /** Runs one round and returns how it ended. Blocks, so never on the main thread. */
    @JvmStatic
    external fun run(dataDir: String, seconds: Double, unmetered: Boolean, savesBattery: Boolean): Int

    /** What is to be shown as notifications now, as a JSON array. What it returns it never returns again. */
    @JvmStatic
    external fun toTell(dataDir: String): String?

    /** The rounds under way end as soon as they can. */
    @JvmStatic
    external fun stop()
}
