#!/bin/bash
# Unpacks arm64 C headers into $KIT/arm64, so that the C parts of Rust crates get through clang for a type check. They
# are glibc's, not Android's: what is compiled with them is thrown away.
set -euo pipefail
mkdir -p "$KIT/arm64/debs"
cd "$KIT/arm64/debs"
apt-get download -o APT::Sandbox::User=root libc6-dev-arm64-cross linux-libc-dev-arm64-cross \
  libstdc++-12-dev-arm64-cross >/dev/null
for deb in *.deb; do dpkg -x "$deb" ..; done
rm -f ./*.deb
touch "$KIT/arm64/complete"
