#!/bin/bash
# Makes a Windows of its own in $KIT/wine, for tests only; nothing is installed and no window opens.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kit=$KIT/wine
mkdir -p "$kit"
export WINEPREFIX=$kit/prefix WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
wine wineboot --init
wine winecfg -v win10
system=$WINEPREFIX/drive_c/windows/system32
if [ ! -e "$system/bcryptprimitives.dll" ]; then
  x86_64-w64-mingw32-gcc -O2 -shared -o "$system/bcryptprimitives.dll" "$here/wine/bcryptprimitives.c" -ladvapi32
fi
wineserver --wait
touch "$kit/complete"
