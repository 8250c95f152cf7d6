import java.util.Properties
import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    id("com.android.application")
    id("org.jetbrains.kotlin.android")
    id("rust")
}

// Written by the Tauri CLI from tauri.conf.json at each build; the figures below are only for opening the project first.
val tauriProperties = Properties().apply {
    val propFile = file("tauri.properties")
    if (propFile.exists()) {
        propFile.inputStream().use { load(it) }
    }
}

// A release is signed with the key that the environment names; without one it stays unsigned.
val keystore: String? = providers.environmentVariable("GATEBOOK_KEYSTORE").orNull

android {
    compileSdk = 37
    namespace = "app.gatebook.field"
    defaultConfig {
        manifestPlaceholders["usesCleartextTraffic"] = "false"
        applicationId = "app.gatebook.field"
        minSdk = 24
        targetSdk = 37
        versionCode = tauriProperties.getProperty("tauri.android.versionCode", "1000").toInt()
        versionName = tauriProperties.getProperty("tauri.android.versionName", "0.1.0")
    }
    signingConfigs {
        if (keystore != null) {
            create("release") {
                storeFile = file(keystore)
                storePassword = providers.environmentVariable("GATEBOOK_KEYSTORE_PASSWORD").orNull
                keyAlias = providers.environmentVariable("GATEBOOK_KEY_ALIAS").orNull
                keyPassword = providers.environmentVariable("GATEBOOK_KEY_PASSWORD").orNull
            }
        }
    }
    buildTypes {
        getByName("debug") {
            manifestPlaceholders["usesCleartextTraffic"] = "true"
            isDebuggable = true
            isJniDebuggable = true
            isMinifyEnabled = false
            packaging {
                jniLibs.keepDebugSymbols.add("*/arm64-v8a/*.so")
                jniLibs.keepDebugSymbols.add("*/armeabi-v7a/*.so")
                jniLibs.keepDebugSymbols.add("*/x86/*.so")
                jniLibs.keepDebugSymbols.add("*/x86_64/*.so")
            }
        }
        getByName("release") {
            signingConfig = signingConfigs.findByName("release")
            optimization {
                enable = true
            }
            proguardFiles(
                *fileTree(".") {
                  include("**/*.pro")
                  exclude("build/**")
                }.files.toTypedArray()
            )
        }
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }
    buildFeatures {
        buildConfig = true
    }
}

kotlin {
    compilerOptions {
        jvmTarget = JvmTarget.JVM_1_8
    }
}

rust {
    rootDirRel = "../../../"
}

// Rust checks certificates by the system's verifier, through a small Kotlin part of the very version that Cargo.lock
// names. See https://docs.rs/rustls-platform-verifier, "Android".
val verifierVersion = providers.fileContents(layout.projectDirectory.file("../../../Cargo.lock")).asText.map { lock ->
    Regex("name = \"rustls-platform-verifier-android\"\\r?\\nversion = \"([^\"]+)\"").find(lock)?.groupValues?.get(1)
        ?: error("Cargo.lock has no rustls-platform-verifier-android")
}

dependencies {
    implementation("org.rustls:rustls-platform-verifier:${verifierVersion.get()}")
    implementation("androidx.webkit:webkit:1.14.0")
    implementation("androidx.appcompat:appcompat:1.7.1")
    implementation("androidx.activity:activity-ktx:1.10.1")
    implementation("com.google.android.material:material:1.12.0")
    implementation("androidx.lifecycle:lifecycle-process:2.10.0")
}

apply(from = file("tauri.build.gradle.kts"))
