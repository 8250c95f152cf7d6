package app.gatebook.backgroundsync

import android.app.NotificationManager
import android.app.PendingIntent
import android.content.Context
import android.util.Log
import androidx.core.app.NotificationCompat
import org.json.JSONArray
import org.json.JSONException

/** What a round brought, told by the system: there is no app that could. Rust decides what, and tells each thing once. */
internal object Notifications {
    /** The app's channels (its `Channels.kt`), made at its first start. */
    private const val INBOX = "inbox"
    private const val PHOTOS = "photos"
    private const val TAG = "GatebookSync"

    /** Shows what there is to tell. Without the person's permission the system shows nothing, and nobody is asked here. */
    fun show(context: Context, dataDir: String) {
        try {
            val told = JSONArray(Rounds.toTell(dataDir) ?: return)
            for (at in 0 until told.length()) {
                val one = told.getJSONObject(at)
                val channel = if (one.getString("kind") == "photos_waiting") PHOTOS else INBOX
                show(context, channel, one.getInt("id"), one.getString("title"), one.getString("body"))
            }
        } catch (error: JSONException) {
            Log.e(TAG, "it could not be told what the round brought", error)
        }
    }

    private fun show(context: Context, channel: String, id: Int, title: String, body: String) {
        // The text names no unit or person (`words.rs`); what a locked screen shows of it is the phone's own setting.
        val notification = NotificationCompat.Builder(context, channel)
            .setContentTitle(title)
            .setContentText(body)
            .setStyle(NotificationCompat.BigTextStyle().bigText(body))
            .setSmallIcon(R.drawable.background_sync_icon)
            .setContentIntent(opening(context))
            .setAutoCancel(true)
            .build()
        val notifications = context.getSystemService(Context.NOTIFICATION_SERVICE) as NotificationManager
        notifications.notify(id, notification)
    }

    /** A tap opens the app, which comes up with the inbox's badge. */
    private fun opening(context: Context): PendingIntent? {
        val intent = context.packageManager.getLaunchIntentForPackage(context.packageName) ?: return null
        return PendingIntent.getActivity(context, 0, intent, PendingIntent.FLAG_IMMUTABLE)
    }
}
