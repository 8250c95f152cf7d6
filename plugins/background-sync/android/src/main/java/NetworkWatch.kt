package app.gatebook.backgroundsync

import android.content.Context
import android.net.ConnectivityManager
import android.net.Network
import android.net.NetworkCapabilities

/**
 * Tells when the network that apps use by default comes, is replaced, turns out to reach the internet, or begins or ceases
 * to cost; and whether its bytes are free.
 */
internal class NetworkWatch(context: Context, private val changed: (Boolean) -> Unit) :
    ConnectivityManager.NetworkCallback() {
    private val system = context.getSystemService(Context.CONNECTIVITY_SERVICE) as ConnectivityManager
    private var current: Network? = null
    private var validated = false
    private var unmetered = false

    fun start() = system.registerDefaultNetworkCallback(this)

    fun stop() = system.unregisterNetworkCallback(this)

    override fun onAvailable(network: Network) {
        val isNew = network != current
        current = network
        if (isNew) {
            validated = false
            // What it costs is told next; until then it is taken to cost.
            unmetered = false
            changed(false)
        }
    }

    override fun onCapabilitiesChanged(network: Network, networkCapabilities: NetworkCapabilities) {
        val now = networkCapabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_VALIDATED)
        val free = networkCapabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_METERED)
        val isNews = (now && !validated) || free != unmetered
        validated = now
        unmetered = free
        // Signal strength and the like change all the time and are no news.
        if (isNews) changed(free)
    }

    override fun onLost(network: Network) {
        if (network == current) {
            current = null
            validated = false
            unmetered = false
        }
    }

    companion object {
        /** Whether the bytes of the network that apps use now are free, for a process that was told nothing. */
        fun isUnmetered(context: Context): Boolean {
            val system = context.getSystemService(Context.CONNECTIVITY_SERVICE) as ConnectivityManager
            return !system.isActiveNetworkMetered
        }
    }
}
