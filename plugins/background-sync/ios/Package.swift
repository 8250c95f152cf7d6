// swift-tools-version:5.5

import PackageDescription

let package = Package(
  name: "tauri-plugin-background-sync",
  platforms: [
    .macOS(.v10_13),
    .iOS(.v15),
  ],
  products: [
    .library(
      name: "tauri-plugin-background-sync",
      type: .static,
      targets: ["tauri-plugin-background-sync"])
  ],
  dependencies: [
    .package(name: "Tauri", path: "../.tauri/tauri-api")
  ],
  targets: [
    .target(
      name: "tauri-plugin-background-sync",
      dependencies: [
        .byName(name: "Tauri")
      ],
      path: "Sources",
      linkerSettings: [
        .linkedFramework("BackgroundTasks"),
        .linkedFramework("Network"),
        .linkedFramework("UserNotifications"),
      ])
  ]
)
