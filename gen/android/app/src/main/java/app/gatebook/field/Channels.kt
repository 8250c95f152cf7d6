package app.gatebook.field

import android.app.NotificationChannel
import android.app.NotificationManager
import android.content.Context
import android.os.Build

/** The kinds of notification that a person can switch off one by one in the system's settings. */
object Channels {
    /** A conflict or rejection that arrived in the background. */
    const val INBOX = "inbox"

    /** Creating one that is there already changes nothing, so this runs at every start. */
    fun create(context: Context) {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.O) return
        val name = context.getString(R.string.inbox_channel_name)
        val channel = NotificationChannel(INBOX, name, NotificationManager.IMPORTANCE_DEFAULT)
        channel.description = context.getString(R.string.inbox_channel_description)
        val notifications = context.getSystemService(Context.NOTIFICATION_SERVICE) as NotificationManager
        notifications.createNotificationChannel(channel)
    }
}
