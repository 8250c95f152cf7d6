#!/bin/bash
# Unpacks Debian trixie's Swift (2.2 GB) into $KIT/swift through an apt configuration of its own; the system's package
# lists and packages stay as they are.
set -euo pipefail
kit=$KIT/swift
mkdir -p "$kit"/{lists/partial,cache/archives/partial,etc,debs,root}
cd "$kit"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >etc/sources.list
cat >apt.conf <<CONF
Dir::Etc::sourcelist "$kit/etc/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$kit/lists";
Dir::Cache "$kit/cache";
APT::Sandbox::User "root";
CONF
export APT_CONFIG=$kit/apt.conf
apt-get update -qq
cd debs
apt-get download swiftlang libswiftlang libc6 libstdc++6 libgcc-s1 libedit2 libncurses6 libpython3.13 libsqlite3-0 \
  libtinfo6 libuuid1 libxml2 libzstd1 zlib1g libcurl4t64 libicu76 liblzma5 libbsd0 libmd0 libexpat1 >/dev/null
for deb in *.deb; do dpkg -x "$deb" ../root; done
rm -f ./*.deb
cd ..
cat >swift-frontend <<'SCRIPT'
#!/bin/sh
root=$(cd "$(dirname "$0")" && pwd)/root
libraries=$root/usr/lib/x86_64-linux-gnu
swift=$root/usr/libexec/swift/lib
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries:$swift:$swift/swift/linux:$swift/swift/host/compiler" \
  "$root/usr/libexec/swift/bin/swift-frontend" "$@"
SCRIPT
chmod +x swift-frontend
touch complete
