package app.gatebook.field

// What Tauri and the Android build make for the app.
abstract class TauriActivity : androidx.appcompat.app.AppCompatActivity() {
    override fun onCreate(savedInstanceState: android.os.Bundle?) {}
    override fun onPointerCaptureChanged(p0: Boolean) {}
}

object R {
    object string {
        const val inbox_channel_name = 1
        const val inbox_channel_description = 2
        const val photos_channel_name = 3
        const val photos_channel_description = 4
    }
}
