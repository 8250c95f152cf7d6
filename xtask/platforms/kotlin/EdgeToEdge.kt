@file:Suppress("UNUSED_PARAMETER", "unused")

package androidx.activity

fun ComponentActivity.enableEdgeToEdge() {}
