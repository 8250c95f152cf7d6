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
    lateinit var onSystem: Channel
    lateinit var onScreen: Channel
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
    private var battery: BatterySaver? = null
    private var onSystem: Channel? = null
    private var onScreen: Channel? = null

    /** As the network's own thread last told. */
    @Volatile
    private var unmetered = false

    /** Tauri is set up by an Activity on its way to the screen; a process made for a job has none, and no plugin. */
    private var isOnScreen = true

    init {
        // Rust makes its first connection soon after its plugins are there.
        Rounds.prepare(activity.applicationContext)
    }

    @Command
    fun start(invoke: Invoke) {
        val args = invoke.parseArgs(StartArgs::class.java)
        dataDir = args.dataDir
        Schedule.regularly(activity.applicationContext, args.dataDir)
        onSystem = args.onSystem
        onScreen = args.onScreen
        network?.stop()
        network = NetworkWatch(activity.applicationContext) { free ->
            unmetered = free
            tellSystem(isNewWay = true)
        }.also { it.start() }
        battery?.stop()
        battery = BatterySaver(activity.applicationContext) { tellSystem(isNewWay = false) }.also { it.start() }
        tellSystem(isNewWay = false)
        tellScreen()
        invoke.resolve()
    }

    @Command
    fun notePending(invoke: Invoke) {
        val count = invoke.parseArgs(PendingArgs::class.java).count
        val isMore = count > pending
        pending = count
        // Saved in the moment of leaving: onStop knew nothing of it.
        if (isMore && !isOnScreen) scheduleSoon()
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

    override fun onResume(activity: AppCompatActivity) {
        isOnScreen = true
        tellScreen()
    }

    /** The app is left. From here on its process may end at any moment, so what waits becomes the system's affair. */
    override fun onStop(activity: AppCompatActivity) {
        isOnScreen = false
        tellScreen()
        if (pending > 0) scheduleSoon()
    }

    override fun onDestroy(activity: AppCompatActivity) {
        network?.stop()
        network = null
        battery?.stop()
        battery = null
    }

    private fun scheduleSoon() {
        val dataDir = dataDir ?: return
        Schedule.soon(activity.applicationContext, dataDir)
    }

    private fun tellSystem(isNewWay: Boolean) {
        val now = JSObject()
        now.put("unmetered", unmetered)
        now.put("savesBattery", BatterySaver.isOn(activity.applicationContext))
        now.put("isNewWay", isNewWay)
        onSystem?.send(now)
    }

    private fun tellScreen() {
        val now = JSObject()
        now.put("onScreen", isOnScreen)
        onScreen?.send(now)
    }

    private fun isRestricted(): Boolean {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.P) return false
        val system = activity.getSystemService(Context.ACTIVITY_SERVICE) as ActivityManager
        return system.isBackgroundRestricted
    }
}
