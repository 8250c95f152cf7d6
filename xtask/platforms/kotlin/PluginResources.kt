package app.gatebook.backgroundsync

// What the Android build makes of the plugin's resources.
object R {
    object string {
        const val background_sync_channel = 1
        const val background_sync_title = 2
    }
    object drawable {
        const val background_sync_icon = 3
    }
}
