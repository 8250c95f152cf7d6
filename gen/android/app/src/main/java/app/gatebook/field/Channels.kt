package app.gatebook.field

import android.app.NotificationChannel
import android.app.NotificationManager
import android.content.Context
import android.os.Build

/** The kinds of notification that a person can switch off one by one in the system's settings. */
object Channels {
    /** A conflict or rejection that arrived in the background. */
    const val INBOX = "inbox"

    /** Photos that have not been sent for long. */
    const val PHOTOS = "photos"

    /** Creating one that is there already changes nothing, so this runs at every start. */
    fun create(context: Context) {
        create(context, INBOX, R.string.inbox_channel_name, R.string.inbox_channel_description)
        create(context, PHOTOS, R.string.photos_channel_name, R.string.photos_channel_description)
    }

    private fun create(context: Context, id: String, name: Int, description: Int) {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.O) return
        val channel = NotificationChannel(id, context.getString(name), NotificationManager.IMPORTANCE_DEFAULT)
        channel.description = context.getString(description)
        val notifications = context.getSystemService(Context.NOTIFICATION_SERVICE) as NotificationManager
        notifications.createNotificationChannel(channel)
    }
}
