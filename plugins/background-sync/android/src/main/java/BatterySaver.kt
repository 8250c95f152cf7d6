package app.gatebook.backgroundsync

import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.os.PowerManager

/** Tells when the person, or the system for them, begins or ceases to save the battery. */
internal class BatterySaver(private val context: Context, private val changed: () -> Unit) : BroadcastReceiver() {
    fun start() {
        context.registerReceiver(this, IntentFilter(PowerManager.ACTION_POWER_SAVE_MODE_CHANGED))
    }

    fun stop() = context.unregisterReceiver(this)

    override fun onReceive(context: Context, intent: Intent) {
        if (intent.action == PowerManager.ACTION_POWER_SAVE_MODE_CHANGED) changed()
    }

    companion object {
        fun isOn(context: Context): Boolean =
            (context.getSystemService(Context.POWER_SERVICE) as PowerManager).isPowerSaveMode
    }
}
