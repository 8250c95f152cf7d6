//! The release workflows are well formed, run what the project has, and name no secret in clear.

use serde_yaml_ng::Value;

use crate::source::{json, path, text};

const PLATFORMS: [(&str, &str); 4] = [
    ("android", "npx tauri android build "),
    ("ios", "npx tauri ios build "),
    ("linux", "npx tauri build "),
    ("windows", "npx tauri build "),
];

#[test]
fn each_platform_has_one_that_builds_it_and_keeps_what_it_made() {
    for (platform, build) in PLATFORMS {
        let at = format!(".github/workflows/release-{platform}.yml");
        let workflow: Value = serde_yaml_ng::from_str(&text(&at)).unwrap();
        assert_eq!(workflow["permissions"]["contents"], "read", "{at}");
        let steps = workflow["jobs"]["build"]["steps"].as_sequence().unwrap();
        let runs = |what: &str| steps.iter().any(|step| step["run"].as_str().is_some_and(|run| run.contains(what)));
        assert!(runs(build), "{at}");
        assert!(runs("npm install --no-save --no-audit --no-fund"), "{at}");
        let kept = steps
            .iter()
            .find(|step| step["uses"].as_str().is_some_and(|action| action.starts_with("actions/upload-artifact@")));
        assert_eq!(kept.unwrap()["with"]["if-no-files-found"], "error", "{at}");
        for step in steps {
            for (name, value) in step["env"].as_mapping().into_iter().flatten() {
                let (name, value) = (name.as_str().unwrap(), value.as_str().unwrap());
                assert!(value.starts_with("${{ "), "{at}: {name} stands there in clear");
            }
        }
    }
}

#[test]
fn where_the_lock_file_has_no_binary_of_the_cli_the_workflow_installs_that_of_the_clis_own_version() {
    let lock = json("package-lock.json");
    let version = json("package.json")["devDependencies"]["@tauri-apps/cli"].as_str().unwrap().to_owned();
    assert!(version.chars().all(|digit| digit.is_ascii_digit() || digit == '.'), "{version} names more than one");
    for (platform, binary) in [
        ("android", "@tauri-apps/cli-linux-x64-gnu"),
        ("ios", "@tauri-apps/cli-darwin-arm64"),
        ("linux", "@tauri-apps/cli-linux-x64-gnu"),
        ("windows", "@tauri-apps/cli-win32-x64-msvc"),
    ] {
        let is_locked = lock["packages"].get(format!("node_modules/{binary}")).is_some();
        let workflow = text(&format!(".github/workflows/release-{platform}.yml"));
        let installs = workflow.contains(&format!("npm install --no-save --no-audit --no-fund \"{binary}@$version\""));
        assert!(is_locked || installs, "{platform}: nothing brings {binary}");
    }
}

#[test]
fn gradle_gets_the_key_by_the_names_that_it_asks_for() {
    let workflow = text(".github/workflows/release-android.yml");
    let gradle = text("gen/android/app/build.gradle.kts");
    for name in ["GATEBOOK_KEYSTORE", "GATEBOOK_KEYSTORE_PASSWORD", "GATEBOOK_KEY_ALIAS", "GATEBOOK_KEY_PASSWORD"] {
        assert!(workflow.contains(&format!(" {name}: ${{{{ ")), "{name}");
        assert!(gradle.contains(&format!("environmentVariable(\"{name}\")")), "{name}");
    }
}

#[test]
fn the_ios_workflow_makes_the_project_from_our_description() {
    let workflow = text(".github/workflows/release-ios.yml");
    let made = workflow.split("xcodegen generate --spec ").nth(1).unwrap().lines().next().unwrap();
    assert!(path(made).exists(), "{made}");
}
