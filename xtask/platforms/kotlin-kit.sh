#!/bin/bash
# Unpacks into $KIT/kotlin, installing nothing: the Kotlin compiler (npm), signatures of Android's API and of androidx
# (type stubs from PyPI, turned into a jar of empty classes) and Jackson (Debian).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kit=$KIT/kotlin
mkdir -p "$kit"/{whl,pyi,debs}
cd "$kit"
if [ ! -x kotlinc/bin/kotlinc ]; then
  npm pack --silent kotlin-compiler@2.4.20 >/dev/null
  tar xzf kotlin-compiler-2.4.20.tgz
  mv package kotlinc
  rm kotlin-compiler-2.4.20.tgz
fi
stubs=chaquopy-stubs-android
pip download -q --no-deps -d whl $stubs ${stubs}x-activity-activity ${stubs}x-appcompat-appcompat ${stubs}x-core-core \
  ${stubs}x-fragment-fragment ${stubs}x-webkit-webkit ${stubs}x-lifecycle-lifecycle-common \
  ${stubs}x-lifecycle-lifecycle-viewmodel ${stubs}x-savedstate-savedstate ${stubs}x-annotation-annotation-jvm
for wheel in whl/*.whl; do unzip -qo "$wheel" -d "pyi/$(basename "$wheel" .whl)"; done
python3 "$here/kotlin-stubs.py" android-stubs.jar pyi/*
cd debs
apt-get download -o APT::Sandbox::User=root libjackson2-databind-java libjackson2-core-java \
  libjackson2-annotations-java >/dev/null
for deb in *.deb; do dpkg -x "$deb" .; done
rm -f ./*.deb
touch "$kit/complete"
