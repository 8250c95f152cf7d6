package app.gatebook.field

import android.os.Bundle
import androidx.activity.enableEdgeToEdge

class MainActivity : TauriActivity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        enableEdgeToEdge()
        Channels.create(this)
        super.onCreate(savedInstanceState)
    }
}
