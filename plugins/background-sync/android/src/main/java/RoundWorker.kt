package app.gatebook.backgroundsync

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.content.Context
import android.os.Build
import android.util.Log
import androidx.core.app.NotificationCompat
import androidx.work.ForegroundInfo
import androidx.work.Worker
import androidx.work.WorkerParameters

/** One round, begun by the system, perhaps in a process of its own making. */
class RoundWorker(context: Context, parameters: WorkerParameters) : Worker(context, parameters) {
    override fun doWork(): Result {
        val dataDir = inputData.getString(DATA_DIR) ?: return Result.success()
        val outcome = try {
            Rounds.prepare(applicationContext)
            // Stopped before it began: what is to stop a round would find none.
            if (isStopped) Rounds.RETRY else run(dataDir)
        } catch (error: RuntimeException) {
            Log.e(TAG, "the round failed in an unforeseen way", error)
            Rounds.RETRY
        }
        LastRound.keep(applicationContext, outcome)
        Notifications.show(applicationContext, dataDir)
        return if (outcome == Rounds.RETRY && isWorthRepeating()) Result.retry() else Result.success()
    }

    private fun run(dataDir: String): Int {
        val unmetered = NetworkWatch.isUnmetered(applicationContext)
        return Rounds.run(dataDir, SECONDS, unmetered, BatterySaver.isOn(applicationContext))
    }

    /**
     * The system spaces out what asks to be repeated, up to five hours, and regular work with it: that never asks. What is
     * asked for once does so for some minutes, after which the regular round goes on with it.
     */
    private fun isWorthRepeating(): Boolean = !inputData.getBoolean(IS_REGULAR, false) && runAttemptCount < REPEATS

    /** The conditions are no longer met, or the time is up. */
    override fun onStopped() {
        Rounds.stop()
    }

    /** Up to Android 11 urgent work shows itself. */
    override fun getForegroundInfo(): ForegroundInfo = ForegroundInfo(NOTIFICATION, notification())

    private fun notification(): Notification {
        val context = applicationContext
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.O) {
            val name = context.getString(R.string.background_sync_channel)
            val channel = NotificationChannel(CHANNEL, name, NotificationManager.IMPORTANCE_MIN)
            val notifications = context.getSystemService(Context.NOTIFICATION_SERVICE) as NotificationManager
            notifications.createNotificationChannel(channel)
        }
        return NotificationCompat.Builder(context, CHANNEL)
            .setContentTitle(context.getString(R.string.background_sync_title))
            .setSmallIcon(R.drawable.background_sync_icon)
            .setOngoing(true)
            .build()
    }

    companion object {
        const val DATA_DIR = "data_dir"
        const val IS_REGULAR = "is_regular"

        /** With the backoff of `Schedule`, over seven and a half minutes. */
        private const val REPEATS = 4
        private const val TAG = "GatebookSync"
        private const val CHANNEL = "sync"
        private const val NOTIFICATION = 7480

        /** Below the ten minutes after which the system stops a worker. */
        private const val SECONDS = 9.0 * 60.0
    }
}
