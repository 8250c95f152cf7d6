package app.gatebook.backgroundsync

import android.content.Context
import androidx.work.BackoffPolicy
import androidx.work.Constraints
import androidx.work.Data
import androidx.work.ExistingPeriodicWorkPolicy
import androidx.work.ExistingWorkPolicy
import androidx.work.NetworkType
import androidx.work.OneTimeWorkRequest
import androidx.work.OutOfQuotaPolicy
import androidx.work.PeriodicWorkRequest
import androidx.work.WorkManager
import java.util.concurrent.TimeUnit

/**
 * What the system is asked to run. WorkManager keeps it in a database of its own, so that it outlives the process, a
 * restart of the phone and an update of the app.
 */
internal object Schedule {
    private const val REGULARLY = "gatebook.sync.regularly"
    private const val SOON = "gatebook.sync.soon"
    private const val MINUTES = 15L
    private const val BACKOFF_SECONDS = 30L

    /** A round every quarter of an hour, the shortest there is, when there is a network. */
    fun regularly(context: Context, dataDir: String) {
        DataDir.keep(context, dataDir)
        val request = PeriodicWorkRequest.Builder(RoundWorker::class.java, MINUTES, TimeUnit.MINUTES)
            .setConstraints(connected())
            .setInputData(input(dataDir, isRegular = true))
            .build()
        // Updated in place, so that opening the app often does not push the next round away.
        WorkManager.getInstance(context)
            .enqueueUniquePeriodicWork(REGULARLY, ExistingPeriodicWorkPolicy.UPDATE, request)
    }

    /** A round as soon as there is a network: something was saved just before the app was left. */
    fun soon(context: Context, dataDir: String) {
        val request = OneTimeWorkRequest.Builder(RoundWorker::class.java)
            .setConstraints(connected())
            .setBackoffCriteria(BackoffPolicy.EXPONENTIAL, BACKOFF_SECONDS, TimeUnit.SECONDS)
            .setExpedited(OutOfQuotaPolicy.RUN_AS_NON_EXPEDITED_WORK_REQUEST)
            .setInputData(input(dataDir, isRegular = false))
            .build()
        // Instead of one that waits out a failure: there is news. A round cut by this is simply run again.
        WorkManager.getInstance(context).enqueueUniqueWork(SOON, ExistingWorkPolicy.REPLACE, request)
    }

    private fun connected(): Constraints =
        Constraints.Builder().setRequiredNetworkType(NetworkType.CONNECTED).build()

    private fun input(dataDir: String, isRegular: Boolean): Data =
        Data.Builder()
            .putString(RoundWorker.DATA_DIR, dataDir)
            .putBoolean(RoundWorker.IS_REGULAR, isRegular)
            .build()
}
