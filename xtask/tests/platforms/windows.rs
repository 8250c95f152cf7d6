//! The Windows installers, as tauri.conf.json describes them.

use crate::source::config;

#[test]
fn a_kiosk_is_installed_for_everybody_and_brings_webview2_along() {
    let windows = &config()["bundle"]["windows"];
    assert_eq!(windows["nsis"]["installMode"], "perMachine");
    assert_eq!(windows["webviewInstallMode"]["type"], "embedBootstrapper");
    // Updating in place needs the same code in every version; without it each MSI would be another product.
    let upgrade = windows["wix"]["upgradeCode"].as_str().unwrap();
    assert_eq!(upgrade.len(), 36);
    assert_eq!(windows["allowDowngrades"], false);
}
