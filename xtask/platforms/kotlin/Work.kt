@file:Suppress("UNUSED_PARAMETER", "unused")

// Signatures of WorkManager as far as the plugin uses it; for a compile check only.
package androidx.work

import android.app.Notification
import android.content.Context
import java.util.concurrent.TimeUnit

abstract class ListenableWorker(val applicationContext: Context, parameters: WorkerParameters) {
    val inputData: Data get() = throw NotImplementedError()
    val isStopped: Boolean get() = false
    val runAttemptCount: Int get() = 0
    open fun onStopped() {}
    open fun getForegroundInfo(): ForegroundInfo = throw NotImplementedError()

    abstract class Result {
        companion object {
            @JvmStatic fun success(): Result = throw NotImplementedError()
            @JvmStatic fun retry(): Result = throw NotImplementedError()
            @JvmStatic fun failure(): Result = throw NotImplementedError()
        }
    }
}

abstract class Worker(context: Context, parameters: WorkerParameters) : ListenableWorker(context, parameters) {
    abstract fun doWork(): Result
}

class WorkerParameters private constructor()

class ForegroundInfo(notificationId: Int, notification: Notification)

class Data private constructor() {
    fun getString(key: String): String? = null
    fun getBoolean(key: String, defaultValue: Boolean): Boolean = defaultValue

    class Builder {
        fun putString(key: String, value: String?): Builder = this
        fun putBoolean(key: String, value: Boolean): Builder = this
        fun build(): Data = throw NotImplementedError()
    }
}

enum class NetworkType { NOT_REQUIRED, CONNECTED, UNMETERED, NOT_ROAMING, METERED }

enum class BackoffPolicy { EXPONENTIAL, LINEAR }

enum class OutOfQuotaPolicy { RUN_AS_NON_EXPEDITED_WORK_REQUEST, DROP_WORK_REQUEST }

enum class ExistingWorkPolicy { REPLACE, KEEP, APPEND, APPEND_OR_REPLACE }

enum class ExistingPeriodicWorkPolicy { KEEP, UPDATE, CANCEL_AND_REENQUEUE }

class Constraints private constructor() {
    class Builder {
        fun setRequiredNetworkType(networkType: NetworkType): Builder = this
        fun build(): Constraints = throw NotImplementedError()
    }
}

abstract class WorkRequest {
    abstract class Builder<B : Builder<B, *>, W : WorkRequest> {
        fun setConstraints(constraints: Constraints): B = throw NotImplementedError()
        fun setBackoffCriteria(backoffPolicy: BackoffPolicy, backoffDelay: Long, timeUnit: TimeUnit): B =
            throw NotImplementedError()
        fun setExpedited(policy: OutOfQuotaPolicy): B = throw NotImplementedError()
        fun setInputData(inputData: Data): B = throw NotImplementedError()
        fun build(): W = throw NotImplementedError()
    }
}

class OneTimeWorkRequest private constructor() : WorkRequest() {
    class Builder(workerClass: Class<out ListenableWorker>) : WorkRequest.Builder<Builder, OneTimeWorkRequest>()
}

class PeriodicWorkRequest private constructor() : WorkRequest() {
    class Builder(workerClass: Class<out ListenableWorker>, repeatInterval: Long, repeatIntervalTimeUnit: TimeUnit) :
        WorkRequest.Builder<Builder, PeriodicWorkRequest>()
}

interface Operation

abstract class WorkManager {
    abstract fun enqueueUniqueWork(
        uniqueWorkName: String,
        existingWorkPolicy: ExistingWorkPolicy,
        request: OneTimeWorkRequest,
    ): Operation

    abstract fun enqueueUniquePeriodicWork(
        uniqueWorkName: String,
        existingPeriodicWorkPolicy: ExistingPeriodicWorkPolicy,
        request: PeriodicWorkRequest,
    ): Operation

    companion object {
        @JvmStatic fun getInstance(context: Context): WorkManager = throw NotImplementedError()
    }
}
