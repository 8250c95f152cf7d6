package app.gatebook.backgroundsync

import android.content.Context
import android.net.ConnectivityManager
import android.net.Network
import android.net.NetworkCapabilities

/** Tells when the network that apps use by default comes, is replaced, or turns out to reach the internet. */
internal class NetworkWatch(context: Context, private val changed: () -> Unit) : ConnectivityManager.NetworkCallback() {
    private val system = context.getSystemService(Context.CONNECTIVITY_SERVICE) as ConnectivityManager
    private var current: Network? = null
    private var validated = false

    fun start() = system.registerDefaultNetworkCallback(this)

    fun stop() = system.unregisterNetworkCallback(this)

    override fun onAvailable(network: Network) {
        val isNew = network != current
        current = network
        if (isNew) {
            validated = false
            changed()
        }
    }

    override fun onCapabilitiesChanged(network: Network, networkCapabilities: NetworkCapabilities) {
        val now = networkCapabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_VALIDATED)
        val became = now && !validated
        validated = now
        // Signal strength and the like change all the time and are no news.
        if (became) changed()
    }

    override fun onLost(network: Network) {
        if (network == current) {
            current = null
            validated = false
        }
    }
}
