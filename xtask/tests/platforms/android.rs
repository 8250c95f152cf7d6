//! gen/android and the plugin's Kotlin part.

use std::collections::BTreeSet;

use roxmltree::{Document, Node};

use crate::source::{between, config, identifier, path, text};

const APP: &str = "gen/android/app/src/main";
const PLUGIN: &str = "plugins/background-sync/android";
const ANDROID: &str = "http://schemas.android.com/apk/res/android";

fn attribute<'document>(node: Node<'document, '_>, name: &str) -> Option<&'document str> {
    node.attribute((ANDROID, name))
}

/// The permissions of a manifest, each of which must have the reason right above it.
fn permissions(at: &str) -> BTreeSet<String> {
    let manifest = text(at);
    let document = Document::parse(&manifest).unwrap();
    let asked = document.descendants().filter(|node| node.has_tag_name("uses-permission"));
    asked
        .map(|node| {
            let name = attribute(node, "name").unwrap().to_owned();
            let above = node.prev_siblings().skip(1).find(|node| !node.is_text());
            let reason = above.filter(Node::is_comment).and_then(|comment| comment.text());
            assert!(reason.is_some_and(|reason| reason.trim().len() > 20), "{at}: {name} has no reason");
            name.trim_start_matches("android.permission.").to_owned()
        })
        .collect()
}

#[test]
fn identifier_and_versions_are_those_of_the_app() {
    let gradle = text("gen/android/app/build.gradle.kts");
    let identifier = identifier();
    let config = config();
    let version = config["version"].as_str().unwrap();
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    let code = parts[0] * 1_000_000 + parts[1] * 1_000 + parts[2];
    for line in [
        format!("namespace = \"{identifier}\""),
        format!("applicationId = \"{identifier}\""),
        format!("minSdk = {}\n", config["bundle"]["android"]["minSdkVersion"]),
        format!("\"tauri.android.versionName\", \"{version}\""),
        format!("\"tauri.android.versionCode\", \"{code}\""),
    ] {
        assert!(gradle.contains(&line), "{line}");
    }
    let package = identifier.replace('.', "/");
    for class in ["MainActivity", "Channels"] {
        let source = text(&format!("{APP}/java/{package}/{class}.kt"));
        assert!(source.starts_with(&format!("package {identifier}\n")), "{class}");
    }
}

#[test]
fn plugin_and_app_are_built_for_the_same_systems() {
    let (app, plugin) = (text("gen/android/app/build.gradle.kts"), text(&format!("{PLUGIN}/build.gradle.kts")));
    for setting in ["compileSdk = ", "minSdk = "] {
        assert_eq!(between(&app, setting, "\n"), between(&plugin, setting, "\n"), "{setting}");
    }
}

#[test]
fn the_app_asks_for_these_permissions_and_gives_a_reason_for_each() {
    let app = permissions(&format!("{APP}/AndroidManifest.xml"));
    let wanted =
        ["ACCESS_NETWORK_STATE", "CAMERA", "INTERNET", "POST_NOTIFICATIONS", "RECEIVE_BOOT_COMPLETED", "WAKE_LOCK"];
    assert_eq!(app, wanted.map(str::to_owned).into());
    let of_plugin = permissions(&format!("{PLUGIN}/src/main/AndroidManifest.xml"));
    let only_of_plugin: Vec<_> = of_plugin.difference(&app).map(String::as_str).collect();
    assert_eq!(only_of_plugin, ["FOREGROUND_SERVICE"]);
}

#[test]
fn whatever_the_manifest_points_at_is_there() {
    let manifest = text(&format!("{APP}/AndroidManifest.xml"));
    let strings = text(&format!("{APP}/res/values/strings.xml"));
    let themes = text(&format!("{APP}/res/values/themes.xml"));
    let document = Document::parse(&manifest).unwrap();
    let values = document.descendants().flat_map(|node| node.attributes().map(|attribute| attribute.value()));
    let references: Vec<_> = values.filter_map(|value| value.strip_prefix('@')).collect();
    assert!(references.len() >= 6);
    for reference in references {
        let (kind, name) = reference.split_once('/').unwrap();
        let is_there = match kind {
            "xml" => path(&format!("{APP}/res/xml/{name}.xml")).exists(),
            "mipmap" => ["mdpi", "hdpi", "xhdpi", "xxhdpi", "xxxhdpi"]
                .iter()
                .all(|density| path(&format!("{APP}/res/mipmap-{density}/{name}.png")).exists()),
            "string" => strings.contains(&format!("name=\"{name}\"")),
            "style" => themes.contains(&format!("name=\"{name}\"")),
            _ => false,
        };
        assert!(is_there, "@{reference}");
    }
}

#[test]
fn nothing_of_the_apps_data_is_backed_up_or_moved_to_another_phone() {
    let manifest = text(&format!("{APP}/AndroidManifest.xml"));
    assert!(manifest.contains("android:allowBackup=\"false\""));
    let everything: BTreeSet<_> = ["root", "file", "database", "sharedpref", "external"].into();
    for (rules, parts) in [
        ("backup_rules", &["full-backup-content"][..]),
        ("data_extraction_rules", &["cloud-backup", "device-transfer"]),
    ] {
        let xml = text(&format!("{APP}/res/xml/{rules}.xml"));
        let document = Document::parse(&xml).unwrap();
        for part in parts {
            let part = document.descendants().find(|node| node.has_tag_name(*part)).unwrap();
            assert!(part.children().filter(Node::is_element).all(|rule| rule.has_tag_name("exclude")));
            let excluded: BTreeSet<_> = part
                .children()
                .filter(|rule| rule.attribute("path") == Some("."))
                .filter_map(|rule| rule.attribute("domain"))
                .collect();
            assert_eq!(excluded, everything, "{rules}");
        }
    }
}

#[test]
fn only_debug_builds_may_speak_without_tls() {
    let permits = |at: &str| {
        let xml = text(at);
        let document = Document::parse(&xml).unwrap();
        let permitted = document
            .descendants()
            .filter_map(|node| node.attribute("cleartextTrafficPermitted"))
            .collect::<Vec<_>>()
            .join(" ");
        assert!(!document.descendants().any(|node| node.has_tag_name("domain-config")), "{at}");
        permitted
    };
    assert_eq!(permits(&format!("{APP}/res/xml/network_security_config.xml")), "false");
    assert_eq!(permits("gen/android/app/src/debug/res/xml/network_security_config.xml"), "true");
}

#[test]
fn a_release_takes_its_key_from_the_environment_and_none_lies_here() {
    let gradle = text("gen/android/app/build.gradle.kts");
    for line in gradle.lines().filter(|line| line.contains("Password = ") || line.contains("keyAlias = ")) {
        assert!(line.contains("environmentVariable(\"GATEBOOK_"), "{line}");
    }
    assert!(gradle.contains("environmentVariable(\"GATEBOOK_KEYSTORE\")"));
    for file in std::fs::read_dir(path("gen/android/app")).unwrap() {
        let file = file.unwrap().path();
        let is_key = file.extension().is_some_and(|ending| ending == "jks" || ending == "keystore");
        assert!(!is_key, "{}", file.display());
    }
}

#[test]
fn kotlin_finds_each_of_rusts_functions_by_its_name() {
    let kotlin = text(&format!("{PLUGIN}/src/main/java/Rounds.kt"));
    let rust = text("plugins/background-sync/src/android.rs");
    let package = between(&kotlin, "package ", "\n")[0];
    let called: BTreeSet<_> = between(&kotlin, "external fun ", "(")
        .into_iter()
        .map(|name| format!("Java_{}_Rounds_{name}", package.replace('.', "_")))
        .collect();
    let offered: BTreeSet<_> = between(&rust, "extern \"system\" fn ", "<").into_iter().map(str::to_owned).collect();
    assert_eq!(called, offered);
    assert_eq!(called.len(), 4);
    let keep = text(&format!("{PLUGIN}/consumer-rules.pro"));
    assert!(keep.contains(&format!("-keep class {package}.Rounds ")));
    assert!(keep.contains(&format!("-keep class {package}.RoundWorker ")));
    let loads = text("plugins/background-sync/src/mobile.rs");
    assert!(loads.contains(&format!("register_android_plugin(\"{package}\", \"BackgroundSyncPlugin\")")));
}

#[test]
fn a_round_with_no_app_open_shows_its_notifications_on_channels_that_the_app_makes() {
    let app = text(&format!("{APP}/java/{}/Channels.kt", identifier().replace('.', "/")));
    let plugin = text(&format!("{PLUGIN}/src/main/java/Notifications.kt"));
    let strings = text(&format!("{APP}/res/values/strings.xml"));
    for (name, channel) in [("INBOX", "inbox"), ("PHOTOS", "photos")] {
        assert!(app.contains(&format!("const val {name} = \"{channel}\"\n")), "{channel}");
        assert!(app.contains(&format!("create(context, {name}, ")), "{channel}");
        assert!(plugin.contains(&format!("const val {name} = \"{channel}\"\n")), "{channel}");
        for part in ["name", "description"] {
            assert!(strings.contains(&format!("name=\"{channel}_channel_{part}\"")), "{channel}");
        }
    }
}

#[test]
fn kotlin_has_each_command_that_rust_calls() {
    let rust = text("plugins/background-sync/src/mobile.rs");
    let kotlin = text(&format!("{PLUGIN}/src/main/java/BackgroundSyncPlugin.kt"));
    let swift = text("plugins/background-sync/ios/Sources/BackgroundSyncPlugin.swift");
    let called = between(&rust, "run_mobile_plugin(\"", "\"");
    assert_eq!(called, ["start", "notePending", "state"]);
    for command in called {
        assert!(kotlin.contains(&format!("@Command\n    fun {command}(invoke: Invoke)")), "Kotlin: {command}");
        assert!(swift.contains(&format!("@objc public func {command}(_ invoke: Invoke)")), "Swift: {command}");
    }
}
