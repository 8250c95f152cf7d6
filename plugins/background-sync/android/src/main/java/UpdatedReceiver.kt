package app.gatebook.backgroundsync

import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent

/** The app was updated: its rounds are planned anew, as this version plans them, without waiting to be opened. */
class UpdatedReceiver : BroadcastReceiver() {
    override fun onReceive(context: Context, intent: Intent) {
        if (intent.action != Intent.ACTION_MY_PACKAGE_REPLACED) return
        val dataDir = DataDir.find(context) ?: return
        Schedule.regularly(context, dataDir)
        Schedule.soon(context, dataDir)
    }
}
