//! gen/apple and the plugin's Swift part.

use std::collections::BTreeSet;

use plist::{Dictionary, Value};
use serde_yaml_ng::Value as Yaml;

use crate::source::{between, config, identifier, json, path, text};

const APP: &str = "gen/apple/gatebook_iOS";
const SWIFT: &str = "plugins/background-sync/ios/Sources";

fn plist(at: &str) -> Dictionary {
    Value::from_file(path(at)).unwrap_or_else(|error| panic!("{at}: {error}")).into_dictionary().unwrap()
}

fn project() -> Yaml {
    serde_yaml_ng::from_str(&text("gen/apple/project.yml")).unwrap()
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|value| value.as_string().unwrap()).collect()
}

fn dictionaries(value: &Value) -> Vec<&Dictionary> {
    value.as_array().unwrap().iter().map(|value| value.as_dictionary().unwrap()).collect()
}

/// The same value, written in YAML.
fn as_plist(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Bool(value) => Value::Boolean(*value),
        Yaml::String(value) => Value::String(value.clone()),
        Yaml::Sequence(values) => Value::Array(values.iter().map(as_plist).collect()),
        other => panic!("not expected in a property list: {other:?}"),
    }
}

#[test]
fn identifier_version_and_system_are_those_of_the_app() {
    let project = project();
    let config = config();
    let app = &project["settingGroups"]["app"]["base"];
    assert_eq!(app["PRODUCT_BUNDLE_IDENTIFIER"], identifier().as_str());
    assert_eq!(app["PRODUCT_NAME"], config["productName"].as_str().unwrap());
    let system = project["options"]["deploymentTarget"]["iOS"].as_f64().unwrap();
    assert_eq!(format!("{system:.1}"), config["bundle"]["iOS"]["minimumSystemVersion"].as_str().unwrap());
    let info = plist(&format!("{APP}/Info.plist"));
    for key in ["CFBundleShortVersionString", "CFBundleVersion"] {
        assert_eq!(info[key].as_string(), config["version"].as_str(), "{key}");
    }
    let package = text("plugins/background-sync/ios/Package.swift");
    assert!(package.contains(&format!(".iOS(.v{system})")));
}

#[test]
fn the_property_lists_are_what_xcodegen_would_make_them() {
    let project = project();
    let target = &project["targets"]["gatebook_iOS"];
    for (part, fixed) in [("info", "CFBundle"), ("entitlements", "")] {
        let made = plist(&format!("gen/apple/{}", target[part]["path"].as_str().unwrap()));
        let asked = target[part]["properties"].as_mapping().unwrap();
        for (key, value) in asked {
            let key = key.as_str().unwrap();
            assert_eq!(made.get(key), Some(&as_plist(value)), "{part}: {key}");
        }
        let ours = made.keys().filter(|key| fixed.is_empty() || !key.starts_with(fixed)).collect::<BTreeSet<_>>();
        let asked: BTreeSet<_> = asked.keys().map(|key| key.as_str().unwrap().to_owned()).collect();
        assert!(ours.into_iter().all(|key| asked.contains(key)), "{part}: a key that project.yml does not have");
    }
}

#[test]
fn the_system_may_run_just_the_tasks_that_swift_registers() {
    let info = plist(&format!("{APP}/Info.plist"));
    let permitted: BTreeSet<_> = strings(&info["BGTaskSchedulerPermittedIdentifiers"]).into_iter().collect();
    let swift = text(&format!("{SWIFT}/Tasks.swift"));
    let registered: BTreeSet<_> =
        ["refresh", "processing"].map(|name| between(&swift, &format!("static let {name} = \""), "\"")[0]).into();
    assert_eq!(permitted, registered);
    let identifier = identifier();
    assert!(permitted.iter().all(|task| task.starts_with(&format!("{identifier}."))));
    assert_eq!(strings(&info["UIBackgroundModes"]), ["fetch", "processing"]);
}

#[test]
fn whatever_a_person_is_asked_for_has_a_sentence_that_says_why() {
    let info = plist(&format!("{APP}/Info.plist"));
    let texts: Vec<_> = info.iter().filter(|(key, _)| key.ends_with("UsageDescription")).collect();
    assert!(texts.len() >= 3);
    for (key, value) in texts {
        let sentence = value.as_string().unwrap();
        assert!(sentence.starts_with("Gatebook ") && sentence.ends_with('.'), "{key}: {sentence}");
    }
}

#[test]
fn the_privacy_manifest_is_part_of_the_app_tracks_nobody_and_gives_reasons() {
    let project = project();
    let sources = project["targets"]["gatebook_iOS"]["sources"].as_sequence().unwrap();
    assert!(sources.iter().any(|source| {
        source["path"] == "gatebook_iOS/PrivacyInfo.xcprivacy" && source["buildPhase"] == "resources"
    }));
    let privacy = plist(&format!("{APP}/PrivacyInfo.xcprivacy"));
    assert_eq!(privacy["NSPrivacyTracking"], Value::Boolean(false));
    assert!(privacy["NSPrivacyTrackingDomains"].as_array().unwrap().is_empty());
    let used = dictionaries(&privacy["NSPrivacyAccessedAPITypes"]);
    let reasons = |api: &str| {
        let kind = format!("NSPrivacyAccessedAPICategory{api}");
        let of_kind = used.iter().find(|used| used["NSPrivacyAccessedAPIType"].as_string() == Some(&kind));
        strings(&of_kind.unwrap_or_else(|| panic!("{api} is used"))["NSPrivacyAccessedAPITypeReasons"])
    };
    // Whatever uses one of these, in Swift or in Rust, and the reasons for which the app does.
    for (at, calls, api, because) in [
        (format!("{SWIFT}/Rounds.swift"), "UserDefaults.standard", "UserDefaults", &["CA92.1"][..]),
        ("crates/client/src/photos/mod.rs".to_owned(), "fs4::available_space", "DiskSpace", &["E174.1", "85F4.1"]),
        ("crates/client/src/background.rs".to_owned(), "Instant::now", "SystemBootTime", &["35F9.1"]),
    ] {
        assert!(text(&at).contains(calls), "{at} calls {calls} no longer");
        assert_eq!(reasons(api), because, "{api}");
    }
    assert_eq!(reasons("FileTimestamp"), ["C617.1"]);
    // Free space is shown to the person, for which there is a reason of its own.
    assert!(text("ui/field/pages/Storage.svelte").contains("view.free_bytes"));
}

#[test]
fn what_goes_to_the_organisations_server_is_declared_as_linked_and_for_the_apps_own_work() {
    let privacy = plist(&format!("{APP}/PrivacyInfo.xcprivacy"));
    let mut declared = BTreeSet::new();
    for data in dictionaries(&privacy["NSPrivacyCollectedDataTypes"]) {
        let kind = data["NSPrivacyCollectedDataType"].as_string().unwrap();
        assert_eq!(data["NSPrivacyCollectedDataTypeLinked"], Value::Boolean(true), "{kind}");
        assert_eq!(data["NSPrivacyCollectedDataTypeTracking"], Value::Boolean(false), "{kind}");
        let purposes = strings(&data["NSPrivacyCollectedDataTypePurposes"]);
        assert_eq!(purposes, ["NSPrivacyCollectedDataTypePurposeAppFunctionality"], "{kind}");
        assert!(declared.insert(kind.trim_start_matches("NSPrivacyCollectedDataType")), "{kind} stands there twice");
    }
    assert_eq!(declared, ["DeviceID", "Name", "OtherUserContent", "PhotosorVideos", "PreciseLocation"].into());
    // Photos keep the place that the camera wrote into them.
    assert!(text("crates/client/src/photos/develop/facts.rs").contains("Tag::GPSLatitude,"));
}

#[test]
fn every_icon_that_the_catalog_names_is_there() {
    const CATALOG: &str = "gen/apple/Assets.xcassets/AppIcon.appiconset";
    let contents = json(&format!("{CATALOG}/Contents.json"));
    let named: BTreeSet<_> =
        contents["images"].as_array().unwrap().iter().map(|image| image["filename"].as_str().unwrap()).collect();
    assert!(named.len() >= 18);
    for name in named {
        assert!(path(&format!("{CATALOG}/{name}")).exists(), "{name}");
    }
}

#[test]
fn swift_rust_and_main_find_each_others_functions_by_name() {
    let swift: String = ["Rounds", "Tasks", "Notifications", "BackgroundSyncPlugin"]
        .map(|name| text(&format!("{SWIFT}/{name}.swift")))
        .concat();
    let rust = text("plugins/background-sync/src/ios.rs");
    let rust = rust.split("#[cfg(test)]").next().unwrap();
    let called: BTreeSet<_> = between(&swift, "@_silgen_name(\"", "\"").into_iter().collect();
    let offered: BTreeSet<_> = between(rust, "extern \"C\" fn ", "(").into_iter().collect();
    assert_eq!(called, offered);

    let offered: BTreeSet<_> = between(&swift, "@_cdecl(\"", "\"").into_iter().collect();
    assert_eq!(offered, ["gatebook_background_register", "init_plugin_background_sync"].into());
    assert!(text("plugins/background-sync/src/mobile.rs").contains("ios_plugin_binding!(init_plugin_background_sync)"));
    let main = text("gen/apple/Sources/gatebook/main.mm");
    let (register, start) = (main.find("gatebook_background_register()"), main.find("start_app()"));
    assert!(register.is_some() && register < start, "tasks are registered before the app starts");
}
