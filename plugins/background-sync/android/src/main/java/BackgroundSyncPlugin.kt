package app.gatebook.backgroundsync

import android.app.Activity
import android.app.ActivityManager
import android.content.Context
import android.os.Build
import androidx.appcompat.app.AppCompatActivity
import app.tauri.annotation.Command
import app.tauri.annotation.InvokeArg
import app.tauri.annotation.TauriPlugin
import app.tauri.plugin.Channel
import app.tauri.plugin.Invoke
import app.tauri.plugin.JSObject
import app.tauri.plugin.Plugin

@InvokeArg
internal class StartArgs {
    lateinit var dataDir: String
    lateinit var onNetwork: Channel
}

@InvokeArg
internal class PendingArgs {
    var count: Int = 0
}

/** The plugin's part while the app is open; `src/mobile.rs` calls it. */
@TauriPlugin
class BackgroundSyncPlugin(private val activity: Activity) : Plugin(activity) {
    private var dataDir: String? = null
    private var pending = 0
    private var network: NetworkWatch? = null

    init {
        // Rust makes its first connection soon after its plugins are there.
        Rounds.prepare(activity.applicationContext)
    }

    @Command
    fun start(invoke: Invoke) {
        val args = invoke.parseArgs(StartArgs::class.java)
        dataDir = args.dataDir
        Schedule.regularly(activity.applicationContext, args.dataDir)
        network?.stop()
        network = NetworkWatch(activity.applicationContext) { unmetered ->
            val now = JSObject()
            now.put("unmetered", unmetered)
            args.onNetwork.send(now)
        }.also { it.start() }
        invoke.resolve()
    }

    @Command
    fun notePending(invoke: Invoke) {
        pending = invoke.parseArgs(PendingArgs::class.java).count
        invoke.resolve()
    }

    @Command
    fun state(invoke: Invoke) {
        val answer = JSObject()
        answer.put("supported", true)
        answer.put("restricted", isRestricted())
        LastRound.find(activity.applicationContext)?.let { (endedAt, outcome) ->
            val round = JSObject()
            round.put("endedAt", endedAt)
            round.put("outcome", outcome)
            answer.put("lastRound", round)
        }
        invoke.resolve(answer)
    }

    /** The app is left. From here on its process may end at any moment, so what waits becomes the system's affair. */
    override fun onStop(activity: AppCompatActivity) {
        val dataDir = dataDir ?: return
        if (pending > 0) Schedule.soon(activity.applicationContext, dataDir)
    }

    override fun onDestroy(activity: AppCompatActivity) {
        network?.stop()
        network = null
    }

    private fun isRestricted(): Boolean {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.P) return false
        val system = activity.getSystemService(Context.ACTIVITY_SERVICE) as ActivityManager
        return system.isBackgroundRestricted
    }
}
